"""Addresses and headers of a recorded exchange as texts that can be written back."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from llm_guard_protecto.integrations.vcr_bodies import Body, Changed

__all__ = ["SECRET", "address_of", "header_of"]

SECRET = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-goog-api-key",
    }
)
"""Headers that carry a secret and nothing else."""

_PLAIN = frozenset(
    {
        "accept",
        "accept-encoding",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "host",
        "server",
        "transfer-encoding",
        "user-agent",
        "vary",
    }
)
"""Headers that HTTP itself reads."""


_AS_IT_IS = "@:!$'()*,;~"
"""Signs that clients write plainly in a path and that mean nothing in a query."""


class _Address(Body):
    """Path and query of an address; scheme and host stay."""

    def __init__(self, request: MutableMapping[str, Any]) -> None:
        self._request = request
        self._parts = urlsplit(request["uri"])
        self._segments = self._parts.path.split("/")
        self._pairs = [pair.partition("=") for pair in self._parts.query.split("&")]
        values = [value.replace("+", " ") for _, _, value in self._pairs]
        self.texts = [unquote(text) for text in (*self._segments, *values)]

    def write(self, said: Sequence[Changed]) -> None:
        if all(one.new == one.old for one in said):
            return
        new = [
            quote(one.new, safe=_AS_IT_IS) if one.new != one.old else raw
            for one, raw in zip(said, (*self._segments, *(p[2] for p in self._pairs)), strict=True)
        ]
        path = "/".join(new[: len(self._segments)])
        values = new[len(self._segments) :]
        pairs = zip(self._pairs, values, strict=True)
        query = "&".join(f"{name}{sign}{value}" for (name, sign, _), value in pairs)
        self._request["uri"] = urlunsplit(self._parts._replace(path=path, query=query))


class _Header(Body):
    """The values of one header."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values
        self.texts = [str(value) for value in values]

    def write(self, said: Sequence[Changed]) -> None:
        self._values[:] = [one.new for one in said]


def address_of(request: MutableMapping[str, Any]) -> Body:
    """The address of a recorded request."""
    return _Address(request)


def header_of(name: str, values: Any) -> Iterator[Body]:
    """The values of a header, unless HTTP itself reads them or they are gone."""
    if isinstance(values, list) and name.lower() not in _PLAIN | SECRET:
        yield _Header(values)
