"""The SQL of the PostgreSQL store: `queries.sql`, and migrations, as for SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from llm_guard_protecto.engine.store.sql import scripts, statements

__all__ = ["migrations", "queries"]


@cache
def queries() -> Mapping[str, str]:
    """Every statement of `queries.sql` by its name."""
    return statements(__name__)


@cache
def migrations() -> tuple[str, ...]:
    """The scripts that bring a database from schema version n to n + 1, from n = 0."""
    return scripts(__name__)
