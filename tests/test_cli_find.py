"""`find --explain` and `find --html`: what is said of each find."""

from __future__ import annotations

import json
import stat
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llm_guard_protecto.cli import app
from llm_guard_protecto.cli.page import page
from llm_guard_protecto.engine.explain import Explained
from llm_guard_protecto.models import Span

TEXT = "Sarah Johnson, Case 12345, W12 <b>&amp; https://www.example.com/x"
POLICY = """
allow = ["W99"]
[custom.CASE_NO]
patterns = ["[0-9]{5}"]
near = ["case"]
score = 0.3
[custom.WARD]
patterns = ["W[0-9]{2}"]
score = 0.6
[entities.WARD]
threshold = 0.9
[entities.URL]
action = "exclude"
"""


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(POLICY)
    return CliRunner(env={"HOME": str(tmp_path), "LLM_GUARD_VAULT": "memory:"})


def run(runner: CliRunner, *words: str, code: int = 0) -> str:
    result = runner.invoke(app, ["find", "--policy", "mine.toml", *words])
    assert result.exit_code == code, result.output
    return result.stdout


def test_json_says_why(runner: CliRunner) -> None:
    [said] = json.loads(run(runner, "--explain", "--json", TEXT))
    outcomes = {one["entity"]: (one["outcome"], one["words"], one["threshold"]) for one in said}
    assert outcomes["PERSON"] == ("masked", [], 0.5)
    assert outcomes["CASE_NO"] == ("masked", ["case"], 0.5)
    assert outcomes["WARD"] == ("below threshold", [], 0.9)
    assert outcomes["URL"][0] == "excluded"
    assert {one["rule"] for one in said} >= {"tagger", "custom.CASE_NO.patterns.0"}


def test_piped_it_is_a_line_for_each_find_and_shows_no_value(runner: CliRunner) -> None:
    lines = run(runner, "--explain", TEXT).splitlines()
    assert "1\t20\t25\tCASE_NO\t1.0\tcustom.CASE_NO.patterns.0\tmasked\t0.5\tcase" in lines
    assert all(line.count("\t") == 8 for line in lines)
    assert "Sarah" not in "".join(lines)


def test_a_terminal_gets_a_table(outside: Any) -> None:
    (outside.home / "mine.toml").write_text(POLICY)
    code = (
        "import sys, llm_guard_protecto.cli.texts as t\n"
        "t.on_a_terminal = lambda: True\n"
        "from llm_guard_protecto.cli import main\nmain()"
    )
    ran = outside.run(
        sys.executable,
        *("-c", code, "find", "--explain", "--policy", "./mine.toml", TEXT),
        LLM_GUARD_VAULT="memory:",
        COLUMNS="120",
    )
    shown = ran.stdout.decode()
    assert ran.returncode == 0, ran.stderr.decode()
    assert "custom.CASE_NO.patterns.0 near case" in shown
    assert "0.600 < 0.9" in shown
    assert "below threshold" in shown


class Reader(HTMLParser):
    """What a browser makes of a page: its text, its marks, and whatever it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.marks: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [name for name in ("src", "href", "data") if name in given]
        self.open.append(tag)
        if tag == "mark":
            self.marks.append((given["class"] or "", given["title"] or ""))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "pre" in self.open and "small" not in self.open:
            self.shown.append(data)


def test_the_page_shows_the_text_and_loads_nothing(runner: CliRunner, tmp_path: Path) -> None:
    assert run(runner, "--html", "page.html", TEXT, "second") == ""
    made = tmp_path / "page.html"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    reader = Reader(made.read_text())
    assert "".join(reader.shown) == f"{TEXT}second"
    assert reader.loads == []
    assert ("person", "PERSON, masked, score 1.00, rule tagger") in reader.marks
    assert [kind for kind, title in reader.marks if title.startswith("URL")] == ["left"]
    assert not any(title.startswith("WARD") for _, title in reader.marks)
    assert "below threshold" in made.read_text()
    assert run(runner, "--html", "-", TEXT, "second") == made.read_text()


HOSTILE = "<script>alert(1)</script>\" onmouseover='x' \x00\x1b[31m\ud800 </pre>"


def test_nothing_in_a_text_is_markup() -> None:
    said = [Explained(Span(0, len(HOSTILE), '"><i>', 1.0, "<u>'\""), "masked", 0.5, ("<s>",))]
    made = page([HOSTILE], [said])
    reader = Reader(made)
    assert "".join(reader.shown) == HOSTILE.replace("\x00", "\u2400").replace("\x1b", "\u241b")
    for tag in ("<script", "<i>", "<u>", "<s>", "\x00", "\x1b"):
        assert tag not in made
    assert reader.marks == [("own", '"><i>, masked, score 1.00, rule <u>\'"')]


def test_a_page_with_nothing_found_says_so() -> None:
    assert "Nothing found." in page(["text"], [[]])


def test_html_and_json_do_not_go_together(runner: CliRunner) -> None:
    result = runner.invoke(app, ["find", "--html", "-", "--json", "text"])
    assert result.exit_code == 2


def test_check_names_a_pattern_that_cannot_run(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[custom.CASE_NO]\npatterns = ["ok", "(?=a)b"]\n')
    result = runner.invoke(app, ["policy", "check", "bad.toml"])
    assert result.exit_code == 1
    assert "policy 'bad' cannot work: custom.CASE_NO.patterns.1: " in result.stderr
