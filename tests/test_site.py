"""The documentation as a site: it builds without a warning, and every link in it leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
DOCS = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


class Page(HTMLParser):
    """One page of the site: its ids, where it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.ids.update(filter(None, (said.get("id"), said.get("name"))))
        if tag == "a":
            self.links.append(said.get("href") or "")
        elif tag == "link":
            self.loads.append(said.get("href") or "")
        elif src := said.get("src"):
            self.loads.append(src)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path.resolve(): Page(path) for path in site.glob("**/index.html")}


def target(page: Path, link: str) -> tuple[Path, str]:
    """The file and the anchor that a link of a page leads to."""
    parts = urlsplit(link)
    there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return (there / "index.html" if there.is_dir() else there), parts.fragment


def inside(page: Page) -> list[str]:
    return [link for link in page.links if not re.match(r"[a-z]+:", link)]


def test_every_page_of_the_folder_is_a_page_of_the_site(site: Path) -> None:
    for name in DOCS:
        assert (site / ("" if name == "index" else name) / "index.html").exists()


def test_every_link_leads_somewhere(pages: dict[Path, Page]) -> None:
    checked = 0
    for path, page in pages.items():
        for link in inside(page):
            there, anchor = target(path, link)
            assert there.exists(), (path, link)
            if anchor and there in pages:
                assert unquote(anchor) in pages[there].ids, (path, link)
            checked += 1
    assert checked > 1000


def test_every_page_can_be_reached_from_the_first(site: Path, pages: dict[Path, Page]) -> None:
    start = (site / "index.html").resolve()
    seen, waiting = {start}, [start]
    while waiting:
        path = waiting.pop()
        for link in inside(pages[path]):
            there, _ = target(path, link)
            if there in pages and there not in seen:
                seen.add(there)
                waiting.append(there)
    assert seen == set(pages)


def test_the_navigation_of_every_page_has_every_page(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        linked = {target(path, link)[0] for link in inside(page)}
        assert set(pages) <= linked, path


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for address in page.loads:
            assert not re.match(r"(?:[a-z]+:)?//", address), (path, address)
            assert target(path, address)[0].exists(), (path, address)


def test_the_claims_stand_on_the_site(site: Path) -> None:
    text = (site / "claims" / "index.html").read_text(encoding="utf-8")
    assert "python -m tests.bench.claims" in text
    assert text.count("<tr>") > 30
