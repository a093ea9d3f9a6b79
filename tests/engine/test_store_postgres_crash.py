"""PostgreSQL killed and restarted under load: what was acknowledged is there, clients go on."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.store import Store, open_store
from llm_guard_protecto.errors import VaultUnavailable
from tests.engine.children import DAY, ROOT, sealed_row
from tests.postgres import Server

RECOVERY_SECONDS = 10.0
WRITERS = 4


class Load:
    """Threads that write for ever, and remember what the vault said it had kept."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.acked: dict[int, str] = {}
        self.failures: list[BaseException] = []
        self.refused = 0
        self._done = threading.Event()

    def _write(self, store: Store, keyring: Keyring, first: int) -> None:
        number = first
        try:
            while not self._done.is_set():
                batch = range(number, number + 3)
                try:
                    rows = [sealed_row(keyring, f"Imogen {k}", f"t{k}") for k in batch]
                    store.add(keyring.namespace, rows)
                except VaultUnavailable:
                    self.refused += 1
                    time.sleep(0.01)
                    continue  # the same rows again: nobody knows whether they were kept
                self.acked |= {k: f"Imogen {k}" for k in batch}
                number += 3
        except BaseException as error:  # noqa: BLE001 - shown by the test
            self.failures.append(error)

    @contextmanager
    def running(self) -> Iterator[None]:
        with open_store(self.url) as one, open_store(self.url) as two:
            keyring = Keyring.open(one, "default", ROOT, DAY)
            threads = [
                threading.Thread(
                    target=self._write, args=((one, two)[n % 2], keyring, (n + 1) * 1_000_000)
                )
                for n in range(WRITERS)
            ]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._done.set()
                for thread in threads:
                    thread.join()
        assert self.failures == []

    def goes_on(self) -> bool:
        """Whether more is acknowledged within the time a client may take to recover."""
        before = len(self.acked)
        deadline = time.monotonic() + RECOVERY_SECONDS
        while len(self.acked) < before + 3 * WRITERS:
            if self.failures:
                raise self.failures[0]
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def check(self) -> None:
        """Everything acknowledged is there, under its token, and can be read."""
        with open_store(self.url) as store:
            keyring = Keyring.open(store, "default", ROOT, DAY)
            indexes = {keyring.index.of("safe", value): k for k, value in self.acked.items()}
            found = store.by_index(keyring.namespace, list(indexes))
            values = {indexes[one.index]: keyring.value(one) for one in found}
            assert values == self.acked
            assert {one.token for one in found} == {f"t{k}" for k in self.acked}
            assert store.upkeep.check() == []


def backend(server: Server, url: str) -> None:
    assert server.kill_backend(url.rpartition("/")[2])


def postmaster(server: Server, url: str) -> None:
    server.kill()
    server.start()


def clean_restart(server: Server, url: str) -> None:
    server.restart()


def rounds(url: str, server: Server, how: Callable[[Server, str], None], count: int) -> None:
    load = Load(url)
    chance = random.Random(count)
    with load.running():
        assert load.goes_on()
        for _ in range(count):
            time.sleep(chance.random() ** 2 * 0.2)
            how(server, url)
            assert load.goes_on(), "the clients did not recover by themselves"
    load.check()


WAYS = pytest.mark.parametrize("how", [backend, postmaster, clean_restart])


@WAYS
def test_kills_under_load_lose_nothing_and_clients_go_on(
    postgres: str, postgres_server: Server, how: Callable[[Server, str], None]
) -> None:
    rounds(postgres, postgres_server, how, 4)


@WAYS
@pytest.mark.slow
def test_a_hundred_kills_under_load_lose_nothing(
    postgres: str, postgres_server: Server, how: Callable[[Server, str], None]
) -> None:
    rounds(postgres, postgres_server, how, 100)
