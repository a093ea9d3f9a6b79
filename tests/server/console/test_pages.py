"""The files of the page: what is served, with which headers, and that they need nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import httpx
import pytest

from llm_guard_protecto.server.app import build
from llm_guard_protecto.server.console.pages import HEADERS
from tests.server.desk import opened

STATIC = files("llm_guard_protecto.server.console") / "static"
FILES = {file.name: file.read_text() for file in STATIC.iterdir()}
SCRIPTS = sorted(name for name in FILES if name.endswith(".js"))
HTML = FILES["index.html"]
VOID = {"input", "link", "meta"}


class Elements(HTMLParser):
    """Every element of a page, and the ids of the forms' controls that a label names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def values(self, name: str) -> list[str]:
        return [said for _, attributes in self.found if (said := attributes.get(name))]


ELEMENTS = Elements(HTML)


def asked(app: Any, method: str, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def app() -> Iterator[Any]:
    with opened(console=True) as desk:
        yield build(desk.service)


def test_there_is_no_page_unless_it_was_asked_for() -> None:
    with opened() as desk:
        for path in ("/console", "/console/", "/console/app.js", "/console/chat/v1/models"):
            assert asked(build(desk.service), "GET", path).status_code == 404


@pytest.mark.parametrize("name", ["", *FILES])
def test_every_file_is_served_as_what_it_is(app: Any, name: str) -> None:
    got = asked(app, "GET", f"/console/{name}")
    assert got.status_code == 200
    assert got.text == FILES[name or "index.html"]
    kinds = {"": "text/html", "html": "text/html", "js": "text/javascript", "css": "text/css"}
    kind = kinds.get(name.rpartition(".")[2], "image/svg+xml")
    assert got.headers["content-type"].split(";")[0] == kind
    head = asked(app, "HEAD", f"/console/{name}")
    assert (head.status_code, head.content) == (200, b"")
    assert (
        asked(app, "GET", f"/console/{name}", **{"if-none-match": got.headers["etag"]}).status_code
        == 304
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console", 308),
        ("GET", "/console/", 200),
        ("GET", "/console/nothing.js", 404),
        ("GET", "/console/%2e%2e/pages.py", 404),
        ("GET", "/console/static/app.js", 404),
        ("POST", "/console/", 405),
        ("PUT", "/console/app.js", 405),
        ("GET", "/console/chat/v1/models", 404),
    ],
)
def test_every_answer_has_the_headers(app: Any, method: str, path: str, status: int) -> None:
    got = asked(app, method, path)
    assert got.status_code == status
    for name, value in HEADERS.items():
        assert got.headers[name] == value
    assert "set-cookie" not in got.headers


def test_the_redirect_stays_on_whatever_host_and_prefix(app: Any) -> None:
    assert asked(app, "GET", "/console").headers["location"] == "console/"


def test_a_browser_may_load_send_and_be_framed_nowhere_else() -> None:
    said = HEADERS["content-security-policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'"} <= set(said)
    assert {"frame-ancestors 'none'", "require-trusted-types-for 'script'"} <= set(said)
    for one in said:
        assert "unsafe" not in one
        assert "*" not in one
        assert "http" not in one
        assert "data:" not in one


def test_the_page_loads_its_own_files_only() -> None:
    linked = [*ELEMENTS.values("href"), *ELEMENTS.values("src")]
    assert {one for one in linked if not one.startswith("#")} <= set(FILES)
    for name in SCRIPTS:
        for found in re.findall(r'^import .*"([^"]+)";$', FILES[name], re.MULTILINE):
            assert found.removeprefix("./") in FILES
    for name, text in FILES.items():
        foreign = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", text)
        assert set(foreign) <= {"http://www.w3.org/2000/svg"}, name
        assert "@import" not in text
        assert "url(" not in text


def test_no_script_and_no_style_stands_in_the_page() -> None:
    for tag, attributes in ELEMENTS.found:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        for name in attributes:
            assert name != "style"
            assert not name.startswith("on")


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_markup_or_code_out_of_text(name: str) -> None:
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert word not in FILES[name]
    assert "console." not in FILES[name]
    assert "localStorage" not in FILES[name]
    assert "cookie" not in FILES[name]


def test_what_the_scripts_look_for_is_in_the_page() -> None:
    ids = ELEMENTS.values("id")
    assert len(set(ids)) == len(ids)
    for name in SCRIPTS:
        assert set(re.findall(r'byId\("([^"]+)"\)', FILES[name])) <= set(ids), name


def test_every_control_has_a_name() -> None:
    labelled = set(ELEMENTS.values("for"))
    boxes = set(re.findall(r'<label class="check"><input id="([\w-]+)"', HTML))
    for tag, attributes in ELEMENTS.found:
        if tag in ("input", "select", "textarea"):
            assert attributes["id"] in labelled | boxes
    assert labelled <= set(ELEMENTS.values("id"))
