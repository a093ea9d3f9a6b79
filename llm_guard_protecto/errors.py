"""What can go wrong, as one tree.

GuardError (500)
├── ConfigurationError (500, also ValueError)   a policy or setting that cannot work
├── PolicyViolation (403)                       the policy forbids sending this
├── UnknownFormat (400)                         a call or body we cannot prove free of text
├── EgressBlocked (500)                         a masked value still stood in clear in the call
├── UnknownMap (404)                            nothing is known of what an earlier call masked
├── DetectionFailed (503)                       the detectors did not finish; nothing was sent
└── VaultError (502)
    ├── VaultUnavailable (503)                  no answer; safe to try again
    ├── VaultRefused (403)                      the vault or its key said no
    └── Unreadable (500)                        a sealed value cannot be opened; no reason given

Each error carries a stable `code` for programs and a `status_hint`, the HTTP status it becomes
when it has to leave as an answer. A message names the mistake and never a clear value.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "DetectionFailed",
    "EgressBlocked",
    "GuardError",
    "PolicyViolation",
    "UnknownFormat",
    "UnknownMap",
    "Unreadable",
    "VaultError",
    "VaultRefused",
    "VaultUnavailable",
]


class GuardError(Exception):
    """Something went wrong while guarding a call."""

    status_hint = 500
    code = "guard_error"

    def __init__(self, message: str = "") -> None:
        """Use `message`, or the first line of the class's own docstring when there is none."""
        super().__init__(message or (self.__doc__ or "").strip().split("\n")[0])


class ConfigurationError(GuardError, ValueError):
    """A policy or a setting cannot work."""

    code = "configuration_error"


class PolicyViolation(GuardError):
    """The policy forbids sending this."""

    status_hint = 403
    code = "policy_violation"


class UnknownFormat(GuardError):
    """This call cannot be proved free of clear text, so it was not sent."""

    status_hint = 400
    code = "unknown_format"


class EgressBlocked(GuardError):
    """A value that was masked still stood in clear elsewhere in the call, so it was not sent."""

    status_hint = 500
    code = "egress_blocked"


class UnknownMap(GuardError):
    """Nothing is known here of what an earlier call masked, so its answer cannot be restored."""

    status_hint = 404
    code = "unknown_map"


class DetectionFailed(GuardError):
    """The detectors did not finish, so nothing was sent."""

    status_hint = 503
    code = "detection_failed"


class VaultError(GuardError):
    """The vault could not do what was asked."""

    status_hint = 502
    code = "vault_error"


class VaultUnavailable(VaultError):
    """The vault gave no answer; it is safe to try again."""

    status_hint = 503
    code = "vault_unavailable"


class VaultRefused(VaultError):
    """The vault refused: wrong key, missing key or missing permission."""

    status_hint = 403
    code = "vault_refused"


class Unreadable(VaultError):
    """A sealed value cannot be opened."""

    status_hint = 500
    code = "unreadable"
