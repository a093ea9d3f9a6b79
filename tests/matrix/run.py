"""Runs the cells of one SDK: every location of every endpoint, both kinds of client, both modes.

    python -m tests.matrix.run openai httpx   # prints {"openai": VERSION, "cells": [...]} as JSON

A cell is "masked and restored" when the bytes that the server received hold no canary, and the
SDK's object says at that place what was put there; "refused" when nothing was received and the SDK
raised its own error with our message; "sent as it is" for what a table skips. Anything else is what
went wrong.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache, reduce
from importlib import import_module
from typing import Any

from llm_guard_protecto.clients import protect
from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from tests.clients.bench import each, now, outcome
from tests.clients.tiny_vault import TinyVault
from tests.matrix.bodies import CANARY, Shown, merged, shown
from tests.matrix.endpoints import ENDPOINTS, Endpoint
from tests.matrix.locations import Stand, stands
from tests.matrix.provider import repeat, text_of, text_of_events
from tests.wire.sdk_walk import every
from tests.wireserver import WireServer

__all__ = ["RESTORED", "SENT", "Cell", "Material", "cells", "connected", "material", "ways"]

RESTORED = "masked and restored"
SENT = "sent as it is"
WORD = "canary".upper()[::-1].lower()  # a word of the API's own in place of a canary

Json = Any


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of a canary at one location, in one way of calling."""

    endpoint: str
    location: str
    mode: str
    kind: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Material:
    """The bodies of an endpoint: those to mask, those to try alone, those with what is skipped."""

    masked: list[dict[str, Json]]
    alone: list[Shown]
    sent: list[dict[str, Json]]


@cache
def material(endpoint: Endpoint) -> Material:
    """Sort the bodies of an endpoint. What is refused, or skipped, goes out alone."""
    kinds = endpoint.kinds()
    small = {} if not kinds else next(every(kinds[0], "word"))
    free: list[dict[str, Json]] = []
    alone: list[Shown] = []
    sent: list[dict[str, Json]] = []
    for one in shown(endpoint.table, kinds, small):
        body = one.body
        elsewhere = CANARY in json.dumps(
            [body.get(name) for name in endpoint.elsewhere], ensure_ascii=False
        )
        if elsewhere or _refusal(endpoint, body):
            alone.append(one)
            continue
        found = [stand for stand in stands(endpoint.table, body) if "anary" in stand.text]
        skipped = [stand for stand in found if stand.place.skip]
        if skipped:
            sent.append(_without(body, [stand for stand in found if not stand.place.skip]))
        if len(skipped) < len(found):
            free.append(_without(body, skipped))
    return Material(merged(free), alone, merged(sent))


def _refusal(endpoint: Endpoint, body: Json) -> str:
    try:
        endpoint.format.request_slots(JsonText(json.dumps(body)))
    except UnknownFormat as error:
        return str(error)
    return ""


def _without(body: Json, stands_: list[Stand]) -> Json:
    """The body with a word in place of these canaries."""
    gone = {(stand.path, stand.is_key) for stand in stands_}

    def put(value: Json, path: tuple[str | int, ...]) -> Json:
        if isinstance(value, dict):
            return {
                (WORD if ((*path, key), True) in gone else key): put(inner, (*path, key))
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [put(inner, (*path, at)) for at, inner in enumerate(value)]
        return WORD if (path, False) in gone else value

    return put(body, ())


# Calling ------------------------------------------------------------------------------------------


_ANTHROPIC: dict[str, Json] = {"max_tokens": 9, "messages": [], "model": "m", "requests": []}
NEEDED: dict[str, Json] = {
    "OpenAI": {"model": "m", "messages": [], "input": "", "prompt": "", "metadata": {}}
    | {"items": [], "input_file_id": "f", "endpoint": "/v1/responses", "completion_window": "24h"},
    "Anthropic": _ANTHROPIC,
    "AnthropicVertex": _ANTHROPIC,
    "AnthropicBedrock": _ANTHROPIC,
}
"""What a method insists on, where a body gives it as `extra_body`."""


def connected(name: str, kind: str, family: str, url: str) -> Any:
    """A protected client of the class `name`, straight from the SDK."""
    sdk: Any = import_module("openai" if name == "OpenAI" else "anthropic")
    http: Any = import_module(family)
    own = (http.AsyncClient if kind == "async" else http.Client)(trust_env=False, verify=False)
    made = getattr(sdk, f"Async{name}" if kind == "async" else name)
    options: dict[str, Any] = {
        "OpenAI": {"api_key": "none", "base_url": f"{url}/v1"},
        "Anthropic": {"api_key": "none", "base_url": url},
        "AnthropicVertex": {"region": "x", "project_id": "p", "access_token": "t"}
        | {"base_url": f"{url}/v1"},
        "AnthropicBedrock": {"api_key": "none", "aws_region": "x", "base_url": url},
    }[name]
    return protect(made(max_retries=0, http_client=own, **options), TinyVault(CANARY))


def calling(
    endpoint: Endpoint, client: Any, body: dict[str, Json], stream: bool
) -> Callable[[], Any]:
    """The SDK's method with `body` as its arguments; what it does not name goes in as extra."""
    method = reduce(getattr, endpoint.method.split("."), client)
    known = endpoint.named() & inspect.signature(method).parameters.keys()
    strings = endpoint.strings()
    named = {
        name: value
        for name, value in body.items()
        if name in known and (name in strings or not isinstance(value, str))
    }
    extra = {name: value for name, value in body.items() if name not in named}
    options: dict[str, Any] = dict(endpoint.given)
    if stream:
        options |= {"stream": True, "extra_headers": {"x-streams": "yes"}}
    for name, value in NEEDED[endpoint.client].items():
        parameter = inspect.signature(method).parameters.get(name)
        if parameter is not None and (name in extra or parameter.default is parameter.empty):
            named.setdefault(name, value)
    if extra:
        options["extra_body"] = extra
    return lambda: method(**{**named, **options})


async def _said(endpoint: Endpoint, call: Callable[[], Any], stream: bool) -> str:
    if endpoint.says == "error":
        return text_of("error", await outcome(call))
    reply = await now(call())
    if stream:
        return text_of_events(endpoint.says, [one async for one in each(reply)])
    return text_of(endpoint.says, reply)


class Running:
    """One endpoint, called in one way."""

    def __init__(self, endpoint: Endpoint, client: Any, server: WireServer, mode: str) -> None:
        self.endpoint, self.client, self.server = endpoint, client, server
        self.stream = mode == "stream"

    async def masked(self, body: dict[str, Json]) -> dict[str, str]:
        """What became of each location of a body that is masked."""
        found = [s for s in stands(self.endpoint.table, body) if "anary" in s.text]
        try:
            said = await _said(
                self.endpoint,
                calling(self.endpoint, self.client, body, self.stream),
                self.stream,
            )
        except Exception as error:  # noqa: BLE001 - a verdict like any other
            return dict.fromkeys((s.location for s in found), f"failed: {error}"[:300])
        leaks = b"anary" in self.server.requests[-1].raw
        back = json.loads(said)
        verdicts: dict[str, str] = {}
        for stand in found:
            verdict = RESTORED if _at(back, stand) == stand.text else "not restored"
            verdict = "LEAKED (in this body)" if leaks else verdict
            if verdicts.get(stand.location, RESTORED) == RESTORED:
                verdicts[stand.location] = verdict
        return verdicts

    async def alone(self, one: Shown) -> dict[str, str]:
        """The same of a body that is, or may be, refused; a refusal says why."""
        before = len(self.server.heard)
        try:
            error: Any = await outcome(calling(self.endpoint, self.client, one.body, self.stream))
        except AssertionError:  # none
            return await self.masked(one.body)
        if len(self.server.heard) != before:
            return await self.masked(one.body)
        if getattr(error, "status_code", 0) not in (400, 403, 500):
            verdict = f"failed: {error!r}"[:300]
        else:
            message = text_of("error", error)
            where, _, why = message.partition(": ")
            verdict = f"refused: {message if ' ' in where else why}"
        return dict.fromkeys(one.locations, verdict)

    async def sent(self, body: dict[str, Json]) -> dict[str, str]:
        """Whether the values that a table skips go out just where they stand."""
        found = [s for s in stands(self.endpoint.table, body) if "anary" in s.text]
        call = calling(self.endpoint, self.client, body, self.stream)
        await outcome(call) if self.endpoint.says == "error" else await now(call())
        times = self.server.requests[-1].body.count(CANARY.encode())
        verdict = SENT if times == len(found) else f"sent {times} times, not {len(found)}"
        return {stand.location: verdict for stand in found}


def _at(back: Json, stand: Stand) -> Json:
    """What a body that came back holds at a place."""
    value = back
    try:
        for part in stand.path[:-1] if stand.is_key else stand.path:
            value = value[part]
    except (KeyError, IndexError, TypeError):
        return None
    if stand.is_key:
        return stand.path[-1] if stand.path[-1] in value else None
    return value


async def run(endpoint: Endpoint, mode: str, kind: str, family: str) -> dict[str, str]:
    """The verdict on every location of an endpoint, called in one way."""
    verdicts: dict[str, str] = {}
    with WireServer(repeat) as server:
        client = connected(endpoint.client, kind, family, server.url)
        running = Running(endpoint, client, server, mode)
        bodies = material(endpoint)
        for body in bodies.masked:
            for location, verdict in (await running.masked(body)).items():
                if verdicts.get(location, RESTORED) == RESTORED:
                    verdicts[location] = verdict
        for one in bodies.alone:
            for location, verdict in (await running.alone(one)).items():
                verdicts.setdefault(location, verdict)
        for body in bodies.sent:
            for location, verdict in (await running.sent(body)).items():
                verdicts.setdefault(location, verdict)
        await now(client.close())
    return verdicts


def ways(sdk: str) -> Iterator[tuple[Endpoint, str, str]]:
    """Every endpoint of an SDK (`openai`, `anthropic`), each mode it has, each kind of client."""
    for endpoint in ENDPOINTS:
        if (sdk == "openai") == (endpoint.client == "OpenAI"):
            for mode in endpoint.modes:
                for kind in ("sync", "async"):
                    yield endpoint, mode, kind


def cells(endpoint: Endpoint, mode: str, kind: str, family: str) -> list[Cell]:
    """Run one way of calling; a cell for each location."""
    verdicts = asyncio.run(run(endpoint, mode, kind, family))
    return [Cell(endpoint.name, at, mode, kind, what) for at, what in verdicts.items()]


def main(sdk: str, family: str) -> None:
    from tests.matrix.run_readings import reading_cells, reading_ways

    gc.freeze()
    found = [cell for way in ways(sdk) for cell in cells(*way, family)]
    found += [cell for way in reading_ways(sdk) for cell in reading_cells(*way, family)]
    version = import_module(sdk).__version__
    json.dump({"version": version, "cells": [asdict(cell) for cell in found]}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
