"""How fast a reply is restored, whole and streamed, beside plain `str.replace` of every token.

Run with `pytest -m bench -s tests/bench/bench_restore.py`.
"""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Callable

import pytest

from llm_guard_protecto.guard.places import Place
from llm_guard_protecto.guard.restore import Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked
from tests.guard.material import mask, run

WORDS = re.findall(
    r"\S+",
    "the report says that every customer who wrote to us in spring has been answered, and that"
    " most of them were content with what they heard from our people in the north and the south",
)


def people(count: int, chance: random.Random) -> list[Masked]:
    """`count` masked texts of one person each."""
    return [
        mask(f"Ann{n} Lee{n}", (f"Ann{n} Lee{n}", f"{run(chance)} {run(chance)}", "PER"))
        for n in range(count)
    ]


def prose(size: int, masked: list[Masked], every: int, chance: random.Random) -> str:
    """About `size` characters of prose with a token every so many words."""
    parts: list[str] = []
    length = 0
    while length < size:
        word = chance.choice(WORDS)
        if chance.random() < 1 / every:
            word = chance.choice(masked).token_value
        if chance.random() < 0.02:
            word = str(chance.randint(1, 3000)) + ","
        parts.append(word)
        length += len(word) + 1
        if chance.random() < 0.08:
            parts[-1] += ".\n"
    return " ".join(parts)


def best(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of some runs, in seconds of processor time."""
    took = []
    for _ in range(times):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def replaced(text: str, masked: list[Masked]) -> str:
    """The simple way: every wrapped token by `str.replace`."""
    for one in masked:
        text = text.replace(one.token_value, one.value)
    return text


@pytest.mark.bench
def test_restore_speed() -> None:
    chance = random.Random(5)
    masked = people(50, chance)
    tokens = TokenMap.of(masked)
    rows: list[tuple[str, str, str]] = []
    for name, every in (("prose, a token in 1,000 words", 1000), ("a token in 100 words", 100)):
        text = prose(1_000_000, masked, every, chance)
        ours = best(lambda text=text: restore(text, tokens))  # type: ignore[misc]
        plain = best(lambda text=text: replaced(text, masked))  # type: ignore[misc]
        assert restore(text, tokens) == replaced(text, masked)
        mega = len(text) / 1e6
        rows.append((name, f"{mega / ours:.0f} MB/s", f"{mega / plain:.0f} MB/s"))
    dense = " ".join(str(chance.randint(0, 10**6)) for _ in range(140_000))
    ours = best(lambda: restore(dense, tokens), 2)
    rows.append(("nothing but numbers", f"{len(dense) / 1e6 / ours:.0f} MB/s", ""))
    many = people(1000, chance)
    more = TokenMap.of(many)
    text = prose(1_000_000, many, 100, chance)
    ours = best(lambda: restore(text, more), 3)
    plain = best(lambda: replaced(text, many), 1)
    rows.append(
        ("1,000 live tokens", f"{1 / ours:.0f} MB/s", f"{len(text) / 1e6 / plain:.0f} MB/s")
    )
    text = prose(200_000, masked, 100, chance)
    for place in (Place.PLAIN, Place.JSON_STRING):
        deltas = [text[n : n + 4] for n in range(0, len(text), 4)]

        def stream(place: Place = place, deltas: list[str] = deltas) -> Restorer:
            restorer = Restorer(tokens, place)
            for delta in deltas:
                restorer.feed(delta)
            restorer.flush()
            return restorer

        took = best(stream, 3) / len(deltas) * 1e6
        rows.append((f"stream, 4 characters a delta, {place.value}", f"{took:.1f} us/delta", ""))
    restorer, held, sizes = Restorer(tokens), 0, []
    for delta in deltas:
        restorer.feed(delta)
        held += restorer.held > 0
        sizes.append(restorer.held)
    rows.append(("deltas after which something is held", f"{100 * held / len(deltas):.1f} %", ""))
    rows.append(
        ("held then, on average", f"{statistics.mean(n for n in sizes if n):.1f} chars", "")
    )
    rows.append(("build the map of 50", f"{best(lambda: TokenMap.of(masked)) * 1e3:.2f} ms", ""))
    extra = people(1, chance)
    rows.append(("extend it by one", f"{best(lambda: tokens.with_(extra)) * 1e3:.2f} ms", ""))
    print(f"\n{'':44} {'ours':>14} {'str.replace':>14}")
    for name, ours_text, plain_text in rows:
        print(f"{name:44} {ours_text:>14} {plain_text:>14}")
