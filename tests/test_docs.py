"""The documentation is code under test: every snippet runs, every link leads somewhere."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn

import llm_guard_protecto
from llm_guard_protecto import errors
from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.policy import BUILT_IN, CustomEntity, EntityRule, Policy
from llm_guard_protecto.testing import FakeProvider
from llm_guard_protecto.wire.routes import ROUTES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("**/*.md"))]

# Languages that may stand at a fence. "" is for what a reader types once, such as an installation.
LANGUAGES = {"python", "sh", "toml", "json", ""}


class Block(NamedTuple):
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [Block(*fence) for fence in fences]


def with_blocks(language: str) -> list[Path]:
    return [page for page in PAGES if any(block.language == language for block in blocks(page))]


def script(page: Path, language: str) -> str:
    """All blocks of a page in one language, in order: a page is read from its top."""
    return "\n".join(block.text for block in blocks(page) if block.language == language)


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def provider() -> Iterator[tuple[FakeProvider, str]]:
    """A provider on a real loopback port, and its base URL."""
    app = FakeProvider()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", lifespan="off", ws="none", http="h11")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield app, f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("page", with_blocks("python"), ids=lambda page: page.stem)
def test_python_of_a_page_runs(
    page: Path, outside: Any, provider: tuple[FakeProvider, str]
) -> None:
    app, address = provider
    ran = outside.run(
        sys.executable,
        "-c",
        script(page, "python"),
        OPENAI_API_KEY="none",
        OPENAI_BASE_URL=address,
        ANTHROPIC_API_KEY="none",
        ANTHROPIC_BASE_URL=address.removesuffix("/v1"),
        LLM_GUARD_VAULT="docs.db",
    )
    assert ran.returncode == 0, ran.stderr.decode()
    for request in app.requests:
        for clear in (b"Sarah", b"Johnson", b"987-6543", b"1111 1111", b"11111111", b"example.com"):
            assert clear not in request.body
    if app.requests:
        assert b"Sarah Johnson" in ran.stdout


def test_the_readme_and_the_quickstart_call_a_provider(provider: tuple[FakeProvider, str]) -> None:
    """Guards the test above: these two pages must reach the provider that it looks at."""
    for name in ("README.md", "docs/quickstart.md"):
        assert "protect(OpenAI())" in script(ROOT / name, "python")


@pytest.mark.parametrize("page", with_blocks("sh"), ids=lambda page: page.stem)
def test_commands_of_a_page_run(page: Path, outside: Any) -> None:
    for block in blocks(page):
        named = re.match(r"# (\w+\.toml)\n", block.text)
        if block.language == "toml" and named:
            (outside.home / named[1]).write_text(block.text)
    ran = outside.run(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        f'llm-guard-protecto() {{ "{sys.executable}" -m llm_guard_protecto "$@"; }}\n'
        + script(page, "sh"),
        LLM_GUARD_VAULT="docs.db",
    )
    assert ran.returncode == 0, ran.stderr.decode()
    assert ran.stderr == b""
    assert ran.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_of_a_kind_we_check(page: Path) -> None:
    for language, text in blocks(page):
        assert language in LANGUAGES
        if language == "json":
            json.loads(text)
        if "llm-guard-protecto " in text and language == "":
            assert "pip install" in text or "uv run" in text
    assert page.read_text().count("```") == 2 * len(blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_internal_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)", prose(page)):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", prose(there), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", t).lower().replace(" ", "-") for t in titles}


def test_the_index_links_every_page() -> None:
    linked = set(re.findall(r"\]\((\w[\w-]*\.md)\)", (ROOT / "docs/index.md").read_text()))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {page for page in pages if not page.startswith("model-card")} <= linked


def rows(page: str, columns: int) -> set[tuple[str, ...]]:
    """The rows of the tables of a page, their first `columns` cells, code marks taken off."""
    lines = re.findall(r"^\| (.+) \|$", (ROOT / page).read_text(), re.MULTILINE)
    return {tuple(cell.strip("` ") for cell in line.split(" | ")[:columns]) for line in lines}


def test_the_errors_page_says_what_the_code_says() -> None:
    table = rows("docs/errors.md", 4)
    for name in errors.__all__:
        error = getattr(errors, name)
        assert (name, error.code, str(error.status_hint), str(error())) in table
    assert "also a `ValueError`" in (ROOT / "docs/errors.md").read_text()


def test_the_policies_page_lists_every_entity_and_policy() -> None:
    table = rows("docs/policies.md", 4)
    for entity in ENTITIES.values():
        assert (entity.name, entity.tag, entity.category, entity.description) in table
    assert {(name,) for name in BUILT_IN} <= rows("docs/policies.md", 1)


def test_the_policies_page_lists_every_setting() -> None:
    cells = " ".join(cell for (cell,) in rows("docs/policies.md", 1))
    for setting in {
        *Policy.model_fields,
        *EntityRule.model_fields,
        *CustomEntity.model_fields,
        "extends",
    }:
        assert setting in re.findall(r"\w+", cells), setting


def test_the_api_page_lists_every_public_name() -> None:
    listed = {row[0] for row in rows("docs/api.md", 1)} - {"Name"}
    assert listed == set(llm_guard_protecto.__all__)


def test_the_quickstart_lists_every_call_that_is_covered() -> None:
    text = (ROOT / "docs/quickstart.md").read_text().split("### What is covered")[1].split("##")[0]
    listed = re.findall(r"^\| `([A-Z]+)` \| `([^`]+)` \|", text, re.MULTILINE)
    assert listed == [(method, tail) for method, tail, _ in ROUTES]


def test_files_named_on_the_how_page_exist() -> None:
    named = re.findall(r"`((?:[a-z]+/)+[a-z_]+\.py)`", prose(ROOT / "docs/how-it-works.md"))
    assert len(named) > 5
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "llm_guard_protecto" / name).exists(), name


def test_the_layers_drawn_are_the_layers_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [checked] = [c["layers"] for c in contracts["contracts"] if c["type"] == "layers"]
    rows_checked = [re.sub(r"\s*\|?\s*\(\w+\)", "", row) for row in checked]
    drawn = [block.text.splitlines() for block in blocks(ROOT / "docs/how-it-works.md")]
    assert [row for row in rows_checked if row] in drawn


def test_the_readme_keeps_its_promises() -> None:
    text = (ROOT / "README.md").read_text()
    [code] = [block.text for block in blocks(ROOT / "README.md") if block.language == "python"]
    assert len(code.splitlines()) <= 10
    assert "pip install . && llm-guard-protecto demo" in text
    assert "pip install -e '.[dev]' && pytest" in text
    for question in ("tokenise.py", "patterns.py", "routes.py"):
        assert question in text


def test_the_changelog_knows_this_version_or_has_unreleased_changes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{llm_guard_protecto.__version__}]" in text or "## [Unreleased]" in text
