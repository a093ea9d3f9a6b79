"""Runs the cells of the calls without a JSON body; see `run` for what the verdicts mean.

Each place of a reply is restored from what an earlier call masked, and the bytes of both calls hold
no canary. A canary in an id, a query or an unmaskable form is refused, with nothing sent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import reduce
from typing import Any

from llm_guard_protecto.wire.json_leaves import Path
from tests.clients.bench import JSON, each, now, outcome
from tests.clients.responses_bench import speaking, streamed
from tests.matrix.bodies import CANARY
from tests.matrix.provider import text_of_events
from tests.matrix.readings import BEFORE, MASKED, NAMED, READINGS, Reading
from tests.matrix.run import RESTORED, Cell, connected
from tests.matrix.uploads import UPLOADS, Upload
from tests.wireserver import Received, Script, WireServer

__all__ = ["NO_TEXT", "WITHOUT_A_BODY", "reading_cells", "reading_ways"]

NO_TEXT = "no text"
"""What is read holds nobody's words, and comes back as the provider said it."""

_NAMES = ("filename", "custom_id")  # a wrapper cannot stand in them
_MADE: dict[str, dict[str, Any]] = {
    "responses": {"id": "resp_1", "object": "response", "output": []},
    "conversations": {"id": "conv_1", "object": "conversation", "metadata": {}},
    "files": {"id": "file_1", "object": "file", "filename": "a", "bytes": 1, "created_at": 1},
    "batches": {"id": "msgbatch_1", "object": "batch"},
}

Json = Any

WITHOUT_A_BODY: Sequence[Reading | Upload] = (*READINGS, *UPLOADS)
"""Every call that has no JSON body."""


def _said(value: Json, name: str = "") -> Json:
    """The same as the provider says it, masked."""
    if isinstance(value, dict):
        return {key: _said(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_said(inner, name) for inner in value]
    if isinstance(value, str):
        return value.replace(CANARY, NAMED if name in _NAMES else MASKED)
    return value


def _places(value: Json, path: Path = ()) -> Iterator[Path]:
    """Where a canary stands in a reply."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _places(inner, (*path, at))
    elif isinstance(value, str) and CANARY in value:
        yield path


def _location(path: Path, reply: Json) -> str:
    """A place in the words of the page; what has a `type` is named by it."""
    name, value = "reply", reply
    for part in path:
        value = value[part]
        if isinstance(part, str):
            name += f".{part}"
        else:
            kind = value.get("type") if isinstance(value, dict) else None
            name += f"[{kind or ''}]"
    return name


class Provider:
    """Makes what it is asked for, and says what the reading at hand expects."""

    def __init__(self, reading: Reading | None) -> None:
        self._reading = reading

    def __call__(self, request: Received) -> Script:
        path, _, query = request.path.partition("?")
        if self._reading is None:  # an upload: the body comes back as the words of an error
            error = {"message": request.body.decode(), "type": "invalid_request_error"}
            return Script(400, JSON, [json.dumps({"type": "error", "error": error}).encode()])
        if request.body:
            made = dict(_MADE[path.rpartition("/")[2]])
            made["id"] = "batch_1" if b"input_file_id" in request.body else made["id"]
            return Script(200, JSON, [json.dumps(made).encode()])
        if "stream=true" in query:
            return streamed(speaking(MASKED))
        reply = self._reading.reply
        if path.endswith(("/results", "/content")):
            lines = json.dumps(_said(reply), ensure_ascii=False).encode() + b"\n"
            return Script(200, {"content-type": "application/x-jsonl"}, [lines])
        if self._reading.tail.endswith("/results"):  # the SDK first asks where they are
            url = {"id": "msgbatch_1", "results_url": f"{path}/results"}
            return Script(200, JSON, [json.dumps(url).encode()])
        said = {"id": "x_1", "deleted": True} if reply is None else _said(reply)
        return Script(200, JSON, [json.dumps(said, ensure_ascii=False).encode()])


def _method(client: Any, way: str) -> Any:
    return reduce(getattr, way.split("."), client)


async def _refused(server: WireServer, call: Callable[[], Any], most: int = 0) -> str:
    """The verdict on a call that must not be sent; the SDK may send `most` others before it."""
    before = len(server.requests)
    try:
        error = await outcome(call)
    except AssertionError:
        return "not refused"
    if len(server.requests) > before + most:
        return "sent"
    body = getattr(error, "body", None)
    said = body.get("error", body) if isinstance(body, dict) else {}
    return f"refused: {said.get('message') or error}"


async def _came_back(reading: Reading, reply: Any) -> Json:
    """A reply as plain data, as the SDK's object has it."""
    if reading.tail.endswith("/results"):
        return (await anext(each(reply))).to_dict()
    if reading.tail.endswith("/content"):
        return json.loads(await now(reply.aread() if hasattr(reply, "aread") else reply.read()))
    # The SDK's types are narrower than what is said here.
    return {} if reply is None else reply.to_dict(mode="json", warnings=False)


def _at(value: Json, path: Path) -> Json:
    try:
        return reduce(lambda inner, part: inner[part], path, value)
    except (KeyError, IndexError, TypeError):
        return None


async def _read(reading: Reading, mode: str, kind: str, family: str) -> dict[str, str]:
    verdicts: dict[str, str] = {}
    with WireServer(Provider(reading)) as server:
        client = connected(reading.client, kind, family, server.url)
        call = _method(client, reading.method)
        stream = {"stream": True} if mode == "stream" else {}

        async def refuse(location: str, **arguments: Any) -> None:
            given = {**reading.ids, **stream, **arguments}
            most = 1 if reading.tail.endswith("/results") and "path" not in location else 0
            verdicts[location] = await _refused(server, lambda: call(**given), most)

        for name in reading.ids:
            await refuse(f"path: {name}", **{name: CANARY})
        for name in reading.query:
            await refuse(f"query: {name}", **{name: [CANARY] if name == "include" else CANARY})
        await refuse("query: any other", extra_query={"note": CANARY})
        if reading.before:
            way, arguments = BEFORE[reading.before]
            await now(_method(client, way)(**arguments))
        reply = await now(call(**reading.ids, **stream))
        if stream:
            said = text_of_events("response", [event async for event in each(reply)])
            verdicts["reply, every event"] = RESTORED if said == CANARY else "not restored"
        else:
            verdicts |= _restored(reading, await _came_back(reading, reply))
        if b"anary" in server.heard:
            verdicts = dict.fromkeys(verdicts, "LEAKED")
        await now(client.close())
    return verdicts


def _restored(reading: Reading, back: Json) -> dict[str, str]:
    places = list(_places(reading.reply))
    if not places:
        return {"reply": NO_TEXT}
    verdicts: dict[str, str] = {}
    for path in places:
        same = _at(back, path) == _at(reading.reply, path)
        location = _location(path, reading.reply)
        if verdicts.get(location, RESTORED) == RESTORED:
            verdicts[location] = RESTORED if same else f"not restored: {_at(back, path)!r}"[:200]
    return verdicts


async def _upload(upload: Upload, kind: str, family: str) -> dict[str, str]:
    with WireServer(Provider(None)) as server:
        client = connected(upload.client, kind, family, server.url)
        error: Any = await outcome(_method(client, upload.method), **upload.arguments)
        message = error.body.get("error", error.body)["message"]
        await now(client.close())
        if not server.heard:
            return {upload.location: f"refused: {message}"}
        if b"anary" in server.heard:
            return {upload.location: "LEAKED"}
        return {upload.location: RESTORED if CANARY in message else "not restored"}


def reading_ways(sdk: str) -> Iterator[tuple[Reading | Upload, str, str]]:
    """Every such call of an SDK, each mode it has, each kind of client."""
    for one in WITHOUT_A_BODY:
        if (sdk == "openai") == (one.client == "OpenAI"):
            for mode in one.modes if isinstance(one, Reading) else ("plain",):
                for kind in ("sync", "async"):
                    yield one, mode, kind


def reading_cells(one: Reading | Upload, mode: str, kind: str, family: str) -> list[Cell]:
    """Run one way of calling; a cell for each location."""
    running: Awaitable[dict[str, str]] = (
        _read(one, mode, kind, family) if isinstance(one, Reading) else _upload(one, kind, family)
    )

    async def run() -> dict[str, str]:
        return await running

    verdicts = asyncio.run(run())
    return [Cell(one.name, at, mode, kind, what) for at, what in verdicts.items()]
