"""Forgetting for good: by value, by subject, by namespace, by age.

What goes: rows with all aliases and links, kept texts and the names that list them, payloads and
outcomes of jobs, and whatever the store's files still held of them. Other processes forget at
their next call (`current`); one that does nothing keeps its memory until then.

A value is kept by its units (words, or parts of an address), and a unit is one row whoever's it is:
to erase `Imogen Hartley` erases the words `Imogen` and `Hartley`, also where they stood for
somebody else. Their old tokens are unknown afterwards, and masking the words again gives them the
same tokens anew, because tokens are derived from the values.

Texts and jobs go first and rows last, so an erasure that was stopped can be run again. Of texts and
jobs all go that hold the value or one of its tokens, and those that cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

from llm_guard_protecto.engine.kept import held_text, listed_places
from llm_guard_protecto.engine.looks import shown
from llm_guard_protecto.engine.resealing import job_parts, sealed_part
from llm_guard_protecto.engine.store import Kept, Row
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.upkeep import PAGE
from llm_guard_protecto.engine.tokenise import split
from llm_guard_protecto.entities import Unit
from llm_guard_protecto.errors import ConfigurationError, Unreadable

if TYPE_CHECKING:
    from llm_guard_protecto.engine.local import LocalVault

__all__ = ["Erased", "erase", "expire"]

EPOCH = date(1970, 1, 1)
ERASED = "what the job was about was erased"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, or would be when `dry_run` is True.

    `tokens` counts rows, aliases among them, `texts` what was kept by name (texts and the lists
    of them), `jobs` those that lost payload and result, `namespaces` whole ones.
    """

    tokens: int = 0
    texts: int = 0
    jobs: int = 0
    namespaces: int = 0
    dry_run: bool = False


def erase(
    vault: LocalVault,
    value: str | None = None,
    subject: str | None = None,
    namespace: str | None = None,
    before: date | None = None,
    *,
    dry_run: bool = False,
) -> Erased:
    """Erase from the vault's namespace exactly one of these; what there was.

    `value`: this text, as it was masked. `subject`: everything that was masked for it, see
    `subjects`. `namespace`: a whole one by name, keys and all. `before`: what was last used before
    a day (UTC). Gone from the store's files on return. Raises `ConfigurationError` for anything
    but one of them or a namespace that is not there, `VaultUnavailable` when somebody keeps the
    files from being cleaned: then run it again.
    """
    given = [one for one in (value, subject, namespace, before) if one is not None]
    if len(given) != 1 or given[0] == "":
        raise ConfigurationError("say one thing to erase: a value, a subject, a namespace or a day")
    if namespace is not None:
        done = _namespace(vault, namespace, dry_run=dry_run)
    elif before is not None:
        done = _before(vault, (before - EPOCH).days, dry_run=dry_run)
    elif value is not None:
        rows = _rows_of(vault, value)
        done = _rows(vault, rows, _Holder([value], [], rows), dry_run=dry_run)
    else:
        tokens = vault.subject_tokens(subject or "")
        rows = [row for page in _pages(tokens) for row in vault.store.by_token(_in(vault), page)]
        done = _rows(vault, rows, _Holder([], _units(vault, rows), rows), dry_run=dry_run)
    if not dry_run:
        vault.store.upkeep.shred()
    return replace(done, dry_run=dry_run)


def expire(vault: LocalVault, *, dry_run: bool = False) -> Erased:
    """Erase what is older than the vault's retention; what there was."""
    retention, today = vault.retention, vault.today()
    retention.flush()
    store, namespace = vault.store, _in(vault)
    tokens = store.upkeep.old(namespace, today - retention.days)[0] if retention.days else 0
    texts = (
        store.upkeep.old(namespace, today - retention.kept_days)[1] if retention.kept_days else 0
    )
    if not dry_run:
        tokens, texts = retention.sweep(vault.keyring, today)
        store.upkeep.shred()
    return Erased(tokens, texts, dry_run=dry_run)


class _Holder:
    """Knows a text that holds what is to be erased."""

    def __init__(self, values: Sequence[str], units: Sequence[str], rows: Sequence[Row]) -> None:
        """`values` anywhere in a text, `units` as words of it; and the tokens of `rows`."""
        self.tokens = frozenset(row.token.lower() for row in rows)
        self._values = tuple(values)
        words = {*units, *(row.token for row in rows), *(shown(row.token) for row in rows)}
        ordered = sorted(map(re.escape, words), key=len, reverse=True)
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(ordered)})(?!\w)") if words else None

    def holds(self, text: str) -> bool:
        """Whether it is in a text."""
        found = any(value in text for value in self._values)
        return found or (self._words is not None and bool(self._words.search(text)))

    def holds_anywhere(self, value: Any) -> bool:
        """Whether it is in any string of a JSON value."""
        match value:
            case str():
                return self.holds(value)
            case list():
                return any(map(self.holds_anywhere, value))
            case dict():
                return any(self.holds(k) or self.holds_anywhere(v) for k, v in value.items())
        return False


def _rows_of(vault: LocalVault, value: str) -> list[Row]:
    """The rows of all units a value can have been cut into, under every kind and index key."""
    units = {unit for how in get_args(Unit) for unit in split(value, how)[1::2]} | {value}
    kinds = vault.store.upkeep.kinds(_in(vault))
    places = [
        index.of(kind, unit) for index in vault.keyring.indexes for kind in kinds for unit in units
    ]
    return [row for page in _pages(places) for row in vault.store.by_index(_in(vault), page)]


def _units(vault: LocalVault, rows: Sequence[Row]) -> list[str]:
    """The values of rows, but for those so short that they stand in any text."""
    found = []
    for row in rows:
        try:
            found.append(vault.keyring.value(row))
        except Unreadable:
            continue
    return [unit for unit in found if len(unit) > 2]


def _rows(vault: LocalVault, rows: Sequence[Row], holder: _Holder, *, dry_run: bool) -> Erased:
    kept = _kept_with(vault, holder)
    jobs = [job for job in _jobs(vault) if _job_holds(vault, job, holder)]
    if not dry_run:
        for some in _pages(kept):
            vault.store.upkeep.remove(_in(vault), kept=some)
        _purge(vault, jobs)
        for page in _pages([row.token for row in rows]):
            vault.store.upkeep.remove(_in(vault), page)
    return Erased(len(rows), len(kept), len(jobs))


def _kept_with(vault: LocalVault, holder: _Holder) -> list[Kept]:
    """The kept texts that hold it, and every list that names one of them."""
    texts = [row for row in _kept(vault) if not row.part and _text_holds(vault, row, holder)]
    places = {row.place for row in texts}
    lists = [row for row in _kept(vault) if row.part and _lists(vault, row, places)]
    return [*texts, *lists] if places else []


def _text_holds(vault: LocalVault, row: Kept, holder: _Holder) -> bool:
    try:
        text, tokens = held_text(vault.keyring, row)
    except Unreadable:
        return True
    return holder.holds(text) or any(map(holder.holds, tokens))


def _lists(vault: LocalVault, row: Kept, places: set[bytes]) -> bool:
    try:
        return not places.isdisjoint(listed_places(vault.keyring, row))
    except Unreadable:
        return True


def _job_holds(vault: LocalVault, job: JobRow, holder: _Holder) -> bool:
    if job.payload is None and job.outcome is None:
        return False
    try:
        parts = job_parts(vault.keyring, job)
    except Unreadable:
        return True
    return any(
        holder.holds_anywhere(json.loads(clear)) for _, clear in parts.values() if clear is not None
    )


def _purge(vault: LocalVault, jobs: Sequence[JobRow]) -> None:
    """Take payload and outcome from jobs; one that was not done never will be."""
    pairs = []
    for job in jobs:
        done = job.status in {"SUCCESS", "PURGED"}
        said = json.dumps(ERASED).encode()
        outcome = None if done else sealed_part(vault.keyring, job.tracking_id, "FAILED", said)
        ended = int(vault.now()) if job.ended is None else job.ended
        status = "PURGED" if done else "FAILED"
        new = replace(job, status=status, payload=None, outcome=outcome, ended=ended)
        pairs.append((job, new))
    for page in _pages(pairs):
        vault.store.upkeep.replace(_in(vault), jobs=page)


def _before(vault: LocalVault, day: int, *, dry_run: bool) -> Erased:
    store, namespace = vault.store, _in(vault)
    vault.retention.flush()
    tokens, texts = store.upkeep.old(namespace, day)
    ended = [
        job for job in _jobs(vault)
        if job.ended is not None and job.ended < day * 86_400 and (job.payload or job.outcome)
    ]  # fmt: skip
    if not dry_run:
        tokens = 0
        while gone := store.upkeep.expire(namespace, day):
            tokens += gone
        texts = store.forget(namespace, day)
        _purge(vault, ended)
    return Erased(tokens, texts, len(ended))


def _namespace(vault: LocalVault, name: str, *, dry_run: bool) -> Erased:
    store = vault.store
    number = store.tenants.number_of(name)
    if number is None:
        raise ConfigurationError(f"the vault has no namespace {name!r}")
    day = (date.max - EPOCH).days
    tokens, texts = store.upkeep.old(number, day)
    jobs = sum(1 for _ in _all(lambda after: store.upkeep.jobs(number, after), _id, ""))
    if not dry_run:
        from llm_guard_protecto.engine.namespaces import Namespaces

        Namespaces(vault).delete(name)
    return Erased(tokens, texts, jobs, 1)


def _in(vault: LocalVault) -> int:
    return vault.keyring.namespace


def _kept(vault: LocalVault) -> Iterator[Kept]:
    read = vault.store.upkeep.kept
    return _all(
        lambda after: read(_in(vault), after), lambda row: (row.place, row.part), (b"", b"")
    )


def _jobs(vault: LocalVault) -> Iterator[JobRow]:
    return _all(lambda after: vault.store.upkeep.jobs(_in(vault), after), _id, "")


def _id(job: JobRow) -> str:
    return job.tracking_id


def _all(read: Callable[[Any], list[Any]], key: Callable[[Any], Any], after: Any) -> Iterator[Any]:
    """Everything that comes in pages."""
    while page := read(after):
        yield from page
        after = key(page[-1])


def _pages(everything: Sequence[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(everything), PAGE):
        yield list(everything[at : at + PAGE])
