"""What nobody uses is forgotten after 90 days; what somebody uses is not, whoever it is."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import pytest

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.retention import Retention
from llm_guard_protecto.engine.store import Row
from llm_guard_protecto.errors import ConfigurationError
from tests.engine.clock import DAY, KEY, Clock
from tests.engine.rotating import masked


def rows(vault: LocalVault) -> dict[str, Row]:
    return {
        vault.keyring.value(row): row for row in vault.store.upkeep.rows(vault.keyring.namespace)
    }


def settle(vault: LocalVault) -> None:
    """Wait for what is done beside the calls."""
    deadline = time.monotonic() + 30
    while vault.retention._thread is not None and time.monotonic() < deadline:
        time.sleep(0.02)


def test_what_is_used_stays_and_the_rest_goes_by_itself(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    tokens = dict(
        zip(("used", "asked", "idle"), masked(vault, ["used", "asked", "idle"]), strict=True)
    )
    for _ in range(4):
        clock.now += 30 * DAY
        assert masked(other, ["used"]) == [tokens["used"]]
        assert other.resolve(tokens["asked"]) == "asked"
        settle(other)
        settle(vault)
    assert set(rows(vault)) == {"used", "asked"}
    assert vault.resolve(tokens["idle"]) is None
    assert vault.resolve(tokens["used"]) == "used"


def test_the_day_is_noted_once_a_day_and_beside_the_call(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    masked(vault, ["value"])
    assert rows(vault)["value"].used == 0
    clock.now += 10 * DAY
    for one in (vault, other, vault):
        masked(one, ["value"])
        one.retention.flush()
    row = rows(vault)["value"]
    assert (row.used, row.day) == (vault.today(), vault.today() - 10)


def test_an_old_row_is_noted_before_the_call_is_answered(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    """Or else another process might forget it before the note is written."""
    vault, other = opened
    [token] = masked(vault, ["value"])
    clock.now += 89 * DAY
    assert other.unmask([token])[0].value == "value"
    assert rows(vault)["value"].used == vault.today()
    clock.now += 5 * DAY
    vault.retention.sweep(vault.keyring, vault.today())
    assert other.resolve(token) == "value"


def test_a_value_that_was_forgotten_is_not_answered_from_memory(
    opened: tuple[LocalVault, LocalVault], clock: Clock
) -> None:
    vault, other = opened
    [token] = masked(other, ["value"])
    vault.store.upkeep.expire(vault.keyring.namespace, vault.today() + 1)
    assert other.resolve(token) is None
    assert masked(other, ["value"]) == [token]
    assert vault.resolve(token) == "value"


def test_zero_keeps_everything(tmp_path: Path, clock: Clock) -> None:
    environ = {**KEY, "LLM_GUARD_RETENTION_DAYS": "0"}
    with LocalVault(tmp_path / "v.db", environ=environ, clock=clock, audit=False) as vault:
        [token] = masked(vault, ["value"])
        vault.keep(["answer"], vault.mask(["Imogen Hartley"]))
        clock.now += 4000 * DAY
        vault.retention.sweep(vault.keyring, vault.today())
        assert vault.resolve(token) == "value"
        assert vault.recall(["answer"]) != [None]


@pytest.mark.parametrize(
    ("environ", "given", "days"),
    [({}, None, 90), ({"LLM_GUARD_RETENTION_DAYS": "7"}, None, 7), ({}, 30, 30),
     ({"LLM_GUARD_RETENTION_DAYS": "7"}, 0, 0)],
)  # fmt: skip
def test_who_says_how_long(environ: dict[str, str], given: int | None, days: int) -> None:
    with LocalVault("memory:", environ=environ, retention=given) as vault:
        assert (vault.retention.days, vault.retention.kept_days) == (days, days)


@pytest.mark.parametrize("said", ["", "-1", "ninety", "1.5", "٣"])
def test_a_retention_is_a_number_of_days(said: str) -> None:
    with pytest.raises(ConfigurationError, match="LLM_GUARD_RETENTION_DAYS is a whole number"):
        LocalVault("memory:", environ={"LLM_GUARD_RETENTION_DAYS": said})
    with pytest.raises(ConfigurationError, match="retention is a whole number"):
        LocalVault("memory:", environ={}, retention=-1)


def test_one_process_looks_on_each_day(tmp_path: Path, clock: Clock) -> None:
    """The other one finds that somebody has looked, and does nothing."""
    with (
        LocalVault(tmp_path / "v.db", environ=KEY, clock=clock, audit=False) as vault,
        LocalVault(tmp_path / "v.db", environ=KEY, clock=clock, audit=False) as other,
    ):
        for one in (vault, other):
            masked(one, ["value"])
            settle(one)
        assert not vault.store.upkeep.claim(vault.keyring.namespace, vault.today())
        clock.now += DAY
        assert vault.store.upkeep.claim(vault.keyring.namespace, vault.today())


def test_closing_writes_what_was_noted(tmp_path: Path, clock: Clock) -> None:
    with LocalVault(tmp_path / "v.db", environ=KEY, clock=clock, audit=False) as vault:
        masked(vault, ["value"])
    clock.now += DAY
    with LocalVault(tmp_path / "v.db", environ=KEY, clock=clock, audit=False) as vault:
        masked(vault, ["value"])
    with LocalVault(tmp_path / "v.db", environ=KEY, clock=clock, audit=False) as vault:
        assert rows(vault)["value"].used == vault.today()


def test_a_vault_that_is_gone_harms_nobody(tmp_path: Path, clock: Clock) -> None:
    with LocalVault(tmp_path / "v.db", environ=KEY, clock=clock, audit=False) as vault:
        masked(vault, ["value"])
        retention = Retention(vault.store, 90, 90)
        clock.now += DAY
        retention.noting(vault.keyring, vault.today)(list(rows(vault).values()))
        retention.look(vault.keyring, vault.today())
    retention.close()
    assert retention._thread is None


def test_a_child_notes_by_itself_after_a_fork(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "v.db"
    with LocalVault(path, environ=KEY, clock=clock, audit=False) as vault:
        masked(vault, ["value"])
    clock.now += DAY
    with LocalVault(path, environ=KEY, clock=clock, audit=False) as vault:
        settle(vault)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other tests may have left threads
            child = os.fork()
        if not child:
            code = 1
            try:
                masked(vault, ["value"])
                settle(vault)
                code = 0 if rows(vault)["value"].used == vault.today() else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
