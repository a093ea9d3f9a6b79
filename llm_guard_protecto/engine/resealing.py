"""Sealed things written anew under the primary keys of a keyring; the same object if they are."""

from __future__ import annotations

from dataclasses import replace

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.store import Kept, Row
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.errors import Unreadable

__all__ = ["job_again", "job_parts", "kept_again", "row_again", "sealed_part"]

_VERSION = 4


def row_again(keys: Keyring, row: Row, *, by_index: bool) -> Row:
    """The row sealed by the primary data key; `by_index`: at its primary index, too.

    Raises `Unreadable` for a row that does not open.
    """
    if not by_index and row.key_version == keys.data_version:
        return row
    value = keys.value(row)
    index = keys.index.of(row.kind, value) if by_index else row.index
    if by_index and index == row.index:
        return row
    version, sealed = keys.seal(value, kind=row.kind, index=index, alias=row.alias, token=row.token)
    return replace(row, index=index, key_version=version, sealed=sealed)


def kept_again(keys: Keyring, row: Kept) -> Kept:
    """What is kept, sealed by the primary data key. Raises `Unreadable`."""
    if row.key_version == keys.data_version:
        return row
    clear = keys.open_at(row.key_version, row.sealed, row.place, row.part)
    version, sealed = keys.seal_at(clear, row.place, row.part)
    return replace(row, key_version=version, sealed=sealed)


def job_again(keys: Keyring, job: JobRow) -> JobRow:
    """A job with payload and outcome sealed by the primary data key. Raises `Unreadable`."""
    parts = {"payload": job.payload, "outcome": job.outcome}
    current = keys.data_version
    if job.key_version == current and all(
        sealed is None or _version(sealed) == current for sealed in parts.values()
    ):
        return job
    clear = job_parts(keys, job)
    new = {
        name: None if said is None else sealed_part(keys, job.tracking_id, place, said)
        for name, (place, said) in clear.items()
    }
    return replace(job, key_version=current, payload=new["payload"], outcome=new["outcome"])


def job_parts(keys: Keyring, job: JobRow) -> dict[str, tuple[str, bytes | None]]:
    """Payload and outcome in clear, each with its place, as `jobs` seals them.

    Raises `Unreadable`.
    """
    places = {"payload": ("payload", job.payload), "outcome": (job.status, job.outcome)}
    return {
        name: (place, None if sealed is None else _open(keys, job.tracking_id, place, sealed))
        for name, (place, sealed) in places.items()
    }


def sealed_part(keys: Keyring, tracking_id: str, place: str, clear: bytes) -> bytes:
    """A part of a job as `jobs` keeps it: the version of the data key, then the sealed bytes."""
    version, sealed = keys.seal_at(clear, "job", tracking_id, place)
    return version.to_bytes(_VERSION, "big") + sealed


def _open(keys: Keyring, tracking_id: str, place: str, sealed: bytes) -> bytes:
    if len(sealed) < _VERSION:
        raise Unreadable
    return keys.open_at(_version(sealed), sealed[_VERSION:], "job", tracking_id, place)


def _version(sealed: bytes) -> int:
    return int.from_bytes(sealed[:_VERSION], "big")
