"""What the stores bear, SQLite and PostgreSQL side by side: `python -m tests.bench.store`.

Masks of new values by 32 clients, each answered when it is on the disk; look-ups among a million
rows; bytes per row. `--part` measures one part only, `--rows` takes fewer rows, `--seconds` less
time. Nothing is asserted: a busy machine is no bug. Both use this machine's disk, and PostgreSQL
its own settings (`fsync` on, 128 MB of shared buffers).
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import RootKey
from llm_guard_protecto.engine.store import Row, Store, open_store
from llm_guard_protecto.engine.store.postgres import PostgresStore
from llm_guard_protecto.engine.tokenise import SAFE_DIGITS, SAFE_LETTERS, Shape, UnitKey
from tests.postgres import running_server

__all__ = ["HEADING", "PARTS", "Settings", "main", "measure"]

HEADING = ("claim", "on", "SQLite", "PostgreSQL", "goal")
PARTS = ("masks", "many", "rows")
ROOT = RootKey(
    base64.b64decode("9S1iFTMyZ7kQyH1jvGq4fJ0mZkqk0o2m3b7QpQ1xk3E="), "a key of this bench only"
)
CLIENTS, VALUES, BATCH, DAY = 32, 3, 50, 20_500
SHAPE = Shape("safe", SAFE_LETTERS, SAFE_DIGITS, 10)


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured: rows for look-ups, seconds for each load."""

    rows: int = 1_000_000
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers of a load: how many a second, and how long they took, in milliseconds."""

    a_second: float
    half: float
    most: float

    @classmethod
    def of(cls, times: Sequence[float], seconds: float) -> Rate:
        """From the seconds of each answer."""
        ordered = sorted(times)
        half, most = (ordered[int(len(ordered) * share)] * 1e3 for share in (0.5, 0.99))
        return cls(len(ordered) / seconds, half, most)

    def cells(self) -> tuple[str, str, str]:
        """A second, the median, the 99th of a hundred."""
        return f"{self.a_second:,.0f} /s", f"{self.half:.1f} ms", f"{self.most:.1f} ms"


def masking(url: str, clients: int, seconds: float, first: int = 0) -> list[float]:
    """Threads that mask new values, three in a request; the seconds each request took."""
    with open_store(url) as store:
        book = Book(store, Keyring.open(store, "default", ROOT, DAY), lambda: DAY)
        times: list[list[float]] = [[] for _ in range(clients)]
        start = threading.Barrier(clients)

        def client(number: int) -> None:
            start.wait()
            end, count = time.monotonic() + seconds, 0
            while (begun := time.monotonic()) < end:
                text = f"value {first + number} {count}"
                book.runs([UnitKey("safe:6-12", f"{text} {n}", SHAPE) for n in range(VALUES)])
                times[number].append(time.monotonic() - begun)
                count += 1

        threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [one for each in times for one in each]


def masking_in_processes(url: str, seconds: float, processes: int = 4) -> list[float]:
    """The same clients, in several processes."""
    with open_store(url) as store:
        Keyring.open(store, "default", ROOT, DAY)
    share = CLIENTS // processes
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = pool.starmap(
            masking, [(url, share, seconds, 1_000 * (number + 1)) for number in range(processes)]
        )
    return [one for each in found for one in each]


def filled(store: Store, rows: int) -> tuple[int, list[bytes], list[str]]:
    """Put rows of 64 sealed bytes into a store; the namespace, and some indexes and tokens."""
    chance = random.Random(7)
    here = store.namespace("default")
    indexes: list[bytes] = []
    tokens: list[str] = []
    for first in range(0, rows, 5_000):
        batch = [
            Row(chance.randbytes(16), 0, "safe:5-10", f"{chance.getrandbits(50):x}z", 0, 1,
                chance.randbytes(64), DAY) for _ in range(first, min(first + 5_000, rows))
        ]  # fmt: skip
        store.add(here, batch)
        indexes += [row.index for row in batch]
        tokens += [row.token for row in batch]
    return here, indexes, tokens


def looking_up(
    ask: Callable[[int, list[Any]], list[Row]], here: int, wanted: Sequence[Any], seconds: float
) -> float:
    """Rows found a second by one thread that asks for many at once; they were written just now."""
    chance = random.Random(11)
    for _ in range(100):
        ask(here, chance.choices(wanted, k=BATCH))
    found, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        found += len(ask(here, chance.choices(wanted, k=BATCH)))
    return found / (time.monotonic() - begun)


def size_of(store: Store) -> int:
    """Bytes that the rows of a store take, with their indexes."""
    if isinstance(store, PostgresStore):
        sized = "SELECT pg_total_relation_size('tokens')"
        [(size,)] = store._connections.read(lambda db: db.execute(sized).fetchall())
        return int(size)
    store.upkeep.shred()  # brings the log into the file
    return Path(store.location).stat().st_size


@contextmanager
def places() -> Iterator[Callable[[], tuple[str, str]]]:
    """Gives the URLs of an empty SQLite file and of an empty PostgreSQL database."""
    with tempfile.TemporaryDirectory() as directory, running_server() as server:
        count = iter(range(1_000))
        yield lambda: (f"sqlite:///{directory}/{next(count)}/vault.db", server.fresh())


def measure(parts: Sequence[str], settings: Settings) -> list[tuple[str, ...]]:
    """The rows of the table: claim, on what, SQLite's figure, PostgreSQL's, the goal."""
    table: list[tuple[str, ...]] = []
    with places() as fresh:
        for name, on, work in (
            ("masks", "32 clients", lambda url: masking(url, CLIENTS, settings.seconds)),
            ("many", "the same in 4 processes", _processes(settings.seconds)),
        ):
            if name in parts:
                rates = [Rate.of(work(url), settings.seconds).cells() for url in fresh()]
                titles = ("first masks, durable", "median", "99 of 100 within")
                goals = (">= 1,500 /s", "", "<= 100 ms")
                for title, goal, *cells in zip(titles, goals, *rates, strict=True):
                    table.append((title, f"{VALUES} new values, {on}", *cells, goal))
        if "rows" in parts:
            table += _of_rows(fresh(), settings)
    return table


def _processes(seconds: float) -> Callable[[str], list[float]]:
    return lambda url: masking_in_processes(url, seconds)


def _of_rows(urls: Sequence[str], settings: Settings) -> list[tuple[str, ...]]:
    columns = []
    for url in urls:
        with open_store(url) as store:
            begun = time.monotonic()
            here, indexes, tokens = filled(store, settings.rows)
            loaded = settings.rows / (time.monotonic() - begun)
            by_index = looking_up(store.by_index, here, indexes, settings.seconds)
            by_token = looking_up(store.by_token, here, tokens, settings.seconds)
            columns.append(
                (f"{loaded:,.0f} /s", f"{by_index:,.0f} /s", f"{by_token:,.0f} /s",
                 f"{size_of(store) / settings.rows:.0f} bytes")
            )  # fmt: skip
    on = f"{settings.rows:,} rows"
    titles = ("rows added", "look-ups by value", "look-ups by token", "a row")
    goals = ("", ">= 40,000 /s", ">= 40,000 /s", "<= 200 / <= 300 bytes")
    asked = (f"{on}, 5,000 at once", *[f"{on}, {BATCH} at once, warm"] * 2, "64 bytes sealed")
    return [
        (title, what, *cells, goal)
        for title, what, goal, *cells in zip(titles, asked, goals, *columns, strict=True)
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--rows", type=int, default=Settings().rows)
    parser.add_argument("--seconds", type=float, default=Settings().seconds)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(words)
    rows = measure(chosen.part or PARTS, Settings(chosen.rows, chosen.seconds))
    if chosen.json:
        print(json.dumps([dict(zip(HEADING, row, strict=True)) for row in rows]))
        return
    table = Table(title=f"The stores, measured on {os.cpu_count()} cores", title_justify="left")
    for column in HEADING:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
