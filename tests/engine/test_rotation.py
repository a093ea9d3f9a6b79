"""Rotation of data, index and token keys: nothing visible changes, for nobody."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.jobs import Queue
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.retention import sweep
from llm_guard_protecto.engine.rotation import Role, begin, finish, unfinished
from llm_guard_protecto.engine.store import Row
from llm_guard_protecto.engine.verify import verify
from llm_guard_protecto.errors import Unreadable, VaultRefused
from llm_guard_protecto.models import Item
from llm_guard_protecto.policy import Policy
from tests.engine.clock import DAY, KEY, Clock
from tests.engine.rotating import masked

ROLES: tuple[Role, ...] = get_args(Role)
KNOWN = [f"known {n}" for n in range(60)]


def rotate(vault: LocalVault, role: Role, *, again: bool = True) -> None:
    begin(vault.store, vault.keyring.name, vault.root, role, vault.today())
    if again:
        finish(vault, role)


def recalled(vault: LocalVault, *names: str) -> list[str | None]:
    """The one masked text that is kept under each name."""
    return [None if found is None else found[0].token_value for found in vault.recall(names)]


def states(vault: LocalVault, role: str) -> list[str]:
    rows = vault.store.keys(vault.keyring.namespace)
    return [row.state for row in rows if row.role == role]


@pytest.mark.parametrize("again", [True, False], ids=["finished", "begun"])
@pytest.mark.parametrize("role", ROLES)
def test_no_token_changes_and_every_value_comes_back(
    opened: tuple[LocalVault, LocalVault], role: Role, again: bool
) -> None:
    vault, other = opened
    tokens = masked(vault, KNOWN)
    assert masked(other, KNOWN[:30]) == tokens[:30]
    rotate(vault, role, again=again)
    assert masked(other, KNOWN) == tokens
    assert masked(vault, KNOWN) == tokens
    new = masked(other, ["new to both"])
    assert masked(vault, ["new to both"]) == new
    for one in (vault, other):
        restored = one.unmask([*tokens, *new])
        assert [text.value for text in restored] == [*KNOWN, "new to both"]
    assert verify(vault.store, vault.root).damaged == []


def test_what_was_sealed_is_sealed_by_the_new_key_only(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, _ = opened
    number = vault.keyring.namespace
    text = vault.mask(["write to Imogen Hartley"])
    vault.keep(["response 1"], text)
    queue = Queue(Namespaces(vault), clock=clock)
    waits = queue.submit(vault, "mask", "ada", {"mask": [{"value": "Imogen Hartley"}]})
    ended = queue.record(vault, "unmask", "ada", "all is well")
    rotate(vault, "data")
    assert set(vault.store.usage(number)) == {2}
    assert states(vault, "data") == ["retired", "primary"]
    assert recalled(vault, "response 1") == [text[0].token_value]
    look = queue.look(vault, [waits, ended])
    assert [one and (one.payload, one.result) for one in look] == [
        ({"mask": [{"value": "Imogen Hartley"}]}, None),
        (None, "all is well"),
    ]
    clock.now += DAY
    sweep(vault.store, vault.keyring, vault.today(), 90, 90)
    assert states(vault, "data") == ["destroyed", "primary"]
    assert vault.store.keys(number)[0].wrapped == b""
    assert vault.unmask([text[0].token_value])[0].value == "write to Imogen Hartley"
    assert recalled(vault, "response 1") == [text[0].token_value]
    assert verify(vault.store, vault.root).good


def test_a_process_that_only_queues_seals_by_the_newest_key(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    queue = Queue(Namespaces(other), clock=clock)
    rotate(vault, "data")
    clock.now += DAY
    sweep(vault.store, vault.keyring, vault.today(), 0, 0)
    waits = queue.submit(other, "mask", "ada", {"mask": []})
    taken = Queue(Namespaces(vault), clock=clock).claim()
    assert taken is not None
    assert (taken.row.tracking_id, taken.payload) == (waits, {"mask": []})


def test_a_key_that_something_needs_is_not_destroyed(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, _ = opened
    tokens = masked(vault, KNOWN)
    rotate(vault, "data", again=False)
    clock.now += 400 * DAY
    sweep(vault.store, vault.keyring, vault.today(), 0, 0)
    assert states(vault, "data") == ["active", "primary"]
    assert [one.value for one in vault.unmask(tokens)] == KNOWN


def test_a_name_is_found_after_its_index_key_was_replaced(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    text = vault.mask(["write to Imogen Hartley"])
    vault.keep(["response 1", "response 2"], text)
    rotate(vault, "index")
    for one in (vault, other):
        assert recalled(one, "response 1", "nothing") == [text[0].token_value, None]
    clock.now += 60 * DAY
    assert recalled(vault, "response 1") == [text[0].token_value]
    clock.now += 31 * DAY
    vault.refresh()
    sweep(vault.store, vault.keyring, vault.today(), 0, 90)
    assert states(vault, "index") == ["destroyed", "primary"]
    vault.refresh()
    assert recalled(vault, "response 1", "response 2") == [text[0].token_value, None]
    assert masked(vault, ["Imogen"]) == masked(other, ["Imogen"])


def test_an_anonymised_token_stays_one_after_its_key_was_replaced(
    opened: tuple[LocalVault, LocalVault],
) -> None:
    vault, other = opened
    policy = Policy.built_in().model_copy(update={"name": "away"})
    rules = {name: rule.model_copy(update={"action": "anonymize"})
             for name, rule in policy.entities.items()}  # fmt: skip
    policy = policy.model_copy(update={"entities": rules})
    [gone] = vault.mask(["Imogen Hartley, imogen@example.com"], policy)
    assert "Imogen" not in gone.token_value
    rotate(vault, "token")
    for one in (vault, other):
        assert one.mask([gone.token_value], policy)[0].token_value == gone.token_value


def test_new_values_get_tokens_by_the_new_key_and_old_ones_keep_theirs() -> None:
    with LocalVault("memory:") as vault:
        [before] = masked(vault, ["known"])
        old = vault.keyring.tokens
        rotate(vault, "token")
        assert masked(vault, ["known"]) == [before]
        assert vault.keyring.tokens.version == 2
        assert vault.keyring.tokens.digest("new") != old.digest("new")
        assert states(vault, "token") == ["active", "primary"]


def test_a_rotation_is_finished_by_whoever_comes(opened: tuple[LocalVault, LocalVault]) -> None:
    vault, other = opened
    tokens = masked(vault, KNOWN)
    for role in ("data", "index"):
        begin(vault.store, "default", vault.root, role, 1)
        begin(vault.store, "default", vault.root, role, 1)
        assert unfinished(other.store, "default", role)
        done = finish(other, role)
        assert (done.version, done.rewritten, done.damaged) == (3, len(KNOWN), 0)
        assert not unfinished(vault.store, "default", role)
        assert finish(vault, role).rewritten == 0
    assert masked(vault, KNOWN) == tokens


def test_what_does_not_open_is_counted_and_its_key_stays(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, _ = opened
    number = vault.keyring.namespace
    masked(vault, KNOWN)
    row = vault.store.upkeep.rows(number)[5]
    bent = _bent(row)
    assert vault.store.upkeep.replace(number, [(row, bent)]) == 1
    begin(vault.store, "default", vault.root, "data", vault.today())
    done = finish(vault, "data")
    assert (done.rewritten, done.damaged) == (len(KNOWN) - 1, 1)
    clock.now += 2 * DAY
    sweep(vault.store, vault.keyring, vault.today(), 0, 0)
    assert states(vault, "data") == ["retired", "primary"]
    found = verify(vault.store, vault.root)
    assert [(one.what, one.name, one.reason) for one in found.damaged] == [
        ("token", row.token, "does not open")
    ]


def test_one_row_that_does_not_open_is_an_error_for_its_own_token_only() -> None:
    with LocalVault("memory:") as vault:
        tokens = masked(vault, KNOWN)
        number = vault.keyring.namespace
        [row] = vault.store.by_token(number, [tokens[3].split()[0]])
        vault.store.upkeep.replace(number, [(row, _bent(row))])
        vault.refresh()
        with pytest.raises(Unreadable):
            vault.unmask([tokens[3]])
        rest = tokens[:3] + tokens[4:]
        assert [one.value for one in vault.unmask(rest)] == KNOWN[:3] + KNOWN[4:]


def _bent(row: Row) -> Row:
    return replace(row, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]))


def test_masking_never_stops_while_keys_are_rotated(
    opened: tuple[LocalVault, LocalVault],
) -> None:
    vault, other = opened
    given: dict[str, str] = {}
    wrong: list[str] = []
    done = threading.Event()

    def mask(one: LocalVault, seed: int) -> None:
        step = 0
        while not done.is_set() or step < 5:
            step += 1
            some = [f"value {(seed * step + n) % 150}" for n in range(7)]
            for value, token in zip(some, masked(one, some), strict=True):
                if given.setdefault(value, token) != token:
                    wrong.append(f"{value}: two tokens")
                if one.unmask([token])[0].value != value:
                    wrong.append(f"{value}: not restored")

    threads = [threading.Thread(target=mask, args=(one, 13 + n)) for n, one in enumerate(opened)]
    for thread in threads:
        thread.start()
    for role in (*ROLES, *ROLES):
        rotate(vault, role)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(given) > 20
    assert masked(other, list(given)) == list(given.values())


def test_a_data_key_that_is_nearly_used_up_is_replaced(
    opened: tuple[LocalVault, LocalVault],
) -> None:
    vault, _ = opened
    vault._seal_limit = 640
    vault.refresh()
    tokens = [masked(vault, [f"value {n}"])[0] for n in range(700)]
    versions = vault.store.usage(vault.keyring.namespace)
    assert len(versions) == 2
    assert max(versions.values()) < 640
    assert states(vault, "data") == ["active", "primary"]
    assert [one.value for one in vault.unmask(tokens)] == [f"value {n}" for n in range(700)]


def test_a_data_key_seals_no_more_than_it_may() -> None:
    with LocalVault("memory:") as vault:
        keys = Keyring.open(vault.store, "default", vault.root, 1, limit=128)
        for _ in range(128):
            keys.seal_at(b"", "place")
        assert keys.full
        with pytest.raises(VaultRefused, match="keys rotate --data"):
            keys.seal_at(b"", "place")


def test_what_another_process_sealed_by_a_newer_key_is_read() -> None:
    with LocalVault("memory:") as vault:
        old = Keyring.open(vault.store, "default", vault.root, 1)
        rotate(vault, "data")
        version, sealed = vault.keyring.seal_at(b"clear", "place")
        assert version == 2
        assert old.open_at(2, sealed, "place") == b"clear"
        with pytest.raises(Unreadable):
            old.open_at(3, sealed, "place")


def test_namespaces_rotate_by_themselves(tmp_path: Path) -> None:
    with LocalVault(tmp_path / "v.db", environ=KEY, audit=False) as vault:
        other = vault.in_namespace("other")
        [token] = masked(other, ["known"])
        rotate(vault, "index")
        assert states(other, "index") == ["primary"]
        assert masked(other, ["known"]) == [token]
        assert other.mask([Item("known", "text token", "default format")])[0].token_value == token
