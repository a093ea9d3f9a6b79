"""The README claims what the bench measures: the same rows, in the same order, with their goals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.bench.claims import CLAIMS, HEADING, PARTS, Claim, Row, main, table
from tests.bench.detection_report import Scope
from tests.bench.quality import negatives

README = Path(__file__).parents[2] / "README.md"


def readme_rows() -> list[list[str]]:
    """The table of the section "Measured": heading first, the line under it left out."""
    section = README.read_text(encoding="utf-8").split("\n## Measured\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if "---" not in line]


def test_no_claim_stands_twice() -> None:
    names = [(claim.name, claim.on) for claim in CLAIMS]
    assert len(names) == len(set(names))


def test_the_readme_has_these_rows_and_no_others() -> None:
    heading, *rows = readme_rows()
    assert heading == list(HEADING)
    assert [(row[0], row[1], row[3]) for row in rows] == [(c.name, c.on, c.goal) for c in CLAIMS]


def test_every_row_of_the_readme_has_a_figure_of_its_form() -> None:
    for claim, row in zip(CLAIMS, readme_rows()[1:], strict=True):
        before, after = re.fullmatch(r"(.*)\{:\.\df\}(.*)", claim.form).groups()  # type: ignore[union-attr]
        form = re.compile(rf"{re.escape(before)}[\d,]+(\.\d+)?{re.escape(after)}")
        assert form.fullmatch(row[2]), row
        assert row[4] == "" or form.fullmatch(row[4]), row


def test_the_readme_names_the_command() -> None:
    assert "python -m tests.bench.claims" in README.read_text(encoding="utf-8")


def test_a_part_is_measured_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--part", "tagger"])
    heading, line, row = capsys.readouterr().out.splitlines()
    assert heading == "| claim | on | measured | goal | Presidio |"
    assert line == "|---|---|---|---|---|"
    assert re.fullmatch(r"\| tagger \| 100 words \| \d+\.\d\d ms \| \| \|", row)
    main(["--part", "tagger", "--json"])
    [told] = json.loads(capsys.readouterr().out)
    assert list(told) == [*HEADING, "figure", "Presidio figure"]
    assert told["figure"] > 0
    assert told["Presidio figure"] is None


def test_without_labelled_text_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LGP_DETECTION_DATA", str(tmp_path))
    main(["--quick", "--part", "development set", "--part", "held-back tenths"])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == 6
    assert all("| not measured |" in row for row in rows)


def test_hard_negatives_are_a_share() -> None:
    [(ours, theirs)] = negatives(Scope(engines=("ours",), every=20))
    assert ours is not None
    assert 0 <= ours <= 1
    assert theirs is None


def test_rows_are_markdown() -> None:
    row = Row(Claim("speed", "a text", "{:.1f} MB/s", ">= 1"), 2.04, None)
    assert table([row])[2] == "| speed | a text | 2.0 MB/s | >= 1 | |"
    assert set(PARTS) >= {"rules", "toxicity", "own prompts"}
