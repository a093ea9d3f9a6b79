"""Bodies of requests, read on from the ones before."""

from __future__ import annotations

import json
import re
import threading

import pytest

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.bodies import LONGEST, REMEMBERED, Bodies
from llm_guard_protecto.wire.json_text import JsonText


def turn(number: int, chat: str = "a") -> str:
    messages = [{"role": "user", "content": f"{chat} {n} " + "word " * 40} for n in range(number)]
    return json.dumps({"model": chat, "messages": messages})


def test_every_turn_of_every_chat_is_read_right() -> None:
    bodies = Bodies()
    for number in range(10, 40):
        for chat in "abc":
            doc = bodies.read(turn(number, chat))
            assert doc.leaves == JsonText(turn(number, chat)).leaves
            assert (doc.taken > 0) == (number > 10)


def test_only_the_last_turn_of_a_chat_is_kept_and_so_many_chats_as_fit() -> None:
    bodies = Bodies()
    for number in range(10, 60):
        bodies.read(turn(number))
    assert repr(bodies).startswith("Bodies(1, ")
    for chat in range(2 * REMEMBERED // len(turn(10))):
        bodies.read(turn(10, f"chat {chat}"))
    kept, size = map(int, re.findall(r"\d+", repr(bodies))[:2])
    assert REMEMBERED - len(turn(60)) < size <= REMEMBERED
    assert kept > 500
    assert bodies.read(turn(11, f"chat {chat}")).taken
    assert bodies.read(turn(10, f"chat {chat - 1}")).taken  # the same once more
    assert not bodies.read(turn(11, "chat 0")).taken


def test_chats_that_begin_alike_go_on_from_their_own() -> None:
    bodies = Bodies()
    system = {"role": "system", "content": "be brief " * 500}

    def alike(chat: int, number: int) -> str:
        said = [{"role": "user", "content": f"{chat} {n} " + "word " * 400} for n in range(number)]
        return json.dumps({"messages": [system, *said]})

    for number in (4, 5):
        for chat in range(20):
            doc = bodies.read(alike(chat, number))
            assert doc.leaves == JsonText(alike(chat, number)).leaves
            if number == 5:
                assert doc.taken > 4


def test_what_is_no_json_or_out_of_size_is_not_kept() -> None:
    bodies = Bodies()
    with pytest.raises(UnknownFormat):
        bodies.read("[" + "x" * 5000)
    bodies.read("[1]")
    bodies.read(json.dumps(["x" * LONGEST]))
    assert repr(bodies).startswith("Bodies(0, ")


def test_threads_read_the_same_chat_at_once() -> None:
    bodies = Bodies()
    wrong: list[int] = []

    def chat() -> None:
        every = range(10, 60)
        wrong.extend(n for n in every if bodies.read(turn(n)).leaves != JsonText(turn(n)).leaves)

    threads = [threading.Thread(target=chat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
