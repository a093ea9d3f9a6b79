"""What an error of PostgreSQL means for whoever uses the vault.

Nothing here holds PostgreSQL's own words about a statement: they may quote what was asked.
"""

from __future__ import annotations

import psycopg

from llm_guard_protecto.errors import (
    ConfigurationError,
    GuardError,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)

__all__ = ["explained", "is_lost", "is_starting", "is_upset", "unreachable"]

_LOST = frozenset({None, "57P01", "57P02", "57P04", "57P05", "25P03", "25P04", "26000"})
_UPSET = frozenset({"40001", "40P01"})

# libpq gives no code for a connection that was not made, only words; a server that speaks another
# language than English has its own, and its reason is then not known.
_STARTING = (
    *("connection refused", "no such file", "starting up", "recovery mode", "shutting down"),
    *("not yet accepting", "closed the connection", "connection reset"),
    *("too many clients", "remaining connection slots"),
)
_REASONS: tuple[tuple[str, type[GuardError], str], ...] = (
    ("password authentication failed", VaultRefused, "refused the password"),
    ("no password supplied", VaultRefused, "wants a password"),
    ("no pg_hba.conf entry", VaultRefused, "lets nobody in from here (see its pg_hba.conf)"),
    ("authentication failed", VaultRefused, "refused the user"),
    ("role ", VaultRefused, "does not know the user"),
    ("database ", ConfigurationError, "has no such database; create it first"),
    ("read-only", VaultUnavailable, "is a replica or read-only; a vault needs the primary"),
    ("standby", VaultUnavailable, "is a replica or read-only; a vault needs the primary"),
    ("refused", VaultUnavailable, "cannot be reached: nothing listens there"),
    ("no such file", VaultUnavailable, "cannot be reached: nothing listens there"),
    ("resolve host", VaultUnavailable, "cannot be reached: there is no such host"),
    ("translate host", VaultUnavailable, "cannot be reached: there is no such host"),
    ("timeout", VaultUnavailable, "cannot be reached: it does not answer in time"),
    ("timed out", VaultUnavailable, "cannot be reached: it does not answer in time"),
    ("certificate", VaultUnavailable, "has a certificate that is not trusted; see sslrootcert"),
    ("support ssl", VaultUnavailable, "does not speak TLS; see sslmode"),
    ("clients", VaultUnavailable, "has no free connection"),
    ("slots", VaultUnavailable, "has no free connection"),
)


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection is no good any more: closed, or its session forgotten."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        state = error.sqlstate
        return state in _LOST or (state or "").startswith("08")
    return error.sqlstate == "26000"


def is_starting(error: psycopg.Error) -> bool:
    """Whether a connection was refused for a reason that passes by itself within a second."""
    said = str(error).lower()
    return error.sqlstate is None and any(sign in said for sign in _STARTING)


def is_upset(error: psycopg.Error) -> bool:
    """Whether a transaction was given up for another one, and may simply be done again."""
    return error.sqlstate in _UPSET


def unreachable(error: psycopg.Error, location: str) -> GuardError:
    """The error of ours for a connection that could not be made."""
    if error.sqlstate is not None:
        return explained(error, location)
    said = str(error).lower()
    if any(sign in said for sign in _STARTING[2:8]):
        return VaultUnavailable(f"{location} is just starting or stopping; try again")
    for sign, kind, reason in _REASONS:
        if sign in said:
            return kind(f"{location} {reason}")
    return VaultUnavailable(f"{location} cannot be reached: the connection failed")


def explained(error: psycopg.Error, location: str) -> GuardError:
    """The error of ours for a statement that failed."""
    state = error.sqlstate
    match state:
        case "42501":
            return VaultRefused(f"{location}: the user lacks a permission ({state})")
        case "53100":
            return VaultUnavailable(f"the disk of {location} is full; nothing was changed")
        case "25006":
            return VaultUnavailable(f"{location} is read-only; nothing was changed")
        case "55P03" | "57014" | "40001" | "40P01":
            return VaultUnavailable(f"{location} is busy; nothing was changed, try again")
        case "XX001" | "XX002":
            return VaultError(f"{location} is damaged (PostgreSQL error {state}); restore a backup")
    match (state or "")[:2]:
        case "" | "08":
            return VaultUnavailable(f"{location} was lost while it was asked; try again")
        case "25" | "53" | "57" | "58":
            return VaultUnavailable(f"{location} did not answer (PostgreSQL error {state})")
    return VaultError(f"{location} did not accept a statement (PostgreSQL error {state})")
