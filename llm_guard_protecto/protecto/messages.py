"""Protecto's exact messages, the HTTP status each comes with, and the error it becomes here.

A message of a vault is data from outside and may repeat what was sent, so none is ever put into
an exception as it came: it is looked up here, and the error says this table's own words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llm_guard_protecto.errors import (
    ConfigurationError,
    DetectionFailed,
    GuardError,
    PolicyViolation,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)
from llm_guard_protecto.protecto.faults import NotAuthenticated, QuotaExceeded, RateLimited

__all__ = ["KNOWN", "OVER_LIMIT", "UNMASK_FAILED", "Known", "known", "of_status"]

OVER_LIMIT = "Masked data exceeds the approved limit of"
"""What follows is a number of characters: 600 at Protecto."""

UNMASK_FAILED = "Unmasking of given token values failed."


@dataclass(frozen=True, slots=True)
class Known:
    """One message: its text, or its beginning when it ends with a name or a number."""

    text: str
    status: int
    error: Callable[[str], GuardError]
    begins: bool = False


KNOWN = (
    Known("Payload is empty", 400, VaultError),
    Known("mask data missing", 400, VaultError),
    Known("Missing value", 400, ConfigurationError),
    Known("Missing token_name", 400, ConfigurationError),
    Known("token_name not defined", 400, ConfigurationError, begins=True),
    Known("Missing format", 400, ConfigurationError),
    Known("format name not defined", 400, ConfigurationError, begins=True),
    Known("Token and Format Metadata not available", 400, ConfigurationError),
    Known(OVER_LIMIT, 400, VaultError, begins=True),
    Known("Masking failed after 3 retries", 500, VaultUnavailable),
    Known("unmask data missing", 400, VaultError),
    Known("Missing token value field", 400, VaultError),
    Known("Missing token value", 400, VaultError),
    Known(UNMASK_FAILED, 400, VaultError),
    Known("API usage limit exceeded", 429, RateLimited),
    Known(
        "You have exceeded the maximum number of token creation limit for your trial subscription",
        403,
        QuotaExceeded,
    ),
    Known("Authentication failed", 401, NotAuthenticated),
    Known("Not authenticated", 401, NotAuthenticated),
    Known("Access token has expired or is not yet valid.", 401, NotAuthenticated),
    Known("Protecto's license has expired.", 401, NotAuthenticated, begins=True),
    Known("To access Protecto, a valid license is required.", 401, NotAuthenticated, begins=True),
    Known("Permission denied", 403, VaultRefused),
    Known("Policy doesn't exist.", 400, ConfigurationError),
    Known("Policy doesn't exists.", 400, ConfigurationError),
    Known("Policy already exists", 400, ConfigurationError),
    Known("Invalid tracking_id", 400, VaultError),
    # The rest is what our own server says beyond Protecto's pages.
    Known("Entity doesn't exist.", 400, ConfigurationError),
    Known("Auth token not found.", 400, ConfigurationError),
    Known("Namespace doesn't exist.", 400, ConfigurationError),
    Known("The wrappers of the policy cannot be told from this text", 403, PolicyViolation),
    Known("Detection did not finish, nothing was masked", 503, DetectionFailed),
    Known("A request has at most", 413, VaultError, begins=True),
)

_EXACT = {row.text.rstrip("."): row for row in KNOWN if not row.begins}
_BEGINNINGS = [row for row in KNOWN if row.begins]


def known(message: str) -> Known | None:
    """The row of a message; a missing full stop at its end makes no difference."""
    found = _EXACT.get(message.strip().rstrip("."))
    if found is not None:
        return found
    return next((row for row in _BEGINNINGS if message.startswith(row.text)), None)


def of_status(status: int, retry_after: float | None) -> GuardError:
    """The error of an answer of which only the HTTP status is to be trusted."""
    if status == 401:
        return NotAuthenticated()
    if status == 403:
        return VaultRefused(f"the vault refused (HTTP {status})")
    if status == 429:
        return RateLimited(retry_after=retry_after)
    if status in (404, 405):
        return ConfigurationError(
            f"the vault does not serve this call (HTTP {status}); check the base URL and the plan"
        )
    if status == 408 or status >= 500:
        return VaultUnavailable(f"the vault could not answer (HTTP {status})")
    if 300 <= status < 400:
        return ConfigurationError(
            f"the vault sent the call elsewhere (HTTP {status}), which is not followed; "
            "use the base URL it redirects to"
        )
    return VaultError(f"the vault did not accept the call (HTTP {status})")
