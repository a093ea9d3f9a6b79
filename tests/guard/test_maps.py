"""Token maps of requests: put together once, when they are needed."""

from __future__ import annotations

import threading

import pytest

from llm_guard_protecto.guard.maps import REMEMBERED, LaterMap, Maps, begins_with
from llm_guard_protecto.guard.tokenmap import TokenMap
from tests.guard.material import PEOPLE, mask


def test_a_map_is_made_once_and_by_one_thread() -> None:
    made: list[TokenMap] = []
    together = threading.Barrier(8)

    def make() -> TokenMap:
        made.append(TokenMap.of([PEOPLE]))
        return made[-1]

    later = LaterMap(make)
    found: list[TokenMap] = []

    def get() -> None:
        together.wait()
        found.append(later.get())

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert all(one is made[0] for one in found)


def test_what_fails_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> TokenMap:
        tries.append(1)
        if len(tries) == 1:
            raise MemoryError
        return TokenMap.of([PEOPLE])

    later = LaterMap(make)
    with pytest.raises(MemoryError):
        later.get()
    assert later.get().issued == len(PEOPLE.individual_tokens)


def test_an_answer_begins_with_the_very_objects() -> None:
    one, other = mask("I am Sarah", ("Sarah", "cn4Rv2", "PER")), mask("Hello")
    equal = mask("I am Sarah", ("Sarah", "cn4Rv2", "PER"))
    assert begins_with([one, other], [one])
    assert begins_with([one], ())
    assert not begins_with([one], [one, other])
    assert not begins_with([equal, other], [one])


def test_the_map_of_a_turn_grows_out_of_the_last_one() -> None:
    maps = Maps()
    texts = [PEOPLE, *(mask(f"line {number}") for number in range(20))]
    for size in range(1, len(texts)):
        assert maps.of(texts[:size]) == TokenMap.of(texts[:size])


def test_maps_of_many_chats_are_kept_and_no_more_than_fit() -> None:
    maps = Maps()
    chats = [[mask(f"I am Sarah {n}", ("Sarah", "cn4Rv2", "PER"))] for n in range(200)]
    made = [maps.of(chat) for chat in chats]
    assert all(maps.of(chat) is one for chat, one in zip(chats, made, strict=True))
    for _ in range(3):
        maps.of([mask("x" * (REMEMBERED // 2) + " Sarah", ("Sarah", "cn4Rv2", "PER"))])
    assert maps.of(chats[0]) is not made[0]


def test_a_chat_takes_its_own_room_before_that_of_others() -> None:
    maps = Maps()
    quiet = [mask("I am Sarah", ("Sarah", "cn4Rv2", "PER"))]
    first = maps.of(quiet)
    chat = [mask("x" * 1000 + " Sarah", ("Sarah", "cn4Rv2", "PER")) for _ in range(80)]
    for turn in range(1, len(chat) + 1):
        maps.of(chat[:turn])
    assert maps.of(quiet) is first
