"""The end of a key: destroyed once nothing is left that it sealed or indexed.

Never on the day on which it was replaced: another process may just be writing something that it
sealed a moment before.
"""

from __future__ import annotations

from dataclasses import replace

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import lock_of
from llm_guard_protecto.engine.store import KeyRow, Store

__all__ = ["destroy_unused"]


def destroy_unused(store: Store, keys: Keyring, today: int, kept_days: int) -> list[KeyRow]:
    """Destroy the retired keys of a namespace that nothing needs; those that were.

    A data key is needed by what it sealed. An index key is needed for links to subjects, and to
    find what was kept under a name before it was replaced, for `kept_days` (0: for ever).
    """
    namespace = keys.namespace
    generation = store.generation(namespace)
    rows = store.keys(namespace)
    retired = [row for row in rows if row.state == "retired"]
    if not retired:
        return []
    usage, links = store.usage(namespace), store.upkeep.links(namespace)
    gone = []
    for row in retired:
        later = [o.day for o in rows if o.role == row.role and o.version > row.version]
        age = today - min(later, default=today)
        if row.role == "data" and age > 0 and not usage.get(row.version):
            gone.append(row)
        if row.role == "index" and 0 < kept_days < age and not links.get(row.version):
            gone.append(row)
    destroyed = [replace(row, state="destroyed", wrapped=b"") for row in gone]
    root = lock_of(store, keys.root)
    if not destroyed or root is None:
        return []
    return destroyed if store.upkeep.put_keys(namespace, destroyed, generation, root) else []
