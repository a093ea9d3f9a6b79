"""How many may come in, and how fast."""

from __future__ import annotations

import pytest

from llm_guard_protecto.server.limits import KNOWN, Rates, Seats
from llm_guard_protecto.server.messages import Refusal


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_seat_is_free_again_when_its_request_is_done() -> None:
    seats = Seats(2)
    for _ in range(3):
        with seats.one(), seats.one():
            with pytest.raises(Refusal, match="busy") as caught, seats.one():
                pytest.fail("there was no seat")
            assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})
    assert seats.taken == 0


def test_a_seat_is_freed_by_an_error_too() -> None:
    seats = Seats(1)
    with pytest.raises(ValueError, match="it"), seats.one():
        raise ValueError("it")
    assert seats.taken == 0


def test_a_minutes_worth_at_once_then_one_by_one() -> None:
    clock = Clock()
    rates = Rates(60, clock)
    for _ in range(60):
        rates.take("Bearer a")
    for _ in range(2):
        with pytest.raises(Refusal, match="API usage limit exceeded") as caught:
            rates.take("Bearer a")
        assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "1"})
    rates.take("Bearer b")
    clock.now += 1
    rates.take("Bearer a")
    with pytest.raises(Refusal):
        rates.take("Bearer a")


def test_who_waits_as_long_as_told_gets_through() -> None:
    clock = Clock()
    rates = Rates(7, clock)
    for _ in range(7):
        rates.take("Bearer a")
    for _ in range(20):
        with pytest.raises(Refusal) as caught:
            rates.take("Bearer a")
        clock.now += int(caught.value.headers["Retry-After"])
        rates.take("Bearer a")


def test_a_long_rest_gives_no_more_than_a_minutes_worth() -> None:
    clock = Clock()
    rates = Rates(3, clock)
    rates.take("Bearer a")
    clock.now += 10_000
    for _ in range(3):
        rates.take("Bearer a")
    with pytest.raises(Refusal):
        rates.take("Bearer a")


def test_what_is_remembered_has_a_bound_and_holds_no_token() -> None:
    rates = Rates(60, Clock())
    for number in range(KNOWN + 10):
        rates.take(f"Bearer lgp_user_{number}")
    assert len(rates._buckets) == KNOWN
    assert "lgp_user" not in repr(list(rates._buckets.items())[:100])


def test_without_a_limit_nothing_is_counted() -> None:
    rates = Rates(None)
    for _ in range(1000):
        rates.take("Bearer a")
    assert not rates._buckets
