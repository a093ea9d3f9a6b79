"""What a tag may ask: the origins of the operator, however an address is written."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import ConfigurationError
from llm_guard_protecto.engine.sources import Sources

ALLOWED = Sources(
    frozenset({"https://ids.example.com", "http://10.0.0.7:9000/", "http://[::1]:80"})
)
HOSTS = {("https", "ids.example.com", 443), ("http", "10.0.0.7", 9000), ("http", "::1", 80)}
PIECES = st.sampled_from(
    [
        *("https", "http", "://", ":", "/", "//", "@", "\\", "#", "?", ".", "%2e", "\t", "\n", " "),
        *("ids.example.com", "evil.example", "10.0.0.7", "169.254.169.254", "[::1]", "9000", "443"),
    ]
)


@settings(deadline=None)
@given(url=st.lists(PIECES, max_size=9).map("".join) | st.text(max_size=30))
@example("https://ids.example.com@evil.example/")
@example("https://ids.example.com\\@evil.example/")
@example("http://10.0.0.7:9000@evil.example")
@example("https://ids.example.com.")
def test_what_is_allowed_goes_to_an_allowed_host(url: str) -> None:
    if ALLOWED.allows(url):
        parts = urlsplit(url)
        assert parts.username is None
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        assert (parts.scheme, (parts.hostname or "").rstrip("."), port) in HOSTS


@pytest.mark.parametrize(
    "url",
    ["https://ids.example.com/a?b=c", "http://10.0.0.7:9000", "http://[::1]/x", "HTTPS://x"[:0]],
)
def test_an_allowed_origin_has_any_path(url: str) -> None:
    assert ALLOWED.allows(url) == bool(url)


def test_nothing_is_allowed_by_default() -> None:
    assert not Sources().allows("https://ids.example.com/")
    assert not Sources.of({}).allows("http://127.0.0.1/")
    assert Sources.of({"LLM_GUARD_ENDPOINTS": " https://a.example , "}).allows(
        "https://a.example/x"
    )
    assert Sources(functions={"ids": lambda texts: []}).allows("local:ids")
    assert not Sources(functions={"ids": lambda texts: []}).allows("local:other")


@pytest.mark.parametrize(
    "origin", ["ids.example.com", "https://a/b", "ftp://a", "https://u@a", "*"]
)
def test_an_origin_that_is_none(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="an allowed endpoint is written"):
        Sources(frozenset({origin}))
