"""Columns of many rows as PostgreSQL's binary arrays, packed at once.

psycopg packs any list, value by value and in Python: for rows of a dozen columns that takes half of
all the time that adding them costs this process. These know their type.

The form is that of PostgreSQL's `array_recv`: dimensions (1), whether there are nulls, the type of
an element, how many, the first index (1), and for each the length of its bytes (-1: null) and them.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct, pack

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

__all__ = ["blobs", "integers", "longs", "texts"]

_HEAD = Struct(">iiIii")
_LENGTH = Struct(">i").pack
_NULL = _LENGTH(-1)


class _Packed(Dumper):
    """Hands bytes on that are packed already."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


def _form(kind: str) -> type[bytes]:
    """Bytes that psycopg sends as an array of this kind."""
    form = type(f"{kind}_array", (bytes,), {})
    oid = psycopg.postgres.types[kind].array_oid
    psycopg.adapters.register_dumper(form, type(f"{kind}_dumper", (_Packed,), {"oid": oid}))
    return form


_FORMS = {kind: _form(kind) for kind in ("int4", "int8", "bytea", "text")}


def integers(values: Sequence[int]) -> bytes:
    """An `integer[]`, for a place `%b`."""
    parts = [part for value in values for part in (4, value)]
    return _array("int4", len(values), pack(f">{len(parts)}i", *parts))


def longs(values: Sequence[int | None]) -> bytes:
    """A `bigint[]`, for a place `%b`."""
    return _of_any_size("int8", [None if one is None else pack(">q", one) for one in values])


def blobs(values: Sequence[bytes | None]) -> bytes:
    """A `bytea[]`, for a place `%b`."""
    return _of_any_size("bytea", values)


def texts(values: Sequence[str]) -> bytes:
    """A `text[]`, for a place `%b`. The server refuses a text with a null character."""
    return _of_any_size("text", [one.encode() for one in values])


def _of_any_size(kind: str, values: Sequence[bytes | None]) -> bytes:
    parts: list[bytes] = []
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (_LENGTH(len(value)), value)
    return _array(kind, len(values), b"".join(parts), nulls=None in values)


def _array(kind: str, size: int, packed: bytes, *, nulls: bool = False) -> bytes:
    oid = psycopg.postgres.types[kind].oid
    return _FORMS[kind](_HEAD.pack(1, nulls, oid, size, 1) + packed)
