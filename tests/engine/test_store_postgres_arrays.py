"""Arrays that we pack, as PostgreSQL reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.engine.store.postgres_arrays import blobs, integers, longs, texts
from tests.postgres import Server

MANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
INT4 = st.integers(-(2**31), 2**31 - 1)
INT8 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.fixture(scope="module")
def database(postgres_server: Server) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_server.fresh(), autocommit=True) as opened:
        yield opened


def read(database: psycopg.Connection[Any], packed: bytes) -> tuple[str, Any]:
    """The type of what was sent, and its value."""
    asked = "SELECT pg_typeof(x)::text, x FROM (SELECT %b AS x) _"
    [(kind, value)] = database.execute(asked, [packed])
    return kind, value


@MANY
@given(numbers=st.lists(INT4), large=st.lists(st.none() | INT8))
def test_numbers_arrive(
    database: psycopg.Connection[Any], numbers: list[int], large: list[int | None]
) -> None:
    assert read(database, integers(numbers)) == ("integer[]", numbers)
    assert read(database, longs(large)) == ("bigint[]", large)


@MANY
@given(values=st.lists(st.none() | st.binary()), words=st.lists(TEXT))
def test_bytes_and_texts_arrive(
    database: psycopg.Connection[Any], values: list[bytes | None], words: list[str]
) -> None:
    assert read(database, blobs(values)) == ("bytea[]", values)
    assert read(database, texts(words)) == ("text[]", words)
