"""No cell of the matrix is empty: every place is masked and restored, refused, or listed as sent."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.openai_files import FILES
from llm_guard_protecto.wire.routes import ROUTES
from tests.clients.bench import whole
from tests.clients.openai2 import ROOT, NoOldSdk, openai2_python
from tests.matrix import run
from tests.matrix.bodies import CANARY
from tests.matrix.calls import NOT_CALLS, call, client, methods
from tests.matrix.endpoints import ENDPOINTS, Endpoint
from tests.matrix.page import PAGE, field_of, page
from tests.matrix.run import RESTORED, SENT, Cell
from tests.wireserver import WireServer

NEWEST = {"openai 3 over httpx2": "openai", "anthropic 2 over httpx2": "anthropic"}
WAYS = [
    pytest.param(name, *way, id=f"{name}: {way[0].name}, {way[1]}, {way[2]}")
    for name, sdk in NEWEST.items()
    for way in run.ways(sdk)
]

# What a table skips, by the name of its field: each is the provider's own or for somebody else.
OPAQUE = {
    "authorization",
    "authorization_token",
    "data",
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "headers",
    "headers (a name in it)",
    "server_url",
    "signature",
    "value",
}
"""Must come back byte for byte, or is a credential."""


@pytest.fixture(scope="module", autouse=True)
def older() -> Iterator[Any]:
    """The same with the older SDK: it runs beside the newest, in a process of its own."""
    try:
        python = openai2_python()
    except NoOldSdk as why:
        if os.environ.get("CI"):
            pytest.fail(str(why))
        yield str(why)
        return
    running = subprocess.Popen(
        [python, "-m", "tests.matrix.run", "openai", "httpx"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield running
    if running.poll() is None:
        running.kill()
    running.communicate()


@cache
def ran(endpoint: Endpoint, mode: str, kind: str) -> list[Cell]:
    return run.cells(endpoint, mode, kind, "httpx2")


def wrong(cells: list[Cell]) -> list[Cell]:
    return [one for one in cells if not one.verdict.startswith((RESTORED, SENT, "refused: "))]


@pytest.mark.parametrize(("name", "endpoint", "mode", "kind"), WAYS)
def test_every_place(name: str, endpoint: Endpoint, mode: str, kind: str) -> None:
    del name
    found = ran(endpoint, mode, kind)
    assert wrong(found) == []
    assert sum(one.verdict == RESTORED for one in found) >= 2


def test_every_way_gives_the_same() -> None:
    verdicts: dict[tuple[str, str], set[str]] = {}
    for name in NEWEST:
        for one in newest(name):
            verdicts.setdefault((one.endpoint, one.location), set()).add(one.verdict)
    assert {at: found for at, found in verdicts.items() if len(found) > 1} == {}


def newest(name: str) -> list[Cell]:
    return [cell for way in run.ways(NEWEST[name]) for cell in ran(*way)]


def test_only_what_is_listed_is_sent_as_it_is() -> None:
    sent = {cell.location for name in NEWEST for cell in newest(name) if cell.verdict == SENT}
    inside_schemas = {at for at in sent if "schema" in at or "parameters" in at}
    assert {field_of(at) for at in sent - inside_schemas} == OPAQUE


def test_the_older_sdk(older: Any) -> None:
    if isinstance(older, str):
        pytest.skip(older)
    out, errors = older.communicate(timeout=300)
    assert older.returncode == 0, errors[-3000:]
    report = json.loads(out)
    assert report["version"].startswith("2.")
    found = [Cell(**cell) for cell in report["cells"]]
    assert wrong(found) == []
    known = {(c.endpoint, c.location): c.verdict for c in newest("openai 3 over httpx2")}
    both = [one for one in found if (one.endpoint, one.location) in known]
    assert [c for c in both if c.verdict != known[c.endpoint, c.location]] == []
    assert {c.endpoint for c in found} == {e.name for e in ENDPOINTS if e.client == "OpenAI"}
    assert len(both) > 2000


def test_every_route_with_a_body_is_in_the_matrix() -> None:
    bodies = {
        tail
        for method, tail, format_ in ROUTES
        if method == "POST" and not isinstance(format_, Bodiless) and format_ is not FILES
    }
    assert bodies == {endpoint.tail for endpoint in ENDPOINTS}


@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_no_method_of_an_sdk_sends_what_it_is_given(sdk: str) -> None:
    """Each is called with a canary in every argument that it insists on."""
    leaked, refused = [], []
    with WireServer(lambda request: whole({})) as server:
        caller = client(sdk, server.url)
        for way in methods(caller):
            if way.rpartition(".")[2] not in NOT_CALLS:
                made = call(caller, server, way, CANARY)
                refused += [way] if made.refused else []
                leaked += [way] if b"anary" in made.raw else []
        caller.close()
    assert leaked == []
    assert len(refused) > (150 if sdk == "openai" else 10)


def test_the_page_says_what_ran() -> None:
    assert PAGE.read_text() == page({name: newest(name) for name in NEWEST})
