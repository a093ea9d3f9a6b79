"""Columns of pandas data frames."""

from __future__ import annotations

from functools import cache

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.pandas import mask_columns, unmask_columns

MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
KEYS = ("Imogen Hartley", "Ada Moss", "ada.moss@example.com", "(555) 987-6543", "n/a", "", "Moss")
PEOPLE = pandas.DataFrame(
    {
        "id": [7, 8, 9],
        "name": ["Imogen Hartley", None, "Imogen Hartley"],
        "note": ["call (555) 987-6543", "nothing", ""],
    },
    index=[4, 4, 2],
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
    one = pandas.DataFrame({"who": left, "a": range(len(left))}).astype({"who": "str"})
    two = pandas.DataFrame({"who": right, "b": range(len(right))}).astype({"who": "str"})
    raw = one.merge(two, on="who", how="outer")
    masked = mask_columns(one, vault()).merge(mask_columns(two, vault()), on="who", how="outer")
    joined = unmask_columns(masked, vault())
    order = ["who", "a", "b"]
    assert_frame_equal(
        joined.sort_values(order, ignore_index=True), raw.sort_values(order, ignore_index=True)
    )


def test_columns_of_text_are_masked_and_all_else_stays() -> None:
    before = PEOPLE.copy()
    masked = mask_columns(PEOPLE, vault())
    assert_frame_equal(PEOPLE, before)
    assert masked["id"].tolist() == [7, 8, 9]
    assert masked["name"].isna().tolist() == [False, True, False]
    assert "Imogen" not in masked.to_csv()
    assert masked["name"].iloc[0] == masked["name"].iloc[2]
    assert masked.dtypes.equals(PEOPLE.dtypes)
    assert_frame_equal(unmask_columns(masked, vault()), PEOPLE)


@pytest.mark.parametrize("kind", ["str", "string", "object", "category"])
def test_text_of_every_kind(kind: str) -> None:
    frame = PEOPLE[["name"]].astype({"name": kind})
    masked = mask_columns(frame, vault(), "name")
    assert "Imogen" not in masked.to_csv()
    back = unmask_columns(masked, vault(), ["name"])
    assert back["name"].isna().tolist() == [False, True, False]
    assert back["name"].dropna().tolist() == ["Imogen Hartley", "Imogen Hartley"]


def test_a_column_of_a_token_type_is_not_searched() -> None:
    tokens = {"name": "Person Token:Person Name"}
    masked = mask_columns(PEOPLE, vault(), [], tokens=tokens)
    assert masked["note"].equals(PEOPLE["note"])
    assert masked["name"].iloc[0].replace(" ", "").isalpha()
    assert_frame_equal(unmask_columns(masked, vault(), [], tokens=tokens), PEOPLE)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["town"], "no column 'town'"),
        (["id"], "column 'id' holds no text"),
        (["mixed"], "column 'mixed': value 1 is a float"),
        (["twice"], "several columns 'twice'"),
    ],
)
def test_what_cannot_be_masked_is_not_passed_over(columns: list[str], message: str) -> None:
    frame = pandas.DataFrame(
        [["Ada Moss", 1, "a", "b"], [5559876543.0, 2, "a", "b"]],
        columns=["mixed", "id", "twice", "twice"],
    )
    with pytest.raises(ConfigurationError, match=message) as told:
        mask_columns(frame, vault(), columns)
    assert "5559876543" not in str(told.value)
