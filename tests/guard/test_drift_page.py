"""`docs/bent-tokens.md` names every form, and no other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.guard.drift import FORMS

PAGE = (Path(__file__).parents[2] / "docs/bent-tokens.md").read_text()
GROUPS = Counter(str(form.group) for form in FORMS)


@pytest.mark.parametrize("group", GROUPS)
def test_the_page_lists_the_forms(group: str) -> None:
    [row] = re.findall(rf"^\* \*\*{group}\*\*: (.+)\.$", PAGE, re.MULTILINE)
    assert row.split("; ") == [form.name for form in FORMS if form.group == group]
    assert f"| {group} | {GROUPS[group]} |" in PAGE


def test_it_counts_them() -> None:
    assert f"| all | {len(FORMS)} |" in PAGE
