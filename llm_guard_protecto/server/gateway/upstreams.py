"""The providers behind a gateway: an HTTP client each, and the one a path leads to.

Where a call goes and with which key is the operator's word alone: nothing in a request names a
host, a scheme or a key, and a redirect is passed back, never followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import httpx

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.server.gateway.configuration import Gateway, Kind
from llm_guard_protecto.server.gateway.headers import Headers
from llm_guard_protecto.server.gateway.sending import Sending, Sends

__all__ = ["Provider", "Providers", "Target", "Upstreams"]

_PLAIN = re.compile(r"/[A-Za-z0-9_.:~/-]*")
_CONNECT = 10.0  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """One provider: where it is, its key as a header, and the client to send through."""

    name: str
    kind: Kind
    url: str
    headers: Headers = field(repr=False)
    client: Sends = field(repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes. `path` is what follows the provider's url, with its slash."""

    provider: Provider
    path: str

    def url(self, query: bytes) -> httpx.URL:
        """The address of the call."""
        url = _url(self.provider.url + self.path)
        return url.copy_with(query=query) if query else url


class Upstreams:
    """The providers of a gateway by name."""

    def __init__(
        self,
        settings: Gateway,
        environ: Mapping[str, str],
        around: Callable[[Sends], Sends] | None = None,
    ) -> None:
        """Take the keys from `environ`; `around` stands between the gateway and what sends.

        Raises `ConfigurationError` for a key that is not there.
        """
        self._all: dict[str, Provider] = {}
        for name, one in settings.upstreams.items():
            key = environ.get(one.key_env, "") if one.key_env else ""
            if one.key_env and not key.strip():
                raise ConfigurationError(f"upstream {name}: {one.key_env} is not set")
            client: Sends = Sending(one.seconds, min(one.seconds, _CONNECT))
            client = around(client) if around else client
            self._all[name] = Provider(name, one.kind, one.url, _key(one.kind, key), client)

    def target(self, path: str) -> Target | None:
        """Where `/v1/...` or `/NAME/v1/...` leads; None for any other path.

        Without a name, `/v1/messages` is Anthropic's and the rest OpenAI's, if there is a provider
        of that kind: the first that the operator named.
        """
        if not _PLAIN.fullmatch(path) or "//" in path or "/." in path:
            return None
        _, first, rest = path.split("/", 2) if path.count("/") > 1 else ("", path[1:], "")
        if first != "v1":
            provider = self._all.get(first)
            version, _, rest = rest.partition("/")
            return Target(provider, f"/{rest}") if provider and version == "v1" and rest else None
        kind: Kind = "anthropic" if rest.split("/")[0] == "messages" else "openai"
        of_kind = [one for one in self._all.values() if one.kind == kind]
        if not rest or not of_kind and rest.split("/")[0] != "models":
            return None
        return Target((of_kind or [*self._all.values()])[0], f"/{rest}")

    async def aclose(self) -> None:
        """Close every client."""
        for one in self._all.values():
            await one.client.aclose()


@lru_cache(maxsize=1024)
def _url(text: str) -> httpx.URL:
    """The same few are called again and again, and reading one takes its time."""
    return httpx.URL(text)


def _key(kind: Kind, key: str) -> Headers:
    if not key:
        return []
    return [("x-api-key", key)] if kind == "anthropic" else [("authorization", f"Bearer {key}")]


Providers = tuple[Gateway, Upstreams]
"""What an operator wrote, and the providers that it names."""
