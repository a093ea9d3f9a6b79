"""Bringing the schema of a PostgreSQL vault up to date, whoever else is starting just now."""

from __future__ import annotations

from typing import Any

import psycopg

from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.sql.postgres import migrations, queries
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["prepare_schema"]

_OLDEST = 130_000
_SECONDS = 60.0


def prepare_schema(connections: PostgresConnections) -> None:
    """Make the tables of a vault in its schema `llm_guard_protecto`, or those it lacks.

    Raises `ConfigurationError` for a schema of that name that is not a vault's or is a newer one
    (untouched), and for a server older than PostgreSQL 13.
    """
    place = connections.location
    version = connections.read(lambda db: _version(db, place))
    if version < len(migrations()):
        connections.write(lambda db: _update(db, place), again=True, patience=_SECONDS)


def _version(db: psycopg.Connection[Any], place: str) -> int:
    """The version of the schema, 0 when there is none. Refuses what is not ours, or too new."""
    if db.info.server_version < _OLDEST:
        raise ConfigurationError(f"{place} is older than PostgreSQL 13; upgrade the server")
    ((is_there, is_ours),) = db.execute(queries()["has_schema"]).fetchall()
    if is_there and not is_ours:
        ((tables,),) = db.execute(queries()["strangers"]).fetchall()
        if tables:
            raise ConfigurationError(
                f"the schema llm_guard_protecto of {place} is not a vault; it was left as it is"
            )
    if not is_ours:
        return 0
    ((version,),) = db.execute(queries()["version"]).fetchall()
    if version > len(migrations()):
        raise ConfigurationError(
            f"{place} was made by a newer version of this program (schema {version}); upgrade it"
        )
    return int(version)


def _update(db: psycopg.Connection[Any], place: str) -> None:
    db.execute(queries()["lock_schema"])
    version = _version(db, place)  # somebody may have been first
    if version == 0:
        ((is_there, _),) = db.execute(queries()["has_schema"]).fetchall()
        if not is_there:
            db.execute(queries()["make_schema"])
        db.execute(queries()["make_versions"])
    for number, script in enumerate(migrations()[version:], version + 1):
        db.execute(script)
        db.execute(queries()["add_version"], {"version": number})
