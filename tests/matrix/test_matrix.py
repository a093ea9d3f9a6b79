"""No cell of the matrix is empty: every place is masked and restored, refused, or listed as sent."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from llm_guard_protecto.wire.routes import ROUTES
from tests.clients.bench import now, whole
from tests.clients.openai2 import ROOT, NoOldSdk, openai2_python
from tests.matrix import run
from tests.matrix.bodies import CANARY
from tests.matrix.calls import NOT_CALLS, call, client, methods
from tests.matrix.endpoints import ENDPOINTS, Endpoint
from tests.matrix.page import PAGE, field_of, page
from tests.matrix.readings import READINGS, Reading
from tests.matrix.run import RESTORED, SENT, Cell
from tests.matrix.run_readings import NO_TEXT, WITHOUT_A_BODY, reading_cells, reading_ways
from tests.matrix.uploads import Upload
from tests.wireserver import WireServer

NEWEST = {"openai 3 over httpx2": "openai", "anthropic 2 over httpx2": "anthropic"}
WAYS = [
    pytest.param(name, *way, id=f"{name}: {way[0].name}, {way[1]}, {way[2]}")
    for name, sdk in NEWEST.items()
    for way in run.ways(sdk)
]

READINGS_OF = [
    pytest.param(*way, id=f"{number}: {way[0].name}, {way[1]}, {way[2]}")
    for sdk in NEWEST.values()
    for number, way in enumerate(reading_ways(sdk))
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


@cache
def read(one: Reading | Upload, mode: str, kind: str) -> list[Cell]:
    return reading_cells(one, mode, kind, "httpx2")


def wrong(cells: list[Cell]) -> list[Cell]:
    known = (RESTORED, SENT, NO_TEXT, "refused: ")
    return [one for one in cells if not one.verdict.startswith(known)]


@pytest.mark.parametrize(("name", "endpoint", "mode", "kind"), WAYS)
def test_every_place(name: str, endpoint: Endpoint, mode: str, kind: str) -> None:
    del name
    found = ran(endpoint, mode, kind)
    assert wrong(found) == []
    assert sum(one.verdict == RESTORED for one in found) >= 2


@pytest.mark.parametrize(("one", "mode", "kind"), READINGS_OF)
def test_every_place_of_a_call_without_a_body(one: Reading | Upload, mode: str, kind: str) -> None:
    found = read(one, mode, kind)
    assert wrong(found) == []
    assert found
    if isinstance(one, Reading) and one.before:
        assert any(cell.verdict == RESTORED for cell in found)
    assert all(c.verdict.startswith("refused") for c in found if c.location[:5] in PLACES_OF_A_URL)


PLACES_OF_A_URL = ("path:", "query")


def test_every_way_gives_the_same() -> None:
    verdicts: dict[tuple[str, str], set[str]] = {}
    for name in NEWEST:
        for one in newest(name):
            verdicts.setdefault((one.endpoint, one.location), set()).add(one.verdict)
    assert {at: found for at, found in verdicts.items() if len(found) > 1} == {}


def newest(name: str) -> list[Cell]:
    sdk = NEWEST[name]
    bodies = [cell for way in run.ways(sdk) for cell in ran(*way)]
    return bodies + [cell for way in reading_ways(sdk) for cell in read(*way)]


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
    names = {e.name for e in ENDPOINTS if e.client == "OpenAI"}
    names |= {one.name for one in WITHOUT_A_BODY if one.client == "OpenAI"}
    assert {c.endpoint for c in found} == names
    assert len(both) > 2000


def test_every_route_is_in_the_matrix() -> None:
    bodies = {("POST", endpoint.tail) for endpoint in ENDPOINTS}
    others = {(one.verb, one.tail) for one in READINGS} | {("POST", "/files")}
    assert {row[:2] for row in ROUTES} == bodies | others
    assert not bodies & others


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_no_method_of_an_sdk_sends_what_it_is_given(sdk: str, kind: str) -> None:
    """Each is called with a canary in every argument that it insists on."""
    leaked, refused = [], []
    with WireServer(lambda request: whole({})) as server, asyncio.Runner() as runner:
        caller = client(sdk, server.url, kind)
        loop = runner if kind == "async" else None
        for way in methods(caller):
            if way.rpartition(".")[2] not in NOT_CALLS:
                made = call(caller, server, way, CANARY, loop)
                refused += [way] if made.refused else []
                leaked += [way] if b"anary" in made.raw else []
        runner.run(closed(caller))
    assert leaked == []
    assert len(refused) > (150 if sdk == "openai" else 10)


async def closed(caller: Any) -> None:
    await now(caller.close())


def test_the_page_says_what_ran() -> None:
    assert PAGE.read_text() == page({name: newest(name) for name in NEWEST})
