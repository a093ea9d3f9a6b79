"""What calls masked, kept in the vault: what comes back, for how long, and what the file shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import AsyncLocalVault, LocalVault, Policy
from llm_guard_protecto.engine.kept import REMEMBERED
from llm_guard_protecto.engine.retention import RETENTION_DAYS
from llm_guard_protecto.errors import Unreadable
from llm_guard_protecto.models import IndividualToken, Masked
from llm_guard_protecto.vault import AsyncKeepsMaps, KeepsMaps
from tests.clients.leaks import leaked
from tests.sweep import CANARIES

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
TEXTS = [f"Ask {value}, please." for value in CANARIES]
DAY = 86_400.0


@pytest.fixture
def vault() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}) as opened:
        yield opened


def same(found: object, kept: list[Masked]) -> bool:
    """Whether these are the texts, with all that restoring needs."""
    assert isinstance(found, list)
    return [(one.value, one.token_value, one.individual_tokens) for one in found] == [
        (one.value, one.token_value, one.individual_tokens) for one in kept
    ]


def test_another_vault_object_on_the_file_reads_what_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    with LocalVault(path, environ=KEY) as one, LocalVault(path, environ=KEY) as other:
        masked = one.mask(TEXTS)
        one.keep(["resp_1", "conv_1"], masked)
        first, nothing, second = other.recall(["resp_1", "resp_2", "conv_1"])
    assert same(first, masked)
    assert same(second, masked)
    assert nothing is None


def test_what_is_kept_under_one_name_adds_up(vault: LocalVault) -> None:
    masked = vault.mask(TEXTS)
    vault.keep(["conv_1"], masked[:2])
    vault.keep(["conv_1"], masked[1:3])
    assert same(vault.recall(["conv_1"])[0], masked[:3])


def test_nothing_masked_is_known_all_the_same(vault: LocalVault) -> None:
    vault.keep(["resp_1"], [])
    vault.keep([], vault.mask(TEXTS))
    assert vault.recall(["resp_1", "resp_2"]) == [[], None]
    assert vault.recall([]) == []


def test_namespaces_share_no_maps(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    with LocalVault(path, environ=KEY, namespace="one") as one:
        one.keep(["resp_1"], one.mask(TEXTS))
        with LocalVault(path, environ=KEY, namespace="two") as two:
            assert two.recall(["resp_1"]) == [None]


def test_the_file_shows_no_value_and_no_name(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    with LocalVault(path, environ=KEY) as vault:
        vault.keep(["api.example resp_68f1c2"], vault.mask(TEXTS))
    for file in tmp_path.iterdir():
        data = file.read_bytes()
        assert leaked(data, [*CANARIES, "resp_68f1c2", "please"]) == []


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        # Another's list under this name, another's text in its place, a part renamed, a text gone.
        (
            "UPDATE kept SET sealed = (SELECT sealed FROM kept WHERE length(part) ORDER BY rowid)"
            " WHERE length(part)"
        ),
        (
            "UPDATE kept SET sealed = (SELECT sealed FROM kept WHERE NOT length(part))"
            " WHERE NOT length(part)"
        ),
        "UPDATE kept SET part = x'00' WHERE length(part)",
        "DELETE FROM kept WHERE NOT length(part)",
        "UPDATE kept SET key_version = 9",
    ],
)
def test_what_was_tampered_with_does_not_open(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "vault.db"
    with LocalVault(path, environ=KEY) as vault:
        masked = vault.mask(TEXTS)
        vault.keep(["resp_1"], masked[:1])
        vault.keep(["resp_2"], masked[1:2])
    rows(path, damage)
    with LocalVault(path, environ=KEY) as vault, pytest.raises(Unreadable):
        vault.recall(["resp_1", "resp_2"])


def test_a_chat_that_repeats_its_history_is_kept_once(tmp_path: Path) -> None:
    """Fifty turns of 600 characters, each sent with all that came before."""
    path = tmp_path / "vault.db"
    with LocalVault(path, environ=KEY) as vault:
        turns = vault.mask(
            [f"{n}: write to person{n}@example.com. " + "So it goes. " * 50 for n in range(50)]
        )
        before = path.stat().st_size
        for n in range(50):
            vault.keep([f"resp_{n}"], turns[: n + 1])
        assert same(vault.recall(["resp_49"])[0], turns)
    texts, lists = (
        rows(path, f"SELECT count(*), sum(length(sealed)) FROM kept WHERE {which}")[0]
        for which in ("NOT length(part)", "length(part)")
    )
    assert texts[0] == lists[0] == 50
    assert isinstance(texts[1], int)
    assert texts[1] < 50 * 600
    assert path.stat().st_size - before < 200_000


def test_what_nobody_uses_is_forgotten_and_use_makes_it_young(tmp_path: Path) -> None:
    path, now = tmp_path / "vault.db", [1000 * DAY]
    with LocalVault(path, environ=KEY, clock=lambda: now[0]) as vault:
        masked = vault.mask(TEXTS[:2])
        vault.keep(["used"], masked[:1])
        vault.keep(["left"], masked[1:])
        now[0] += (RETENTION_DAYS - 1) * DAY
        assert same(vault.recall(["used"])[0], masked[:1])
        now[0] += 2 * DAY
        assert vault.recall(["left"]) == [None]
        assert same(vault.recall(["used"])[0], masked[:1])
    assert rows(path, "SELECT count(*) FROM kept") == [(2,)]
    with LocalVault(path, environ=KEY, clock=lambda: now[0] + 1e9) as vault:
        assert vault.recall(["used"]) == [None]
    assert rows(path, "SELECT count(*) FROM kept") == [(0,)]


def test_keeping_again_makes_texts_young(tmp_path: Path) -> None:
    now = [1000 * DAY]
    with LocalVault(tmp_path / "v", environ=KEY, kept_days=10, clock=lambda: now[0]) as vault:
        masked = vault.mask(TEXTS[:1])
        vault.keep(["one"], masked)
        now[0] += 9 * DAY
        vault.keep(["two"], masked)
        now[0] += 2 * DAY
        found = vault.recall(["one", "two"])
    assert found[0] is None
    assert same(found[1], masked)


def test_what_nobody_can_turn_back_is_not_written_down(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    policy = Policy.built_in("anonymize")
    with LocalVault(path, environ=KEY) as vault:
        masked = vault.mask(TEXTS, policy)
        assert any(not t.reversible for one in masked for t in one.individual_tokens)
        vault.keep(["resp_1"], masked)
    with LocalVault(path, environ=KEY) as vault:
        [found] = vault.recall(["resp_1"])
    assert found is not None
    assert [one.token_value for one in found] == [one.token_value for one in masked]
    assert not [
        t.value for one in found for t in one.individual_tokens if not t.reversible and t.value
    ]
    clear = "".join(one.value for one in found)
    assert not [t for one in masked for t in one.individual_tokens if t.value in clear]


TOKENS = st.builds(
    lambda value, token, back: (value, token, back),
    st.text(max_size=6),
    st.text("bcd9"),
    st.booleans(),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.tuples(st.text(max_size=8), TOKENS), max_size=5), end=st.text(max_size=8))
def test_any_text_comes_back_byte_for_byte(
    vault: LocalVault, pieces: list[tuple[str, tuple[str, str, bool]]], end: str
) -> None:
    value, tokens = "", []
    for clear, (original, token, back) in pieces:
        value += clear
        at = len(value)
        original = original if back else ""
        value += original
        tokens.append(IndividualToken(original, "PERSON", token, "<", ">", at, len(value), back))
    masked = Masked(value + end, "", tuple(tokens))
    name = f"n {value}{end}"
    vault.keep([name], [masked])
    [found] = vault.recall([name])
    assert found is not None
    # Another example may have kept the same text without its tokens under this name.
    held = [(one.value, one.individual_tokens) for one in found]
    assert (masked.value, masked.individual_tokens) in held


def test_only_so_many_texts_are_remembered(vault: LocalVault) -> None:
    texts = [Masked(str(n), str(n)) for n in range(REMEMBERED + 9)]
    vault.keep(["all"], texts)
    assert same(vault.recall(["all"])[0], texts)
    assert len(vault._kept._texts) == REMEMBERED


@pytest.mark.anyio
async def test_the_async_vault_keeps_as_well(vault: LocalVault) -> None:
    waiting = AsyncLocalVault(vault=vault)
    masked = await waiting.mask(TEXTS)
    await waiting.keep(["resp_1"], masked)
    [found] = await waiting.recall(["resp_1"])
    assert same(found, masked)
    assert isinstance(waiting, AsyncKeepsMaps)
    assert isinstance(vault, KeepsMaps)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
