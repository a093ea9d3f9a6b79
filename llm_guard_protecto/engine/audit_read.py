"""Entries of an audit as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_guard_protecto.engine.audit_key import HASH_BYTES
from llm_guard_protecto.engine.store.audit import Audit, AuditRow

__all__ = ["UNREADABLE", "AuditEntry", "entries"]

UNREADABLE = "unreadable"
"""What an entry says that is none of ours; `audit_verify` finds it too."""

PAGE = 500


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. Nothing here is a clear value.

    `moment` is in milliseconds since 1970, `token` the public id of the bearer token, `outcome`
    one of `begun`, `success` and `failure`. `hashes` are keyed hashes of the vault's tokens.
    """

    number: int
    moment: int
    what: str
    who: str = field(default="", repr=False)
    token: str = ""
    via: str = ""
    policy: str = ""
    outcome: str = ""
    error: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    hashes: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, row: AuditRow) -> AuditEntry:
        """What a row says."""
        steps = range(0, len(row.tokens), HASH_BYTES)
        hashes = tuple(row.tokens[at : at + HASH_BYTES] for at in steps)
        try:
            said = json.loads(row.entry)
            words = {k: str(said[k]) for k in ("what", "who", "token", "via", "policy", "outcome")}
            error, facts = said["error"], dict(said["facts"])
        except (ValueError, KeyError, TypeError):
            return cls(row.number, row.moment, UNREADABLE, hashes=hashes)
        return cls(row.number, row.moment, **words, error=error, facts=facts, hashes=hashes)


def entries(
    audit: Audit,
    namespace: int,
    after: int = 0,
    first: int | None = None,
    last: int | None = None,
) -> Iterator[AuditEntry]:
    """The entries behind a number, between two moments in milliseconds since 1970, in order."""
    while rows := audit.rows(namespace, after, PAGE, first, last):
        for row in rows:
            yield AuditEntry.of(row)
        after = rows[-1].number
