"""What is answered from memory alone: nothing that waits, and nothing that is out of date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.engine.bearers import Bearers
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store.at_hand import NotAtHand, only
from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.errors import VaultUnavailable
from tests.test_canaries import KEY

TEXT = "Ask Sarah Johnson"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


@pytest.fixture
def vault(path: Path) -> Iterator[LocalVault]:
    with LocalVault(path, environ=KEY) as made:
        yield made


def test_what_was_masked_before_is_at_hand(vault: LocalVault) -> None:
    with pytest.raises(NotAtHand), only():
        vault.mask([TEXT])
    known = vault.mask([TEXT])
    with only():
        assert vault.mask([TEXT]) == known


def test_words_that_look_like_tokens_are_looked_up_at_hand(path: Path, vault: LocalVault) -> None:
    """And again once somebody, in any process, has written: one of them may be a token now."""
    with LocalVault(path, environ=KEY) as other:
        other.mask(["value of somebody else"])
        text = f"{TEXT} about order 4711ab and yuki3"
        known = vault.mask([text])
        for _ in range(2):
            with only():
                assert vault.mask([text]) == known
        [masked] = other.mask(["Ask Wilhelmina Lindqvist"])
        [token] = masked.individual_tokens
        [asked] = vault.mask([f"{TEXT} about {token.token}"])
        with only():
            assert vault.mask([f"{TEXT} about {token.token}"]) == [asked]
        assert vault.unmask([asked.token_value])[0].value == f"{TEXT} about {token.value}"


def test_a_known_value_in_a_new_text_is_not(vault: LocalVault) -> None:
    vault.mask([TEXT])
    with pytest.raises(NotAtHand), only():
        vault.mask([f"{TEXT} again"])


def test_what_was_given_up_has_changed_nothing(vault: LocalVault) -> None:
    for _ in range(3):
        with pytest.raises(NotAtHand), only():
            vault.mask([TEXT])
    assert sum(vault.store.usage(vault.keyring.namespace).values()) == 0
    [masked] = vault.mask([TEXT])
    assert vault.unmask([masked.token_value])[0].value == TEXT


def test_writing_and_reading_rows_are_not_at_hand(vault: LocalVault) -> None:
    with pytest.raises(NotAtHand), only():
        vault.put_policy(Policy.built_in())
    with pytest.raises(NotAtHand), only():
        vault.store.by_index(vault.keyring.namespace, [bytes(16)])


def test_no_error_handler_swallows_it() -> None:
    def careless() -> None:
        with suppress(Exception):
            raise NotAtHand

    with pytest.raises(NotAtHand):
        careless()


def test_a_revoked_token_is_refused_at_once_whoever_revoked_it(
    path: Path, vault: LocalVault
) -> None:
    """Also by another process, which is another vault on the same file here."""
    bearers = Bearers(Namespaces(vault))
    token = bearers.create("acme", "alice", ["mask"])
    digest = bearers.of("acme")[0].digest
    for _ in range(2):
        with only():
            assert bearers.caller(token) is not None
    with LocalVault(path, environ=KEY) as other:
        Bearers(Namespaces(other)).revoke(digest)
    with only():
        assert bearers.caller(token) is None


def test_a_changed_policy_acts_on_the_next_request(path: Path, vault: LocalVault) -> None:
    vault.mask([TEXT])
    with only():
        assert vault.policy("default").name == "default"
    with LocalVault(path, environ=KEY) as other:
        other.put_policy(Policy.parse({"name": "default", "entities": {}}))
    with pytest.raises(NotAtHand), only():
        vault.mask([TEXT])


def test_what_another_process_erased_is_not_at_hand(path: Path, vault: LocalVault) -> None:
    """The vault has to forget first, and that takes its time."""
    vault.mask([TEXT])
    with only():
        vault.mask([TEXT])
    with LocalVault(path, environ=KEY) as other:
        other.erase(value="Sarah Johnson")
    for _ in range(2):
        with pytest.raises(NotAtHand), only():
            vault.mask([TEXT])
    [masked] = vault.mask([TEXT])
    assert vault.unmask([masked.token_value])[0].value == TEXT


def test_on_another_day_it_looks_first_what_has_grown_old(path: Path) -> None:
    now = [1_772_600_767.0]
    with LocalVault(path, environ=KEY, clock=lambda: now[0]) as vault:
        vault.mask([TEXT])
        with only():
            vault.mask([TEXT])
        now[0] += 86_400
        for _ in range(2):
            with pytest.raises(NotAtHand), only():
                vault.mask([TEXT])


def test_a_locked_file_is_not_waited_for(path: Path) -> None:
    """A neighbour that lets nobody read: a thread that may wait will find out for how long."""
    LocalVault(path, environ=KEY).close()
    connections = Connections(path, patience=0.0)
    greedy = apsw.Connection(str(path))
    greedy.pragma("locking_mode", "exclusive")
    greedy.execute("BEGIN EXCLUSIVE")
    with pytest.raises(NotAtHand), only():
        connections.look(("names",), _names)
    with pytest.raises(VaultUnavailable, match="locked"):
        connections.look(("names",), _names)
    greedy.execute("ROLLBACK")
    greedy.close()
    with only():
        assert connections.look(("names",), _names) == [(b"default",)]
    connections.close()


def _names(db: apsw.Connection) -> list[tuple[object, ...]]:
    return db.execute("SELECT name FROM namespaces").fetchall()
