"""The vault of the event loop: the same answers, and what it may do while callers wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.store import at_hand
from llm_guard_protecto.server.gateway.nearby import Nearby, nearby
from llm_guard_protecto.server.pool import Pool

TEXT = "Write to Sarah Johnson about the parcel."
PLAIN = "The parcel came back twice because nobody opened the door."


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[LocalVault]:
    with LocalVault(tmp_path / "vault.db", environ={}) as opened:
        yield opened


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2)
    made.start()
    yield made
    made.stop()


def known(vault: LocalVault, text: str) -> bool:
    """Whether the vault can mask a text without a search."""
    try:
        with at_hand.only():
            vault.mask([text])
    except at_hand.NotAtHand:
        return False
    return True


def test_it_answers_as_the_vault_does(vault: LocalVault, pool: Pool) -> None:
    async def asked() -> None:
        near = Nearby(vault, pool, lambda: False)
        for _ in range(2):  # first in a thread, then at hand
            [masked] = await near.mask([TEXT])
            assert masked == vault.mask([TEXT])[0]
        [back] = await near.unmask([masked.token_value])
        assert back.value == TEXT
        await near.keep(["a name"], [masked])
        assert [[one.value for one in found or ()] for found in await near.recall(["a name"])] == [
            [TEXT]
        ]
        assert near.policy() == vault.policy()

    asyncio.run(asked())


def test_what_is_at_hand_needs_no_thread(pool: Pool) -> None:
    async def asked() -> tuple[str, str, str]:
        def where() -> str:
            return threading.current_thread().name

        def searching() -> str:
            at_hand.needs_time()
            return where()

        return (
            await nearby(pool, True, where),
            await nearby(pool, False, where),
            await nearby(pool, True, searching),
        )

    here, there, after = asyncio.run(asked())
    assert here == threading.current_thread().name
    assert there.startswith("request ")
    assert after.startswith("request ")


@pytest.mark.parametrize("busy", [False, True])
def test_nothing_is_read_ahead_while_callers_wait(
    vault: LocalVault, pool: Pool, busy: bool
) -> None:
    assert not known(vault, PLAIN)
    Nearby(vault, pool, lambda: busy).read_ahead([PLAIN])
    assert known(vault, PLAIN) is not busy
