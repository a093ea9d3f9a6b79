"""`mask-file` and `unmask-file`, as a person and as a program meet them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llm_guard_protecto.cli import app
from tests.test_cli import on_a_terminal

PEOPLE = 'id,name,note\n1,Ada Moss,"call (555) 987-6543, now"\n2,Imogen Hartley,nothing\n'


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE)
    return CliRunner(env={"HOME": str(tmp_path), "LLM_GUARD_VAULT": "vault.db"})


def test_there_and_back(runner: CliRunner, tmp_path: Path) -> None:
    token = ["--columns", "note", "--token", "name=Person Token:Person Name"]
    result = runner.invoke(app, ["mask-file", "people.csv", "masked.csv", *token, "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert told.pop("seconds") > 0
    assert told == {
        "target": "masked.csv",
        "rows": 2,
        "resumed": 0,
        "cells": 4,
        "changed": 3,
        "entities": {"Person Token": 2, "PHONE_NUMBER": 1},
        "processes": 1,
    }
    assert "Ada Moss" not in (tmp_path / "masked.csv").read_text()
    result = runner.invoke(app, ["unmask-file", "masked.csv", "back.csv", *token])
    assert result.stdout.startswith("rows\t2\ncells turned back\t3 of 4\nseconds\t")
    assert (tmp_path / "back.csv").read_text() == PEOPLE


def test_a_person_sees_a_bar_and_a_table(outside: Any) -> None:
    (outside.home / "people.csv").write_text(PEOPLE)
    words = ("mask-file", "people.csv", "one.csv", "--vault", "v.db")
    bar = on_a_terminal(outside, *words, stream="stderr", TERM="xterm-256color")
    assert "people.csv" in bar
    assert "2 rows" in bar
    words = ("mask-file", "people.csv", "two.csv", "--vault", "v.db")
    table = on_a_terminal(outside, *words, TERM="xterm-256color", NO_COLOR="1")
    assert "cells masked" in table
    assert "PHONE_NUMBER" in table


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.csv", "out.csv"], 1, "none.csv: No such file"),
        (["people.csv", "people.csv"], 1, "people.csv is there already; remove it"),
        (["people.csv", "out.csv", "--columns", "nam"], 1, "no column 'nam'; did you mean 'name'"),
        (["people.csv", "out.csv", "--columns", "name,"], 2, "names with commas between them"),
        (["people.csv", "out.csv", "--token", "name"], 2, "write COLUMN=TYPE"),
        (["people.csv", "out.csv", "--token", "name=Nick"], 1, "token_name not defined"),
        (["people.csv", "out.csv", "--format", "xlsx"], 2, "--format"),
        (["people.csv", "out.csv", "--processes", "0"], 2, "--processes"),
        (["wide.csv", "out.csv"], 1, "wide.csv, line 2: has 3 fields, and line 1 has 2"),
        (["people.dat", "out.dat"], 1, "the kind of file is not known by its name"),
        (
            ["people.csv", "out.csv", "--vault", "https://vault.example"],
            1,
            "needs the vault itself",
        ),
    ],
)
def test_mistakes_are_told_in_one_line(
    runner: CliRunner, tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    (tmp_path / "wide.csv").write_text("id,name\n1,Hartley,Ada\n")
    (tmp_path / "people.dat").write_text(PEOPLE)
    result = runner.invoke(app, ["mask-file", *words])
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Hartley" not in result.stderr
    assert (tmp_path / "people.csv").read_text() == PEOPLE
    assert not (tmp_path / "out.csv").exists()
