"""A batch as plain lists: pure, and cut anywhere it is masked the same."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault
from llm_guard_protecto.bulk import mask_batch, mask_each, unmask_batch
from llm_guard_protecto.errors import ConfigurationError

TEXTS = st.sampled_from(
    ["Sarah Johnson", "call Thomas Okafor", "sarah@example.com", "nobody", "", None]
)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.integers()), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def vault() -> Any:
    with LocalVault() as opened:
        yield opened


def columns(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: [row[at] for row in rows] for at, name in enumerate(("who", "note", "age"))}


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, cut=st.integers(0, 8))
def test_it_is_pure_and_may_be_cut_anywhere(
    vault: LocalVault, rows: list[tuple[Any, ...]], cut: int
) -> None:
    batch = columns(rows)
    before = deepcopy(batch)
    whole = mask_batch(batch, vault, ["who", "note"])
    assert batch == before
    assert whole == mask_batch(batch, vault, ["who", "note"])
    parts = [mask_batch(columns(part), vault, ["who", "note"]) for part in (rows[:cut], rows[cut:])]
    assert whole == {name: [*parts[0][name], *parts[1][name]] for name in whole}
    assert unmask_batch(whole, vault, ["who", "note"]) == batch


def test_the_columns_with_text_are_masked_unless_some_are_named(vault: LocalVault) -> None:
    batch: dict[str, list[Any]] = {
        "who": ["Sarah Johnson", None],
        "note": ["Sarah Johnson", "x"],
        "age": [41, 37],
    }
    [token] = {one.token_value for one in mask_each(vault, ["Sarah Johnson"])}
    assert mask_batch(batch, vault) == {**batch, "who": [token, None], "note": [token, "x"]}
    assert mask_batch(batch, vault, "who") == {**batch, "who": [token, None]}
    assert mask_batch(batch, vault)["age"] is batch["age"]


def test_a_column_of_one_token_type_is_not_searched(vault: LocalVault) -> None:
    batch = {"name": ["nobody you know", None]}
    masked = mask_batch(batch, vault, tokens={"name": "Person Token"})
    assert masked["name"][0] != "nobody you know"
    assert masked["name"][1] is None
    assert unmask_batch(masked, vault, tokens={"name": "Person Token"}) == batch


def test_what_is_no_text_is_named_and_not_shown(vault: LocalVault) -> None:
    with pytest.raises(ConfigurationError, match="column 'who': value 1 is a int") as caught:
        mask_batch({"who": ["Sarah", 5559876543]}, vault)
    assert "555" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="no column 'whom'"):
        mask_batch({"who": ["Sarah"]}, vault, ["whom"])
    assert mask_batch({"who": [None]}, vault, ["who"]) == {"who": [None]}
    assert mask_batch({}, vault) == {}
