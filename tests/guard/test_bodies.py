"""Bodies of requests, read on from the ones before."""

from __future__ import annotations

import json
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


def test_only_the_last_turn_of_a_chat_is_kept_and_few_chats() -> None:
    bodies = Bodies()
    for number in range(10, 60):
        bodies.read(turn(number))
    assert repr(bodies) == f"Bodies(1 of at most {REMEMBERED})"
    for chat in range(100):
        bodies.read(turn(10, f"chat {chat}"))
    assert repr(bodies) == f"Bodies({REMEMBERED} of at most {REMEMBERED})"


def test_what_is_no_json_or_out_of_size_is_not_kept() -> None:
    bodies = Bodies()
    with pytest.raises(UnknownFormat):
        bodies.read("[" + "x" * 5000)
    bodies.read("[1]")
    bodies.read(json.dumps(["x" * LONGEST]))
    assert repr(bodies).startswith("Bodies(0 ")


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
