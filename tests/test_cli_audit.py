"""`audit list` and `audit verify`: for people, for pipes and for programs."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest
from typer.testing import CliRunner, Result

from llm_guard_protecto import LocalVault
from llm_guard_protecto.cli import app
from llm_guard_protecto.engine.acting import acting
from tests.clients.leaks import leaked
from tests.sweep import CANARIES
from tests.test_cli import on_a_terminal

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}


class Place:
    """A vault in which two people had something turned back, and its checkpoints."""

    def __init__(self, folder: Path) -> None:
        self.path, self.sink = folder / "vault.db", folder / "elsewhere" / "checkpoints"
        self.environ = {
            **KEY,
            "LLM_GUARD_VAULT": str(self.path),
            "LLM_GUARD_AUDIT_CHECKPOINTS": str(self.sink),
        }
        with LocalVault(environ=self.environ) as vault:
            self.tokens = [
                vault.mask([text])[0].token_value for text in ("Sarah Johnson", "Øystein Brandvold")
            ]
            for who, token in zip(("ada", "bo"), self.tokens, strict=True):
                with acting(who, "0123456789ab", "/unmask"):
                    vault.unmask([f"Ask {token}"])
            vault.put_policy(vault.policy("strict"))

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["audit", *words], env=self.environ)

    def listed(self, *words: str) -> list[dict[str, Any]]:
        ran = self.run("list", "--json", *words)
        assert ran.exit_code == 0, ran.output
        return list(json.loads(ran.stdout))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_audit_is_listed_for_programs(place: Place) -> None:
    rows = place.listed()
    assert [(one["who"], one["what"], one["outcome"]) for one in rows[:2]] == [
        ("ada", "unmask", "success"),
        ("bo", "unmask", "success"),
    ]
    assert [(one["what"], one["outcome"]) for one in rows[2:]] == [
        ("policy set", "begun"),
        ("policy set", "success"),
    ]
    assert rows[0]["facts"] == {
        "items": 1,
        "restored": 1,
        "unknown": 0,
        "entities": {"PERSON": 1},
    }
    assert (rows[0]["via"], rows[0]["token"], rows[0]["number"]) == ("/unmask", "0123456789ab", 1)
    assert len(rows[0]["hashes"]) == 2
    assert leaked(json.dumps(rows).encode(), CANARIES) == []


def test_it_is_narrowed_by_user_time_token_and_number(place: Place) -> None:
    assert [one["number"] for one in place.listed("--who", "bo")] == [2]
    assert [one["who"] for one in place.listed("--token", place.tokens[0])] == ["ada"]
    bare = place.tokens[1].removeprefix("<PER>").removesuffix("</PER>")
    assert [one["who"] for one in place.listed("--token", bare)] == ["bo"]
    assert place.listed("--token", "<PER>zz3kk</PER>") == []
    assert [one["number"] for one in place.listed("--last", "1")] == [4]
    assert len(place.listed("--since", "2020-01-01")) == 4
    assert place.listed("--until", "2020-01-01 12:00:00") == []


def test_it_is_listed_in_lines_when_piped_and_as_a_table_for_a_person(
    place: Place, outside: Any
) -> None:
    lines = place.run("list").stdout.splitlines()
    assert len(lines) == 4
    number, _, who, what, policy, outcome, details = lines[0].split("\t")
    assert (number, who, what, policy, outcome) == ("1", "ada", "unmask", "default", "success")
    assert details == "entities PERSON=1, items 1, restored 1"
    shown = on_a_terminal(outside, "audit", "list", TERM="xterm", COLUMNS="200", **place.environ)
    for word in ("number", "outcome", "ada", "PERSON=1"):
        assert word in shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("list", "--since", "yesterday"), 2),
        (("list", "--token", "</>"), 2),
        (("list", "--namespace", "nowhere"), 1),
        (("verify", "--checkpoints", "nowhere"), 1),
    ],
)
def test_what_cannot_be_answered(place: Place, words: tuple[str, ...], code: int) -> None:
    assert place.run(*words).exit_code == code


def test_a_whole_audit_is_verified(place: Place) -> None:
    ran = place.run("verify")
    assert ran.exit_code == 0
    assert ran.stdout == "default\t4 entries\t1 checkpoints\twhole\n"
    [said] = json.loads(place.run("verify", "--json").stdout)
    assert said == {
        "namespace": "default",
        "entries": 4,
        "base": 0,
        "number": 4,
        "checkpoints": 1,
        "problems": [],
        "good": True,
    }


def test_a_changed_audit_is_told_and_fails(place: Place) -> None:
    with closing(apsw.Connection(str(place.path))) as db:
        db.execute("DELETE FROM audit WHERE number = 2")
    ran = place.run("verify")
    assert ran.exit_code == 1
    assert "1 problems" in ran.stdout
    assert "  entry 2 is missing\n" in ran.stdout
    ran = place.run("verify", "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)[0]["good"] is False


def test_without_checkpoints_it_says_so(place: Place) -> None:
    del place.environ["LLM_GUARD_AUDIT_CHECKPOINTS"]
    assert "no checkpoints given" in place.run("verify").stdout
