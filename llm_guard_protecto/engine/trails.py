"""The audits of a vault: one trail per namespace, opened as they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any

from llm_guard_protecto.engine.acting import Reveal, current
from llm_guard_protecto.engine.audit import AuditSettings, Trail
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import KeySource, RootKey
from llm_guard_protecto.engine.store import Store

__all__ = ["CHECKPOINTS_VARIABLE", "Trails", "changing", "erasing", "note"]

CHECKPOINTS_VARIABLE = "LLM_GUARD_AUDIT_CHECKPOINTS"
"""Names the file of checkpoints where `AuditSettings` do not."""


class Trails:
    """Gives the trail of each namespace of one vault. Thread-safe."""

    def __init__(
        self,
        store: Store,
        source: KeySource,
        root: RootKey,
        clock: Callable[[], float],
        audit: bool | AuditSettings | None,
        environ: Mapping[str, str],
    ) -> None:
        """`root` is the root key of the store, from `source`; `clock` gives seconds since 1970.

        `audit` None: one is kept for a vault that lasts.
        """
        self._store, self._clock = store, clock
        self._source, self._root = source, root
        wanted = store.lasting if audit is None else bool(audit)
        named = environ.get(CHECKPOINTS_VARIABLE) or None
        given = audit if isinstance(audit, AuditSettings) else AuditSettings(named)
        self.settings = given if wanted else None
        self._lock = threading.Lock()
        self._trails: dict[int, Trail] = {}

    def of(self, keys: Keyring) -> Trail | None:
        """The trail of a namespace; None when no audit is kept."""
        settings = self.settings
        if settings is None:
            return None
        with self._lock:
            if keys.namespace not in self._trails:
                self._trails[keys.namespace] = Trail(
                    self._store, keys.name, keys.namespace, self._unlocked, self._clock, settings
                )
            return self._trails[keys.namespace]

    def _unlocked(self) -> RootKey:
        """The root key as it is now: it may have been replaced since the store was opened."""
        return self._source.unlock(self._store) if self._store.lasting else self._root

    def close(self) -> None:
        """Keep the last checkpoints."""
        for trail in list(self._trails.values()):
            trail.close()


def note(trail: Trail | None, what: str, policy: str, reveal: Reveal) -> None:
    """Record what is about to be turned back; inside an `acting` block, when it ends.

    Raises `VaultUnavailable`: then nothing may be answered.
    """
    act = current()
    if act is not None:
        act.note(trail, what, policy, reveal)
    elif trail is not None:
        trail.reveal(what, policy, Reveal.all([reveal]))


def changing(
    trail: Trail | None, what: str, policy: str = "", **facts: Any
) -> AbstractContextManager[None]:
    """Record a change around it, where an audit is kept; see `Trail.change`."""
    return nullcontext() if trail is None else trail.change(what, policy, **facts)


def erasing(
    trail: Trail | None,
    value: str | None,
    subject: str | None,
    namespace: str | None,
    before: date | None,
    *,
    dry_run: bool,
) -> AbstractContextManager[None]:
    """Record an erasure around it: by what, and of a value or a subject a keyed hash only.

    Who is asked later whether something was erased can compare the hash, see `AuditKey.erased`.
    """
    given = {"value": value, "subject": subject, "namespace": namespace, "before": before}
    by = [name for name, one in given.items() if one is not None]
    facts: dict[str, Any] = {"by": ", ".join(by)}
    if before is not None:
        facts["before"] = before.isoformat()
    if trail is not None:
        for name, one in (("value", value), ("subject", subject)):
            if one is not None:
                facts["hash"] = trail.key.erased(name, one)
    return changing(trail, "dry run of an erasure" if dry_run else "erased", **facts)
