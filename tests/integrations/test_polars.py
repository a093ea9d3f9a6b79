"""Columns of Polars data frames."""

from __future__ import annotations

from functools import cache

import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.polars import mask_columns, unmask_columns
from tests.integrations.test_pandas import KEYS

MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
PEOPLE = polars.DataFrame(
    {
        "id": [7, 8, 9],
        "name": ["Imogen Hartley", None, "Imogen Hartley"],
        "note": ["call (555) 987-6543", "nothing", ""],
    }
)


@cache
def vault() -> LocalVault:
    return LocalVault("memory:", environ={})


@MANY
@given(
    left=st.lists(st.sampled_from(KEYS), max_size=8),
    right=st.lists(st.sampled_from(KEYS), max_size=8),
)
def test_a_join_on_masked_columns_is_that_on_raw_ones(left: list[str], right: list[str]) -> None:
    one = polars.DataFrame({"who": left, "a": range(len(left))}, schema_overrides={"who": str})
    two = polars.DataFrame({"who": right, "b": range(len(right))}, schema_overrides={"who": str})
    raw = one.join(two, on="who", how="full", coalesce=True)
    masked = mask_columns(one, vault()).join(
        mask_columns(two, vault()), on="who", how="full", coalesce=True
    )
    assert_frame_equal(unmask_columns(masked, vault()), raw, check_row_order=False)


def test_columns_of_text_are_masked_and_all_else_stays() -> None:
    masked = mask_columns(PEOPLE, vault())
    assert masked["id"].to_list() == [7, 8, 9]
    assert masked["name"].is_null().to_list() == [False, True, False]
    assert "Imogen" not in masked.write_csv()
    assert_frame_equal(unmask_columns(masked, vault()), PEOPLE)


def test_categories_become_strings() -> None:
    frame = PEOPLE.with_columns(polars.col("name").cast(polars.Categorical))
    masked = mask_columns(frame, vault(), ["name"])
    assert masked.schema["name"] == polars.String
    assert_frame_equal(unmask_columns(masked, vault()), PEOPLE)


def test_a_lazy_frame_takes_it_too() -> None:
    lazy = PEOPLE.lazy().map_batches(lambda frame: mask_columns(frame, vault(), ["name"]))
    assert_frame_equal(lazy.collect(), mask_columns(PEOPLE, vault(), ["name"]))


def test_a_column_of_a_token_type_is_not_searched() -> None:
    tokens = {"name": "Person Token:Person Name"}
    masked = mask_columns(PEOPLE, vault(), [], tokens=tokens)
    assert masked["note"].equals(PEOPLE["note"])
    assert_frame_equal(unmask_columns(masked, vault(), [], tokens=tokens), PEOPLE)


@pytest.mark.parametrize(
    ("columns", "message"),
    [(["town"], "no column 'town'"), (["id"], "column 'id' holds no text")],
)
def test_what_cannot_be_masked_is_not_passed_over(columns: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        mask_columns(PEOPLE, vault(), columns)
