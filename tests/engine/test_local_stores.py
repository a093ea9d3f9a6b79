"""The laws of the embedded vault over every store: what holds in memory holds on a server."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.errors import VaultRefused
from llm_guard_protecto.models import Item
from tests.texts import VALUES, texts

KEY = {"LGP_VAULT_KEY": base64.b64encode(os.urandom(32)).decode()}
SOME = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def vault(store_url: str) -> Iterator[LocalVault]:
    with LocalVault(store_url, environ=KEY) as opened:
        yield opened


@SOME
@given(text=texts())
def test_unmasking_gives_the_text_back(vault: LocalVault, text: str) -> None:
    [masked] = vault.mask([text])
    assert vault.unmask([masked.token_value])[0].value == text
    assert vault.mask([masked.token_value])[0].token_value == masked.token_value


@SOME
@given(values=st.lists(st.text(min_size=1, max_size=20), max_size=5))
def test_any_value_has_one_token_and_two_tenants_share_none(
    vault: LocalVault, values: list[str]
) -> None:
    items = [Item(value, token_name="Text Token") for value in values]
    other = vault.in_namespace("other")
    ours, theirs = ([one.token_value for one in each.mask(items)] for each in (vault, other))
    assert [one.token_value for one in vault.mask(items)] == ours
    runs = {run for each in vault.mask(items) for run in _runs(each.token_value)}
    assert not runs & {run for each in theirs for run in _runs(each)}
    assert all(other.resolve(run) is None for run in runs)


def _runs(text: str) -> list[str]:
    """The pieces of a masked value that are tokens of the vault: they hold a digit or a letter."""
    bare = text.replace("<", " <").replace(">", "> ").split()
    return [piece for piece in bare if piece.isascii() and piece.isalnum() and len(piece) > 4]


def test_threads_that_mask_the_same_values_agree(vault: LocalVault) -> None:
    start = threading.Barrier(8)

    def mask(_: int) -> list[str]:
        start.wait()
        return [masked.token_value for masked in vault.mask(VALUES)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(mask, range(8)))
    assert all(answer == answers[0] for answer in answers)


def test_policies_are_kept(vault: LocalVault) -> None:
    vault.put_policy(Policy.parse({"name": "Zoë", "entities": {"URL": {"action": "exclude"}}}))
    assert "Zoë" in vault.policies()
    assert vault.mask(["see https://example.org/imogen"], "Zoë")[0].individual_tokens == ()
    vault.delete_policy("Zoë")
    assert "Zoë" not in vault.policies()


def test_what_was_masked_is_kept_and_recalled(vault: LocalVault) -> None:
    masked = vault.mask(["Imogen Vale called", "nobody did"])
    vault.keep(["call 1"], masked)
    [found] = vault.recall(["call 1"])
    assert found is not None
    assert [one.token_value for one in found] == [one.token_value for one in masked]


@pytest.fixture(params=["sqlite", "postgres"])
def lasting_url(request: pytest.FixtureRequest, tmp_path: os.PathLike[str]) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres"))
    return f"sqlite:///{os.fspath(tmp_path)}/vault.db"


def test_a_vault_opened_again_is_the_same(lasting_url: str) -> None:
    with LocalVault(lasting_url, environ=KEY) as vault:
        before = [one.token_value for one in vault.mask(VALUES)]
    with LocalVault(lasting_url, environ=KEY) as vault, LocalVault(lasting_url, environ=KEY) as two:
        assert [one.token_value for one in vault.mask(VALUES)] == before
        assert [one.value for one in two.unmask(before)] == list(VALUES)


def test_another_key_does_not_open_it(lasting_url: str) -> None:
    LocalVault(lasting_url, environ=KEY).close()
    other = {"LGP_VAULT_KEY": base64.b64encode(os.urandom(32)).decode()}
    with pytest.raises(VaultRefused, match="needs key"):
        LocalVault(lasting_url, environ=other)


def test_the_key_of_a_new_vault_is_made_and_found_again(
    lasting_url: str, tmp_path: os.PathLike[str]
) -> None:
    home = {"XDG_CONFIG_HOME": f"{os.fspath(tmp_path)}/config"}
    with LocalVault(lasting_url, environ=home) as vault:
        [masked] = vault.mask(["Imogen Vale"])
    with LocalVault(lasting_url, environ=home) as vault:
        assert vault.unmask([masked.token_value])[0].value == "Imogen Vale"
    with pytest.raises(VaultRefused, match="was not found"):
        LocalVault(lasting_url, environ={"XDG_CONFIG_HOME": f"{os.fspath(tmp_path)}/elsewhere"})
