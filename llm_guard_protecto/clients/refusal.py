"""Our errors in the host's own language: an answer, never an exception inside a transport.

An SDK retries an exception it does not know and reports it as a broken connection; an answer with
a status, a body of the provider's shape and `x-should-retry: false` becomes the SDK's own error
with our message, once. One shape serves them all: the Anthropic SDK wants a `type` beside `error`
and events with a name, and the OpenAI SDK minds neither.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.errors import GuardError

if TYPE_CHECKING:
    import httpx2

__all__ = ["NOT_MASKED", "NOT_RESTORED", "as_guard_error", "refusal", "refusal_event"]

NOT_MASKED = "an unexpected error while masking the request, so nothing was sent"
NOT_RESTORED = "an unexpected error while restoring the reply"

log = logging.getLogger("llm_guard_protecto")


def as_guard_error(error: Exception, otherwise: str) -> GuardError:
    """Return `error` if it is ours; else one that says `otherwise` and nothing of the original.

    The message of a foreign exception may hold clear text, so only its type is logged.
    """
    if isinstance(error, GuardError):
        return error
    log.error("%s: %s", otherwise, type(error).__name__)
    return GuardError(otherwise)


def refusal(http: Any, error: GuardError, status: int | None = None) -> httpx2.Response:
    """Make the answer of the family `http` (httpx or httpx2) that says `error`.

    The status is `status` or the error's own hint. The body is a lazy stream, like that of an
    answer from the network: one made of `content=` is closed before anyone has read it.
    """
    body = _body(error)
    response: httpx2.Response = http.Response(
        status or error.status_hint,
        headers={
            "content-type": "application/json",
            "content-length": str(len(body)),
            "x-should-retry": "false",
        },
        stream=http.ByteStream(body),
    )
    return response


def refusal_event(error: GuardError) -> bytes:
    """Make the event that ends a stream with `error`; SDKs raise it as an error of theirs."""
    return b"\n\nevent: error\ndata: " + _body(error) + b"\n\n"


def _body(error: GuardError) -> bytes:
    return json.dumps(
        {
            "type": "error",
            "error": {
                "message": str(error),
                "type": "llm_guard_protecto",
                "code": error.code,
                "param": None,
            },
        }
    ).encode()
