"""Erasure: by value, subject, namespace and age, from rows, texts, jobs, files and memories."""

from __future__ import annotations

import base64
import os
from datetime import date
from pathlib import Path

import pytest

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.erasure import Erased, expire
from llm_guard_protecto.engine.jobs import Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.rotation import begin, finish
from llm_guard_protecto.engine.store import Row
from llm_guard_protecto.errors import ConfigurationError, VaultError
from llm_guard_protecto.models import Item
from tests.engine.clock import DAY, KEY, Clock
from tests.engine.rotating import masked

TEXT = "write to Imogen Hartley at imogen@example.com"


def rows(vault: LocalVault) -> list[Row]:
    return vault.store.upkeep.rows(vault.keyring.namespace, limit=100_000)


def test_an_erased_value_is_unknown_to_everybody(opened: tuple[LocalVault, LocalVault]) -> None:
    vault, other = opened
    [text] = other.mask([TEXT])
    assert other.unmask([text.token_value])[0].value == TEXT
    before = len(rows(vault))
    would = vault.erase(value="Imogen Hartley", dry_run=True)
    assert would == Erased(tokens=2, dry_run=True)
    assert len(rows(vault)) == before
    assert vault.erase(value="Imogen Hartley") == Erased(tokens=2)
    for one in (other, vault):
        restored = one.unmask([text.token_value])[0].value
        assert "Imogen" not in restored
        assert "Hartley" not in restored
        assert restored.endswith("imogen@example.com")
    assert other.resolve(text.individual_tokens[0].token) is None
    assert vault.erase(value="Imogen Hartley") == Erased()
    assert other.mask([TEXT])[0].token_value == text.token_value
    assert other.unmask([text.token_value])[0].value == TEXT


def test_a_value_goes_with_all_its_aliases_and_kinds(
    opened: tuple[LocalVault, LocalVault],
) -> None:
    vault, _ = opened
    [usual] = masked(vault, ["Imogen"])
    whole = [Item("Imogen", "person token"), Item("Imogen", "numeric token")]
    other_looks = [one.token_value for one in vault.mask(whole)]
    alias = vault.mask([f"Imogen Hartley, not {usual} itself"])[0]
    assert usual not in alias.individual_tokens[0].token
    assert vault.erase(value="Imogen").tokens == 4
    for token in (usual, alias.individual_tokens[0].token.split()[0], *other_looks):
        assert vault.resolve(token) is None


def test_texts_and_jobs_that_hold_it_go_too(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    with_it, without = vault.mask([TEXT]), vault.mask(["write to Oisín Byrne"])
    other.keep(["answer 1", "answer 2"], [*with_it, *without])
    other.keep(["answer 3"], without)
    assert other.recall(["answer 1"]) != [None]
    queue = Queue(Namespaces(other), clock=clock)
    waits = queue.submit(other, "mask", "ada", {"mask": [{"value": TEXT}]})
    token = with_it[0].individual_tokens[0].token
    asks = queue.submit(other, "unmask", "ada", {"unmask": [{"token_value": token}]})
    ended = queue.record(other, "mask", "ada", f"was {TEXT}")
    stays = queue.submit(other, "mask", "ada", {"mask": [{"value": "Oisín Byrne"}]})
    assert vault.erase(value="Imogen Hartley", dry_run=True) == Erased(2, 3, 3, dry_run=True)
    assert vault.erase(value="Imogen Hartley") == Erased(2, 3, 3)
    assert other.recall(["answer 1", "answer 2"]) == [None, None]
    assert other.recall(["answer 3"]) != [None]
    shown = queue.look(other, [waits, asks, ended, stays])
    assert [one and one.status for one in shown] == ["FAILED", "FAILED", "PURGED", "PENDING"]
    assert [one and one.payload for one in shown[:3]] == [None, None, None]
    assert shown[0] is not None
    assert shown[0].error == "what the job was about was erased"
    taken = queue.claim()
    assert taken is not None
    assert taken.row.tracking_id == stays
    assert queue.claim() is None


def test_everything_of_a_subject_goes_whatever_was_masked_for_it(
    opened: tuple[LocalVault, LocalVault],
) -> None:
    vault, other = opened
    about = {"subject": "customer 17"}
    texts = [
        Item(TEXT, attributes=about),
        Item("Hartley, I.", attributes=about),
        Item("Oisín Byrne"),
    ]
    done = other.mask(texts)
    assert done[0].attributes == about
    assert other.mask(texts) == done
    again = other.mask([Item("IMOGEN HARTLEY called", attributes={"subject": "customer 17"})])
    other.mask([Item("Oisín Byrne", attributes={"subject": "customer 18"})])
    begin(vault.store, "default", vault.root, "index", vault.today())
    finish(vault, "index")
    more = other.mask([Item("reach imogen@example.org", attributes=about)])
    assert vault.erase(subject="customer 99") == Erased()
    assert vault.erase(subject="customer 17").tokens >= 7
    for one in (*done[:2], *again, *more):
        for token in one.individual_tokens:
            assert other.resolve(token.token) is None
    assert other.unmask([done[2].token_value])[0].value == "Oisín Byrne"
    assert vault.erase(subject="customer 17") == Erased()
    assert vault.erase(subject="customer 18").tokens == 2


@pytest.mark.parametrize(
    ("subject", "gone"),
    [("17", 4), (17, 4), ("", 0), (["17"], 0), (True, 0)],
    ids=repr,
)
def test_a_subject_is_a_name_and_anything_else_is_only_echoed(subject: object, gone: int) -> None:
    with LocalVault("memory:") as vault:
        [masked] = vault.mask([Item(TEXT, attributes={"subject": subject})])
        assert masked.attributes == {"subject": subject}
        assert vault.erase(subject="17").tokens == gone


def test_what_was_last_used_before_a_day_goes(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    [old, used] = masked(vault, ["old", "used"])
    vault.keep(["old answer"], vault.mask(["Imogen Hartley"]))
    clock.now += 10 * DAY
    assert masked(other, ["used"]) == [used]
    [young] = masked(vault, ["young"])
    other.retention.flush()
    day = date.fromordinal(date(1970, 1, 1).toordinal() + vault.today())
    assert vault.erase(before=day, dry_run=True) == Erased(3, 2, dry_run=True)
    assert vault.erase(before=day) == Erased(3, 2)
    assert other.resolve(old) is None
    assert [other.resolve(one) for one in (used, young)] == ["used", "young"]
    assert other.recall(["old answer"]) == [None]


def test_a_namespace_goes_as_a_whole(opened: tuple[LocalVault, LocalVault]) -> None:
    vault, other = opened
    mine, theirs = vault.in_namespace("mine"), other.in_namespace("mine")
    [token] = masked(mine, ["Imogen"])
    assert masked(theirs, ["Imogen"]) == [token]
    [kept] = masked(vault, ["Imogen"])
    assert vault.erase(namespace="mine", dry_run=True) == Erased(1, namespaces=1, dry_run=True)
    assert vault.erase(namespace="mine") == Erased(1, namespaces=1)
    for one in (mine, theirs):
        with pytest.raises(VaultError, match="no namespace"):
            one.unmask([token])
        with pytest.raises(VaultError, match="no namespace"):
            masked(one, ["Imogen"])
    assert "mine" not in vault.store.tenants.names()
    assert other.resolve(kept) == "Imogen"
    with pytest.raises(ConfigurationError, match="no namespace 'mine'"):
        vault.erase(namespace="mine")


def test_one_thing_is_erased_at_a_time() -> None:
    with LocalVault("memory:") as vault:
        for given in ({}, {"value": "a", "subject": "b"}, {"value": ""}):
            with pytest.raises(ConfigurationError, match="one thing"):
                vault.erase(**given)  # type: ignore[arg-type]


def traces(path: Path) -> bytes:
    """Every byte of a vault's files."""
    names = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    return b"".join(name.read_bytes() for name in names if name.exists())


@pytest.mark.parametrize("how", ["value", "namespace", "subject"])
def test_no_trace_is_left_in_any_file(tmp_path: Path, how: str) -> None:
    """Many rows, so that pages were divided; what is erased was spread over all of them."""
    path = tmp_path / "vault.db"
    environ = {**KEY, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with (
        LocalVault(path, environ=environ, audit=False) as vault,
        LocalVault(path, environ=environ, audit=False) as reader,
    ):
        stays = [f"value {n}" for n in range(3000)]
        goes = [f"quillfeather{n}" for n in range(100)]
        there = vault.in_namespace("gone") if how == "namespace" else vault
        for at in range(100):
            masked(vault, stays[30 * at : 30 * at + 30])
            there.mask([Item(goes[at], "text token", attributes={"subject": "customer 17"})])
        there.keep(["answer"], there.mask(["write to Imogen Hartley"]))
        number = there.keyring.namespace
        places = [index.of("subject", "customer 17") for index in there.keyring.indexes]
        gone = [row for row in rows(there) if there.keyring.value(row).startswith("quill")]
        kept = there.store.upkeep.kept(number)
        assert len(gone) == 100
        assert all(row.sealed in traces(path) and row.index in traces(path) for row in gone[:5])
        masked(reader, stays[:10])
        if how == "value":
            for value in goes[:-1]:
                vault.store.upkeep.remove(number, [r.token for r in gone if r is not gone[-1]])
            assert vault.erase(value=there.keyring.value(gone[-1])).tokens == 1
            assert vault.erase(value="Imogen Hartley") == Erased(2, 2)
        elif how == "subject":
            assert vault.erase(subject="customer 17").tokens == 100
        else:
            assert vault.erase(namespace="gone").namespaces == 1
        left = traces(path)
        for row in gone:
            for trace in (row.sealed, row.index, row.token.encode(), row.sealed[13:29]):
                assert trace not in left
        if how != "subject":
            assert all(one.sealed not in left and one.place not in left for one in kept)
        assert not any(place in left for place in places) or how == "value"
        assert b"quillfeather" not in left
        assert [one.value for one in reader.unmask(masked(reader, stays[:50]))] == stays[:50]


def test_an_erasure_that_was_stopped_is_run_again(tmp_path: Path, clock: Clock) -> None:
    """Texts go first: when only they are gone, the value still finds the rest."""
    with LocalVault(tmp_path / "v.db", environ=KEY, clock=clock, audit=False) as vault:
        vault.keep(["answer"], vault.mask([TEXT]))
        number = vault.keyring.namespace
        vault.store.upkeep.remove(number, kept=vault.store.upkeep.kept(number))
        assert vault.erase(value="Imogen Hartley") == Erased(2)


def test_what_is_older_than_the_retention_is_erased_on_demand(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    [old] = masked(vault, ["old"])
    vault.keep(["old answer"], vault.mask(["Imogen Hartley"]))
    clock.now += 90 * DAY
    assert expire(vault, dry_run=True) == Erased(dry_run=True)
    [young] = masked(other, ["young"])
    clock.now += DAY
    vault.store.upkeep.claim(vault.keyring.namespace, vault.today())
    assert expire(vault, dry_run=True) == Erased(3, 2, dry_run=True)
    assert expire(vault) == Erased(3, 2)
    assert other.resolve(old) is None
    assert other.resolve(young) == "young"


def test_a_reader_that_never_ends_is_named(tmp_path: Path) -> None:
    import apsw

    path = tmp_path / "vault.db"
    environ = {"LGP_VAULT_KEY": base64.b64encode(os.urandom(32)).decode()}
    with LocalVault(path, environ=environ, audit=False) as vault:
        masked(vault, ["Imogen"])
        vault.store.upkeep._patience = 0.1  # type: ignore[attr-defined]
        db = apsw.Connection(str(path))
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM tokens").fetchall()
        with pytest.raises(VaultError, match="run the same again|locked"):
            vault.erase(value="Imogen")
        db.execute("ROLLBACK")
        db.close()
        vault.erase(value="Imogen")
        assert path.with_name("vault.db-wal").stat().st_size == 0
