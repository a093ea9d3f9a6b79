"""A newcomer follows each page: what it says to install, in a fresh environment, then its blocks.

The default run executes the same blocks where everything is installed; here nothing is but what the
page asks for: `pytest -m slow tests/test_newcomer.py`. Needs a package index.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from llm_guard_protecto.testing import FakeProvider
from tests.test_chatbot_web import chatbot
from tests.test_docs import PAGES, ROOT, blocks, provider, script

__all__ = ["provider"]

pytestmark = pytest.mark.slow

TO_RUN = [page for page in PAGES if {"python", "sh"} & {block.language for block in blocks(page)}]
OURS = re.compile(r"(?:llm-guard-protecto|\.)(\[[\w,]+\])?")

Install = Callable[[tuple[str, ...]], Path]


def asked_for(page: Path) -> tuple[str, ...]:
    """What a page says to install, our own package from this checkout."""
    words = {str(ROOT)}
    for line in re.findall(r"(?:^|`)pip install ([^&\n`]+)", page.read_text(), re.MULTILINE):
        given = shlex.split(line)
        if not any(one.startswith("-") for one in given):  # those are for who works on it
            words |= {OURS.sub(rf"{ROOT}\1", one) if OURS.fullmatch(one) else one for one in given}
    return tuple(sorted(words))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Makes a fresh environment with these packages; the folder of its programs."""
    made: dict[tuple[str, ...], Path] = {}

    def install(words: tuple[str, ...]) -> Path:
        if words not in made:
            folder = tmp_path_factory.mktemp("venv")
            venv.create(folder, with_pip=True)
            programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
            subprocess.run([programs / "python", "-m", "pip", "install", "-q", *words], check=True)
            made[words] = programs
        return made[words]

    return install


def fresh(outside: Any, programs: Path) -> dict[str, str]:
    """The newcomer's settings: this environment's programs, and no way to this checkout's code."""
    path, _ = outside.environ["PYTHONPATH"].split(os.pathsep)
    return {
        "PYTHONPATH": path,
        "PATH": f"{programs}{os.pathsep}{outside.environ['PATH']}",
        "LLM_GUARD_VAULT": "docs.db",
    }


@pytest.mark.parametrize("page", TO_RUN, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(
    page: Path, outside: Any, installed: Install, provider: tuple[FakeProvider, str]
) -> None:
    _, address = provider
    environ = fresh(outside, installed(asked_for(page))) | {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": address,
        "ANTHROPIC_API_KEY": "none",
        "ANTHROPIC_BASE_URL": address.removesuffix("/v1"),
    }
    for block in blocks(page):
        if block.language == "toml" and (named := re.match(r"# (\w+\.toml)\n", block.text)):
            (outside.home / named[1]).write_text(block.text)
    for command in (
        ["bash", "-euo", "pipefail", "-c", script(page, "sh")],
        ["python", "-c", script(page, "python")],
    ):
        ran = outside.run(*command, **environ)
        assert ran.returncode == 0, ran.stderr.decode()


def test_the_chatbot_starts(outside: Any, installed: Install) -> None:
    programs = installed(asked_for(ROOT / "docs" / "chatbot.md"))
    with chatbot(outside, programs / "python", **fresh(outside, programs)) as client:
        assert "<h1>Chat</h1>" in client.get("/").text


def test_the_console_is_in_the_package(outside: Any, installed: Install) -> None:
    programs = installed(asked_for(ROOT / "docs" / "server.md"))
    process = subprocess.Popen(
        [programs / "llm-guard-protecto", "serve", "--port", "0", "--console"],
        cwd=outside.home,
        env={**outside.environ, **fresh(outside, programs)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = [process.stdout.readline() for _ in range(2)]
        address = re.search(r"http://\S+/console/", said[1])
        assert address, said
        page = httpx.get(address[0], timeout=60).text
        for name in re.findall(r'(?:src|href)="([\w.]+)"', page):
            assert httpx.get(address[0] + name).status_code == 200
    finally:
        process.kill()
        process.communicate(timeout=30)
