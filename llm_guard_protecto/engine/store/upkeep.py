"""What keeping a vault in order needs of its store: reading everything, changing it, removing it.

Rotation writes rows anew under other keys, erasure and retention remove them, verification reads
them all. None of this is on the way of a call. The same promises as in `Store`: what a method
changed is durable when it returns, in one transaction, safe from several threads and processes.

Every method that changes keys or removes anything ends the namespace's generation in the same
transaction, see `Store.generation`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from llm_guard_protecto.engine.store import Kept, KeyRow, Row
from llm_guard_protecto.engine.store.jobs import JobRow

__all__ = ["PAGE", "Pages", "Rewrap", "Upkeep", "replacements"]

PAGE = 500
"""Rows that are read or written at once: short enough for others to come in between."""

Rewrap = Callable[[str, KeyRow], bytes]
"""A key wrapped anew, from the name of its namespace and the key as it stands."""


class Upkeep(Protocol):
    """Reads in pages, writes what nobody has changed meanwhile, removes for good."""

    def rows(self, namespace: int, after: str = "", limit: int = PAGE) -> list[Row]:
        """The rows whose token comes behind `after`, in order of their tokens (ASCII case
        ignored), at most `limit`.
        """
        ...

    def kept(
        self, namespace: int, after: tuple[bytes, bytes] = (b"", b""), limit: int = PAGE
    ) -> list[Kept]:
        """What is kept behind a (place, part), in order of both."""
        ...

    def jobs(self, namespace: int, after: str = "", limit: int = PAGE) -> list[JobRow]:
        """The jobs behind a tracking id, in order of their ids."""
        ...

    def kinds(self, namespace: int) -> list[str]:
        """Every kind that a row of the namespace has, sorted. Reads every row."""
        ...

    def replace(
        self,
        namespace: int,
        rows: Sequence[tuple[Row, Row]] = (),
        kept: Sequence[tuple[Kept, Kept]] = (),
        jobs: Sequence[tuple[JobRow, JobRow]] = (),
        generation: int | None = None,
    ) -> int:
        """Write the second of each pair where the first still stands; how many were written.

        A row is known by its token and stands if its sealed bytes do; it gets the index, the key
        version, the sealed bytes and the attributes of the second. What is kept is known by place
        and part and stands if its sealed bytes do; it gets key version and sealed bytes. A job is
        known by its id and stands if its status, payload and outcome do; it gets those, the key
        version and the end. Raises `Stale` as `Store.add` does. Begins no new generation.
        """
        ...

    def remove(
        self, namespace: int, tokens: Sequence[str] = (), kept: Sequence[Kept] = ()
    ) -> tuple[int, int]:
        """Remove the rows of these tokens with their links, and what is kept there; how many."""
        ...

    def expire(self, namespace: int, before: int, limit: int = PAGE) -> int:
        """Remove at most `limit` rows that nobody has used since a day (neither made nor used on
        it or later), in days since 1970-01-01; how many. `Store.forget` does it for the rest.
        """
        ...

    def old(self, namespace: int, before: int) -> tuple[int, int]:
        """How many rows, and how much of what is kept, nobody has used since a day."""
        ...

    def touch(
        self, namespace: int, tokens: Sequence[str], day: int, generation: int | None = None
    ) -> None:
        """Note that these rows were used on a day, unless they were later. Raises `Stale` as
        `Store.add` does. Begins no new generation.
        """
        ...

    def claim(self, namespace: int, day: int) -> bool:
        """Whether the caller is the first to look on this day for what has aged."""
        ...

    def link(
        self,
        namespace: int,
        subject: bytes,
        tokens: Sequence[str],
        version: int,
        generation: int | None = None,
    ) -> None:
        """Note that these rows are values of a subject, a blind index by the index key `version`.
        A token without a row is left out. Raises `Stale` as `Store.add` does. Begins no new
        generation. A link ends with its row.
        """
        ...

    def linked(self, namespace: int, subjects: Sequence[bytes]) -> list[str]:
        """The tokens that are linked to any of these subjects, each once."""
        ...

    def links(self, namespace: int) -> Mapping[int, int]:
        """How many links there are by each version of the index key. Reads all of them."""
        ...

    def put_keys(
        self, namespace: int, keys: Sequence[KeyRow], generation: int, root: bytes
    ) -> bool:
        """Write keys over those of the same role and version, whose `day` and `uses` stay.

        False, and nothing is written, when the namespace has left `generation` or `meta("root")`
        is not `root`.
        """
        ...

    def rewrap(self, before: bytes, after: bytes, wrap: Rewrap) -> int | None:
        """Make `meta("root")` say `after`, and wrap every key of every living namespace anew, but
        those that are destroyed; how many. None, and nothing is written, unless it said `before`.

        Nobody adds or changes a key meanwhile. Begins no new generation: no key is another one.
        """
        ...

    def reserve(self, namespace: int, version: int, count: int) -> int:
        """Count `count` uses of a data key, before they happen; how many that makes in all.

        Raises `VaultError` when there is no such key.
        """
        ...

    def shred(self) -> None:
        """Make sure that the store's files hold nothing any more that was removed.

        Takes time in proportion to the whole store. Raises `VaultUnavailable` when somebody who
        reads meanwhile stands in the way: what was removed is gone, and trying again is safe.
        """
        ...

    def check(self) -> list[str]:
        """What the store itself finds wrong with its files; nothing is the good answer."""
        ...

    def backup(self, path: Path) -> None:
        """Write a consistent copy of the whole store to a new file, mode 0600, while others work.

        Raises `ConfigurationError` for a store that has tools of its own for that, and for a path
        that is taken.
        """
        ...


class Pages(ABC):
    """The pages of a database; see `Upkeep`."""

    def rows(self, namespace: int, after: str = "", limit: int = PAGE) -> list[Row]:
        """A page of rows, in order of their tokens."""
        asked = {"namespace": namespace, "after": after, "limit": limit}
        return [Row(*values) for values in self._all("page_of_rows", asked)]

    def kept(
        self, namespace: int, after: tuple[bytes, bytes] = (b"", b""), limit: int = PAGE
    ) -> list[Kept]:
        """A page of what is kept, in order of place and part."""
        asked = {"namespace": namespace, "place": after[0], "part": after[1], "limit": limit}
        return [Kept(*values) for values in self._all("page_of_kept", asked)]

    def jobs(self, namespace: int, after: str = "", limit: int = PAGE) -> list[JobRow]:
        """A page of jobs, in order of their ids."""
        asked = {"namespace": namespace, "after": after, "limit": limit}
        return [JobRow.of(columns) for columns in self._all("page_of_jobs", asked)]

    @abstractmethod
    def _all(self, query: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises `VaultError` when there is no such namespace."""


def replacements(
    namespace: int,
    rows: Sequence[tuple[Row, Row]],
    kept: Sequence[tuple[Kept, Kept]],
    jobs: Sequence[tuple[JobRow, JobRow]],
) -> dict[str, list[tuple[Any, ...]]]:
    """What `Upkeep.replace` has to write: the values of each statement, for each pair."""
    return {
        "replace_row": [
            (n.index, n.key_version, n.sealed, n.attributes, namespace, o.token, o.sealed)
            for o, n in rows
        ],
        "replace_kept": [
            (n.key_version, n.sealed, namespace, o.place, o.part, o.sealed) for o, n in kept
        ],
        "replace_job": [
            (n.status, n.key_version, n.payload, n.outcome, n.ended, namespace,
             o.tracking_id, o.status, o.payload, o.outcome) for o, n in jobs
        ],
    }  # fmt: skip
