"""The page on frameworks shows lines of programs that run: the examples and the checks."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_line_that_the_page_shows_is_one_that_runs() -> None:
    page = (ROOT / "docs/frameworks.md").read_text()
    page = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    shown = [line.strip() for line in re.findall(r"^    (.+)$", page, re.MULTILINE)]
    folders = ("examples/frameworks", "tests/integrations/frameworks")
    programs = [file.read_text() for folder in folders for file in (ROOT / folder).glob("*.py")]
    run = {line.strip() for program in programs for line in program.splitlines()}
    assert len(shown) > 10
    assert [line for line in shown if line not in run] == []


def test_the_page_names_every_example_and_the_versions_that_were_tried() -> None:
    page = (ROOT / "docs/frameworks.md").read_text()
    for example in (ROOT / "examples/frameworks").glob("*.py"):
        assert example.name in page
    pins = (ROOT / "tests/integrations/test_frameworks.py").read_text()
    for name, version in re.findall(r'"([\w-]+)(?:\[\w+\])?==([\d.]+)"', pins):
        if name in ("langchain", "langchain-openai", "llama-index-core", "litellm", "instructor"):
            assert f"{name} {version}" in page
