"""What can go wrong with a remote vault, finer than the package's own errors.

VaultUnavailable
├── RateLimited     the vault asks for fewer calls; `retry_after` seconds when it says how long
└── JobNotDone      the job was still waiting or running when the time was up
VaultRefused
├── NotAuthenticated   the bearer token is missing, wrong, expired or revoked
└── QuotaExceeded      the trial's number of values is used up
VaultError
├── JobFailed       the job ended without a result
└── JobPurged       the job's result is gone; submit it again

All of them are `VaultError`s, so code that catches those keeps working.
"""

from __future__ import annotations

from llm_guard_protecto.errors import VaultError, VaultRefused, VaultUnavailable

__all__ = [
    "JobFailed",
    "JobNotDone",
    "JobPurged",
    "NotAuthenticated",
    "QuotaExceeded",
    "RateLimited",
]


class RateLimited(VaultUnavailable):
    """The vault asks for fewer calls; it is safe to try again later."""

    code = "vault_rate_limited"

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        """`retry_after` is in seconds, None when the vault does not say."""
        super().__init__(message)
        self.retry_after = retry_after


class JobNotDone(VaultUnavailable):
    """The job was still waiting or running when the time was up; ask for it again later."""

    code = "vault_job_not_done"


class NotAuthenticated(VaultRefused):
    """The vault does not accept the bearer token: missing, wrong, expired or revoked."""

    code = "vault_not_authenticated"


class QuotaExceeded(VaultRefused):
    """The trial's number of masked values is used up."""

    code = "vault_quota_exceeded"


class JobFailed(VaultError):
    """The job ended without a result; mend its input and submit it again."""

    code = "vault_job_failed"


class JobPurged(VaultError):
    """The result of the job is no longer kept; submit it again."""

    code = "vault_job_purged"
