"""Does everything in a vault open? Reads every row, every kept text and every job.

Changes nothing and shows no value: what does not open is named by its token and namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from llm_guard_protecto.engine.keys import Keyring, KeyStatus, unwrap
from llm_guard_protecto.engine.keysource import RootKey
from llm_guard_protecto.engine.resealing import job_parts
from llm_guard_protecto.engine.store import Row, Store
from llm_guard_protecto.errors import GuardError, Unreadable

__all__ = ["Damage", "Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that does not open, or is not where it belongs.

    `what` is `token`, `kept text`, `job` or `key`; `name` its token, place (hexadecimal), tracking
    id, or role and version.
    """

    namespace: str
    what: str
    name: str
    reason: str


@dataclass(slots=True)
class Verified:
    """What a verification has found."""

    location: str
    root_key: str
    namespaces: int = 0
    tokens: int = 0
    texts: int = 0
    jobs: int = 0
    damaged: list[Damage] = field(default_factory=list)
    integrity: list[str] = field(default_factory=list)
    keys: dict[str, list[KeyStatus]] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damaged and not self.integrity


def verify(
    store: Store, root: RootKey, progress: Callable[[int], None] = lambda _: None
) -> Verified:
    """Open everything in every namespace of a store that `root` has unlocked.

    `progress` is told how much has been looked at since the last time.
    """
    found = Verified(store.location, root.id)
    found.integrity += store.upkeep.check()
    for name, number in store.tenants.names().items():
        found.namespaces += 1
        rows = store.keys(number)
        for row in rows:
            try:
                _ = row.state == "destroyed" or unwrap(root, name, row)
            except GuardError:
                key = f"{row.role} {row.version}"
                found.damaged.append(Damage(name, "key", key, "does not open"))
        if not rows:
            continue  # just made, and not used yet
        try:
            keys = Keyring(name, number, root, rows)
        except GuardError as error:
            found.damaged.append(Damage(name, "key", "all", str(error)))
            continue
        found.keys[name] = keys.status(store.usage(number))
        _look(store, keys, found, progress)
    return found


def _look(store: Store, keys: Keyring, found: Verified, progress: Callable[[int], None]) -> None:
    number, upkeep = keys.namespace, store.upkeep
    token = ""
    while rows := upkeep.rows(number, token):
        for row in rows:
            if (reason := _wrong(keys, row)) is not None:
                found.damaged.append(Damage(keys.name, "token", row.token, reason))
        found.tokens += len(rows)
        token = rows[-1].token
        progress(len(rows))
    place = (b"", b"")
    while texts := upkeep.kept(number, place):
        for text in texts:
            if not _opens(lambda t=text: keys.open_at(t.key_version, t.sealed, t.place, t.part)):  # type: ignore[misc]
                found.damaged.append(
                    Damage(keys.name, "kept text", text.place.hex(), "does not open")
                )
        found.texts += len(texts)
        place = texts[-1].place, texts[-1].part
        progress(len(texts))
    tracking_id = ""
    while jobs := upkeep.jobs(number, tracking_id):
        for job in jobs:
            if not _opens(lambda j=job: job_parts(keys, j)):  # type: ignore[misc]
                found.damaged.append(Damage(keys.name, "job", job.tracking_id, "does not open"))
        found.jobs += len(jobs)
        tracking_id = jobs[-1].tracking_id
        progress(len(jobs))


def _wrong(keys: Keyring, row: Row) -> str | None:
    try:
        value = keys.value(row)
    except Unreadable:
        return "does not open"
    if all(index.of(row.kind, value) != row.index for index in keys.indexes):
        return "is not where its value is looked for"
    return None


def _opens(look: Callable[[], object]) -> bool:
    try:
        look()
    except Unreadable:
        return False
    return True
