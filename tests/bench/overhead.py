"""What protection adds to a call, measured beside the same call of an unprotected client.

Both clients are the real SDK on real sockets to one server in this process; the chat is the long
one of `material.chat`, whose last turns carry 30 kB of history. Printed by `tests.bench.claims`.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from openai import OpenAI

from llm_guard_protecto import LocalVault, protect
from tests.bench.material import chat
from tests.bench.road import KEY
from tests.wireserver import Received, Script, WireServer

__all__ = ["added"]

_TURNS = 50
_COUNTED = 10
"""The last turns, each of which is timed; those before only make the history known."""


def added() -> tuple[float, float, float]:
    """Milliseconds that protection adds at the end of a 50-turn, 30 kB chat, medians.

    To a call whose texts were all seen before, such as a second try; to one with a new turn in it,
    searched and made durable on the way; and to the time from the moment that the provider has the
    whole request until the first piece of its streamed reply is there.
    """
    seen: list[float] = []
    fresh: list[float] = []
    waited: list[float] = []
    for seed in range(3):
        with TemporaryDirectory() as folder, _Provider() as provider:
            vault = LocalVault(Path(folder) / "v.db", environ=KEY)
            bare = OpenAI(base_url=provider.url + "/v1", api_key="none")
            guarded = protect(OpenAI(base_url=provider.url + "/v1", api_key="none"), vault)
            for number, messages in enumerate(chat(_TURNS, seed)):
                new = _more(_whole, bare, guarded, messages)
                if number >= _TURNS - _COUNTED:
                    fresh.append(new)
                    seen.append(_more(_whole, bare, guarded, messages))
                    waited.append(_more(partial(_waited, provider), bare, guarded, messages))
            bare.close()
            guarded.close()
            vault.close()
    return _median(seen), _median(fresh), _median(waited)


def _more(
    timed: Callable[[OpenAI, list[Any]], float], bare: OpenAI, guarded: OpenAI, messages: list[Any]
) -> float:
    return -timed(bare, messages) + timed(guarded, messages)


def _median(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1e3


def _whole(client: OpenAI, messages: list[Any]) -> float:
    start = time.perf_counter()
    client.chat.completions.create(model="m", messages=messages)
    return time.perf_counter() - start


def _waited(provider: _Provider, client: OpenAI, messages: list[Any]) -> float:
    """Seconds from the moment the provider has the request to the first piece of the reply."""
    with client.chat.completions.create(model="m", messages=messages, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        return time.perf_counter() - provider.received


class _Provider:
    """Repeats the start of the last message, at once; notes when it had the request."""

    def __init__(self) -> None:
        self.received = 0.0
        self._server = WireServer(self._answer)
        self.url = self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)

    def _answer(self, request: Received) -> Script:
        self.received = time.perf_counter()
        asked = json.loads(request.body)
        said = asked["messages"][-1]["content"][:400]
        if not asked.get("stream"):
            message = {"role": "assistant", "content": said}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = [json.dumps(_reply("chat.completion", choice)).encode()]
            return Script(headers={"content-type": "application/json"}, body=body)
        pieces = [said[at : at + 8] for at in range(0, len(said), 8)]
        events = [
            b"data: " + json.dumps(_reply("chat.completion.chunk", choice)).encode() + b"\n\n"
            for piece in pieces
            for choice in [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]
        ]
        body = [*events, b"data: [DONE]\n\n"]
        return Script(headers={"content-type": "text/event-stream"}, body=body, chunked=True)


def _reply(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": "c", "object": kind, "created": 1, "model": "m", "choices": [choice]}
