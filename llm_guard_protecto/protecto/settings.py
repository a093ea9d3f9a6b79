"""How to talk to one vault: address, token, patience. Read once, when the vault is opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.protecto.address import base_url, bearer
from llm_guard_protecto.protecto.cutting import SIZE
from llm_guard_protecto.protecto.retry import Retries

__all__ = ["Settings"]

PATIENT = Retries()

SMALLEST = 40
"""Characters of the smallest piece: a name with its wrapper fits into it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What every call needs to know. The token is in no `repr`."""

    url: str
    token: str = field(repr=False)
    policy: str | None = None
    rules: Policy | None = field(default=None, repr=False)
    size: int | None = SIZE
    timeout: float = 30.0
    retries: Retries = PATIENT
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def of(
        cls,
        url: str | None,
        token: str | None,
        *,
        environ: Mapping[str, str],
        policy: str | None,
        rules: Policy | None,
        size: int | None,
        timeout: float,
        retries: Retries | int,
        insecure: bool,
        clock: Callable[[], float],
    ) -> Settings:
        """Check what a program gave. Raises `ConfigurationError`, never with the token in it."""
        address = environ.get("LLM_GUARD_VAULT", "") if url is None else url
        if not address:
            raise ConfigurationError("no URL of a vault: pass one, or set LLM_GUARD_VAULT")
        if policy is not None and not isinstance(policy, str):
            raise ConfigurationError(_BY_NAME)
        if size is not None and size < SMALLEST:
            raise ConfigurationError(f"a piece has at least {SMALLEST} characters")
        if not timeout > 0:
            raise ConfigurationError("a time-out is a number of seconds above zero")
        try:
            patience = Retries(retries + 1) if isinstance(retries, int) else retries
        except ValueError as error:
            raise ConfigurationError(f"retries cannot work: {error}") from None
        return cls(
            base_url(address, insecure=insecure),
            bearer(token, environ),
            policy,
            rules,
            size,
            timeout,
            patience,
            clock,
        )

    def policy_name(self, choice: object) -> str | None:
        """The name to send for a policy; None leaves it to the namespace.

        Raises `ConfigurationError` for a policy itself: a remote vault applies those it keeps.
        """
        if choice is None:
            return self.policy
        if isinstance(choice, str):
            return choice
        raise ConfigurationError(_BY_NAME)


_BY_NAME = (
    "a Protecto vault applies the policies it keeps: give the name of one, and what concerns "
    "places and surfaces as rules="
)
