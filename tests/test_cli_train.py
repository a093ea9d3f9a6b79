"""The command `train`, from marked texts to a name that is masked, and what a person sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llm_guard_protecto.cli import app
from tests.test_cli import on_a_terminal
from tests.tuning.crew import as_file, crew

NIGHT = "please put dramitu-c22 on the night shift"


def test_from_marked_texts_to_a_name_that_is_found(outside: Any) -> None:
    texts = as_file(crew(40, seed=7)) + "%%\nmail ⟦EMAIL_ADDRESS:crew@example.com⟧ about it\n"
    (outside.home / "crew.txt").write_text(texts)
    (outside.home / "more.txt").write_text("%%\n".join(one.text + "\n" for one in crew(9, seed=8)))
    ran = outside.cli("train", "crew.txt", "--plain", "more.txt")
    assert (ran.returncode, ran.stderr) == (0, b"")
    shown = ran.stdout.decode()
    rows = [line.split("\t") for line in shown.splitlines() if "\t" in line]
    held = {row[1]: row[2:] for row in rows if row[0] == "your held-out texts (8)"}
    assert float(held["found"][1]) > float(held["found"][0])
    assert any(row[0] == "general check (60)" for row in rows)
    assert "learnt from 33 texts\nleft to the rules: EMAIL_ADDRESS 1\n" in shown

    [target] = (outside.home / "data").rglob("tagger.npz")
    assert f"export LLM_GUARD_TAGGER={target}\n" in shown
    after = outside.cli("find", "--vault", "memory:", NIGHT, LLM_GUARD_TAGGER=str(target))
    assert b"\t11\t22\tPERSON" in after.stdout
    masked = outside.cli("mask", "--vault", "memory:", NIGHT, LLM_GUARD_TAGGER=str(target))
    assert b"dramitu" not in masked.stdout


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crew.txt").write_text(as_file(crew(10, seed=7)))
    return CliRunner(env={"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")})


def test_json_is_for_programs(runner: CliRunner, tmp_path: Path) -> None:
    words = ["train", "crew.txt", "--to", "new.npz", "--epochs", "1", "--json", "--hold-out", "0"]
    result = runner.invoke(app, words)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert list(told) == [
        "weights",
        "left_to_rules",
        "taught",
        "own",
        "general",
        "general_changed",
    ]
    assert (told["weights"], told["taught"], told["own"]) == ("new.npz", 10, None)
    assert [figures["texts"] for figures in told["general"]] == [60, 60]
    assert (tmp_path / "new.npz").is_file()


def test_a_person_sees_a_bar_and_a_table(outside: Any) -> None:
    (outside.home / "crew.txt").write_text(as_file(crew(6, seed=7)))
    words = ("train", "crew.txt", "--to", "new.npz", "--epochs", "1")
    shown = on_a_terminal(outside, *words, TERM="xterm-256color", NO_COLOR="1")
    assert all(heading in shown for heading in ("measure", "before", "after"))
    assert all(len(line) <= 80 for line in shown.splitlines() if "general check" in line)
    bar = on_a_terminal(outside, *words, stream="stderr", TERM="xterm-256color")
    assert "epoch 1, loss 0." in bar


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.txt"], 1, "none.txt: No such file"),
        (["wrong.txt"], 1, "wrong.txt: text 1: a label 'NICKNAME'"),
        (["crew.txt", "--hold-out", "1"], 1, "below 1"),
        (["crew.txt", "--epochs", "0"], 2, "--epochs"),
        ([], 2, "FILE"),
    ],
)
def test_mistakes_are_told_in_one_line(
    runner: CliRunner, tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    (tmp_path / "wrong.txt").write_text("call ⟦NICKNAME:Bunny⟧\n")
    result = runner.invoke(app, ["train", *words])
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Bunny" not in result.stderr
    assert not (tmp_path / "data").exists()
