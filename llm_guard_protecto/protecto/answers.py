"""Reading Protecto's frame: `{"data": ..., "success": ..., "error": {"message": ...}}`.

`success` is looked at first and the HTTP status second, because older vaults answer mistakes of
the caller with 500. An authentication error may be `{"detail": ...}` without a frame.
"""

from __future__ import annotations

import json
from typing import Any

from llm_guard_protecto.errors import GuardError, VaultError
from llm_guard_protecto.protecto.asking import Reply
from llm_guard_protecto.protecto.messages import known, of_status

__all__ = ["document", "error_of", "frame", "message_of", "said"]

Json = Any
"""Parsed JSON."""


def document(reply: Reply) -> dict[str, Json] | None:
    """The JSON object of an answer, None when it is something else."""
    try:
        parsed = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def frame(reply: Reply) -> dict[str, Json]:
    """The frame of an answer that says success. Raises the error it is otherwise."""
    error = error_of(reply)
    if error is not None:
        raise error
    return document(reply) or {}


def error_of(reply: Reply) -> GuardError | None:
    """The error that an answer is; None when it is a success."""
    parsed = document(reply)
    success = said(parsed.get("success")) if parsed else None
    if success:
        return None
    row = known(message_of(parsed)) if parsed else None
    # A gateway's own limit and a vault's, whatever the words: waiting helps.
    if row is not None and reply.status != 429:
        return row.error(f"the vault answered: {row.text}")
    if 200 <= reply.status < 300:
        if success is None:
            return VaultError("this is not the answer of a Protecto vault; check the base URL")
        return VaultError("the vault did not do what was asked and gave a reason unknown here")
    return of_status(reply.status, reply.retry_after)


def said(value: Json) -> bool | None:
    """`success` as a boolean; some pages print it as a string. None when it is neither."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def message_of(parsed: dict[str, Json] | None) -> str:
    """The vault's message: `error.message`, `error`, or `detail`; empty when there is none."""
    if not parsed:
        return ""
    error = parsed.get("error")
    inner = error.get("message") if isinstance(error, dict) else error
    for candidate in (inner, parsed.get("detail")):
        if isinstance(candidate, str) and candidate:
            return candidate
    return ""
