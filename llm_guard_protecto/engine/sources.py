"""Where a custom tag may get its finds from: addresses that the operator allows, and functions.

Whoever may change policies over HTTP can name an address for a tag, so what may be called is never
theirs to say: a machine behind the firewall answers our server too. `origins` is the whole list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_guard_protecto.detect.find import Detector
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["LOCAL", "VARIABLE", "Sources"]

VARIABLE = "LLM_GUARD_ENDPOINTS"
"""Origins with commas between them: what a tag of a policy may call."""

LOCAL = "local:"
"""What the address of a function begins with; its name follows."""

# Narrower than a URL may be: what two parsers could read in two ways is no address here.
_ADDRESS = re.compile(
    r"(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?(/[!-~]*)?"
)
_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Sources:
    """What tags may ask: `origins` as `https://HOST` or `http://HOST:PORT`, `functions` by name.

    Raises `ConfigurationError` for an origin with more than a scheme, a host and a port.
    """

    origins: frozenset[str] = frozenset()
    functions: Mapping[str, Detector] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Bring the origins into one form."""
        object.__setattr__(self, "origins", frozenset(map(_allowed, self.origins)))

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Sources:
        """What the environment allows."""
        said = environ.get(VARIABLE, "").split(",")
        return cls(frozenset(one.strip() for one in said if one.strip()))

    def allows(self, url: str) -> bool:
        """Whether a tag may ask this address."""
        if url.startswith(LOCAL):
            return url.removeprefix(LOCAL) in self.functions
        return _origin(url) in self.origins


def _origin(url: str) -> str | None:
    """Scheme, host and port of an address; None for what is none."""
    found = _ADDRESS.fullmatch(url)
    if found is None or len(url) > 2000:
        return None
    scheme, host, port, _ = found.groups()
    return f"{scheme}://{host.lower().rstrip('.')}:{int(port or _PORTS[scheme])}"


def _allowed(origin: str) -> str:
    found = _ADDRESS.fullmatch(origin)
    if found is None or (found[4] or "/") != "/":
        raise ConfigurationError("an allowed endpoint is written https://HOST or http://HOST:PORT")
    return str(_origin(origin))
