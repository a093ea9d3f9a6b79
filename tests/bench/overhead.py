"""What protection adds to a call, measured beside the same call of an unprotected client.

Both clients are the real SDK on real sockets to one provider, in a process of its own, which thinks
for 20 ms before it answers; one turn is also timed with a provider that answers at once. The chat
is a real one: what the model said, restored, is in the history of the next turn, and at the end of
50 turns that history has 30 kB. Printed by `tests.bench.claims`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openai import OpenAI

from llm_guard_protecto import LocalVault, protect
from tests.bench.material import chat
from tests.bench.provider import HEARD, running
from tests.bench.road import KEY

__all__ = ["added"]

_TURNS = 50
_TIMED = 14
"""The last turns, which are timed; those before only make the history known."""
_CHATS = 5
_READING = 0.05
"""Seconds that a user reads a reply before the next turn."""

_THINKS, _AT_ONCE = "m-20", "m-0"


def added() -> tuple[float, ...]:
    """Milliseconds that protection adds at the end of a 50-turn, 30 kB chat, medians.

    To a call whose texts were all seen before, such as a second try; to one with a new turn in it,
    searched and made durable on the way, after the user has read the reply; to one with a new turn
    that follows the reply at once, as an agent's do; the same with a provider that answers at once.
    Then to the time until the first piece of a streamed reply: from the moment that the provider
    has the whole request; and from the call itself, its texts seen before, so with their masking.
    """
    found: dict[str, list[float]] = {}
    for seed in range(_CHATS):
        with (
            TemporaryDirectory() as folder,
            running() as url,
            LocalVault(Path(folder) / "v.db", environ=KEY) as vault,
            OpenAI(base_url=url + "/v1", api_key="none") as bare,
            protect(OpenAI(base_url=url + "/v1", api_key="none"), vault) as guarded,
        ):
            _talk(_Chat(bare, guarded, found), seed)
    names = "seen", "new", "following", "unthinking", "way back", "first piece"
    return tuple(statistics.median(found[name]) * 1e3 for name in names)


def _talk(chat_: _Chat, seed: int) -> None:
    for turn, messages in enumerate(chat(_TURNS, seed)):
        chat_.history.append(messages[-1])
        if turn < _TURNS - _TIMED:
            chat_.said = _whole(_AT_ONCE, chat_.guarded, chat_.history)[1]
        elif turn % 2:
            time.sleep(_READING)
            chat_.time("new", partial(_whole, _THINKS))
            chat_.time("seen", partial(_whole, _THINKS))
            chat_.time("way back", _way_back)
            chat_.time("first piece", _first_piece)
            chat_.said = _whole(_AT_ONCE, chat_.guarded, chat_.history)[1]
        else:  # straight after the reply of the turn before
            kind = ("following", _THINKS) if turn % 4 else ("unthinking", _AT_ONCE)
            chat_.time(kind[0], partial(_whole, kind[1]), first=True)
        chat_.history.append({"role": "assistant", "content": chat_.said})


Timed = Callable[[OpenAI, list[Any]], tuple[float, str]]


class _Chat:
    """One chat, and what each kind of call in it took longer with protection, in seconds."""

    def __init__(self, bare: OpenAI, guarded: OpenAI, found: dict[str, list[float]]) -> None:
        self.bare, self.guarded, self.found = bare, guarded, found
        self.history: list[Any] = []
        self.said = ""

    def time(self, kind: str, timed: Timed, *, first: bool = False) -> None:
        """Time a call of both clients; the protected one goes `first`, or second."""
        without = 0.0 if first else timed(self.bare, self.history)[0]
        took, said = timed(self.guarded, self.history)
        self.said = said or self.said
        if first:
            without = timed(self.bare, self.history)[0]
        self.found.setdefault(kind, []).append(took - without)


def _whole(model: str, client: OpenAI, messages: list[Any]) -> tuple[float, str]:
    start = time.perf_counter()
    reply = client.chat.completions.create(model=model, messages=messages)
    return time.perf_counter() - start, reply.choices[0].message.content or ""


def _way_back(client: OpenAI, messages: list[Any]) -> tuple[float, str]:
    """Seconds from the moment the provider has the request to the first piece of the reply."""
    _, heard, there = _streamed(client, messages)
    return there - heard, ""


def _first_piece(client: OpenAI, messages: list[Any]) -> tuple[float, str]:
    """Seconds from the call to the first piece of the reply."""
    start, _, there = _streamed(client, messages)
    return there - start, ""


def _streamed(client: OpenAI, messages: list[Any]) -> tuple[float, float, float]:
    """When the call began, when the provider had it, when the first piece was there."""
    start = there = time.perf_counter()
    with client.chat.completions.create(model=_THINKS, messages=messages, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                there = time.perf_counter()
                break
        return start, float(stream.response.headers[HEARD]), there
