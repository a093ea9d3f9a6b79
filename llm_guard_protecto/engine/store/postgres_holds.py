"""Who may change a namespace of a PostgreSQL vault while others do.

Whoever adds to a namespace shares it until its transaction ends; whoever changes what others
remember, or removes anything, owns it alone. So a generation that was found to stand stands until
the commit, and nothing is added to a namespace that is just being dropped. The locks are advisory:
they are in the server's memory and cost no write.
"""

from __future__ import annotations

from typing import Any

import psycopg

from llm_guard_protecto.engine.store import Stale
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.errors import VaultError

__all__ = ["hold", "own", "said", "standing"]


def hold(db: psycopg.Connection[Any], namespace: int, generation: int | None = None) -> None:
    """Share a namespace with others that add to it.

    Raises `VaultError` when there is none, `Stale` when it has left `generation`.
    """
    db.execute(queries()["share_namespace"], {"namespace": namespace})
    _check(db, namespace, generation)


def own(db: psycopg.Connection[Any], namespace: int, generation: int | None = None) -> None:
    """Have a namespace alone. Raises as `hold` does."""
    db.execute(queries()["own_namespace"], {"namespace": namespace})
    _check(db, namespace, generation)


def standing(db: psycopg.Connection[Any], namespace: int) -> int:
    """The generation of a namespace. Raises `VaultError` when there is no such namespace."""
    found = db.execute(queries()["generation"], {"namespace": namespace}).fetchone()
    if found is None:
        raise VaultError(f"the vault has no namespace number {namespace}")
    return int(found[0])


def said(db: psycopg.Connection[Any], name: str) -> bytes | None:
    """What the vault says about itself under a name."""
    found = db.execute(queries()["meta"], {"name": name}, binary=True).fetchone()
    return None if found is None else bytes(found[0])


def _check(db: psycopg.Connection[Any], namespace: int, generation: int | None) -> None:
    # A statement of its own, after the lock: it sees what was committed while that was waited for.
    if standing(db, namespace) != generation and generation is not None:
        raise Stale
