"""A collection masked where it is: step by step, killed and begun again, in either colour."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import pytest

from llm_guard_protecto import AsyncLocalVault, ConfigurationError, LocalVault
from llm_guard_protecto.documents import (
    Document,
    MaskedDocument,
    Progress,
    amask_collection,
    mask_collection,
)

NAMES = ["Thomas Okafor", "Sarah Johnson", "Ada Lindqvist"]


class Killed(Exception):
    """The process went away."""


class Table:
    """Rows by id, as many stores keep them; `fails_after` writes it breaks."""

    def __init__(self, fails_after: int = 10_000) -> None:
        self.rows = {
            f"row-{number:03}": Document(
                f"Note {number}: {NAMES[number % 3]} reported it." if number % 5 else "A leak.",
                {"number": number},
                f"row-{number:03}",
            )
            for number in range(53)
        }
        self.left, self.writes = fails_after, 0

    def after(self, cursor: str | None, most: int) -> Sequence[str]:
        ids = sorted(self.rows)
        start = bisect_right(ids, cursor) if cursor is not None else 0
        return ids[start : start + most]

    def read(self, ids: Sequence[str]) -> Sequence[Document]:
        return [self.rows[one] for one in ids if one in self.rows]

    def write(self, documents: Sequence[MaskedDocument]) -> None:
        for one in documents:
            if self.writes == self.left:
                raise Killed
            assert one.id is not None
            self.rows[one.id] = Document(one.text, one.metadata, one.id)
            self.writes += 1

    def clear(self) -> str:
        return " ".join(one.text for one in self.rows.values())


class AsyncTable(Table):
    """The same, awaited."""

    async def after(self, cursor: str | None, most: int) -> Sequence[str]:  # type: ignore[override]
        return super().after(cursor, most)

    async def read(self, ids: Sequence[str]) -> Sequence[Document]:  # type: ignore[override]
        return super().read(ids)

    async def write(self, documents: Sequence[MaskedDocument]) -> None:  # type: ignore[override]
        super().write(documents)


def test_every_row_is_masked_once(vault: LocalVault) -> None:
    table = Table()
    steps = list(mask_collection(table, vault, size=10))
    assert [step.seen for step in steps] == [10, 10, 10, 10, 10, 3]
    assert sum(step.changed for step in steps) == table.writes == 42
    assert steps[-1].cursor == "row-052"
    for name in NAMES:
        assert name not in table.clear()
    assert table.rows["row-005"].text == "A leak."
    assert next(iter(mask_collection(table, vault, size=10))) == Progress("row-009", 10, 0)
    assert table.writes == 42


def until_killed(table: Table, vault: LocalVault) -> str | None:
    cursor = None
    try:
        for step in mask_collection(table, vault, size=10):
            cursor = step.cursor
    except Killed:
        return cursor
    raise AssertionError("it was not killed")


@pytest.mark.parametrize("fails_after", range(0, 42, 4))
def test_killed_and_begun_again_it_ends_as_if_nothing_had_been(
    vault: LocalVault, fails_after: int
) -> None:
    whole, table = Table(), Table(fails_after)
    list(mask_collection(whole, vault, size=10))
    cursor = until_killed(table, vault)
    table.left = 10_000
    for step in mask_collection(table, vault, cursor=cursor, size=7):
        assert cursor is None or step.cursor > cursor
    assert table.rows == whole.rows


def test_awaited_it_is_the_same(vault: LocalVault) -> None:
    whole, table = Table(), AsyncTable()
    list(mask_collection(whole, vault, size=10))

    async def run() -> list[Progress]:
        shared = AsyncLocalVault(vault=vault)
        return [step async for step in amask_collection(table, shared, size=10)]

    assert len(asyncio.run(run())) == 6
    assert table.rows == whole.rows


def test_a_row_that_is_gone_is_left_out(vault: LocalVault) -> None:
    class Shrinking(Table):
        def read(self, ids: Sequence[str]) -> Sequence[Document]:
            self.rows.pop("row-001", None)
            return super().read(ids)

    assert next(iter(mask_collection(Shrinking(), vault, size=10))).seen == 9


@pytest.mark.parametrize(
    ("broken", "mistake"),
    [
        ({"after": lambda self, cursor, most: ["row-001"]}, "must move on"),
        ({"read": lambda self, ids: [Document("A leak.", {}, "row-900")]}, "other documents"),
        ({"read": lambda self, ids: [Document("A leak.")]}, "other documents"),
    ],
)
def test_a_collection_that_breaks_its_promises_is_refused(
    vault: LocalVault, broken: dict[str, Any], mistake: str
) -> None:
    table = type("Broken", (Table,), broken)()
    with pytest.raises(ConfigurationError, match=mistake):
        list(mask_collection(table, vault, size=10))


def test_a_step_of_nothing_is_refused(vault: LocalVault) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        next(mask_collection(Table(), vault, size=0))
