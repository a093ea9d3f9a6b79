"""Which headers pass the gateway. What is on no list stays: it could hold text, or a secret."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["POLICY", "answering", "asking"]

POLICY = "x-llm-guard-policy"
"""Header of a request that asks for a policy, and of every answer: the one that was in force."""

_ASKING = frozenset(
    {
        "accept",
        "anthropic-beta",
        "anthropic-version",
        "content-type",
        "idempotency-key",
        "openai-beta",
    }
)
_ANSWERING = frozenset(
    {
        "content-type",
        "openai-processing-ms",
        "openai-version",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-request-id",
        "x-should-retry",
        "x-llm-guard-receipt",
    }
)
_LIMITS = ("anthropic-ratelimit-", "x-ratelimit-")

Headers = list[tuple[str, str]]


def asking(headers: Iterable[tuple[str, str]]) -> Headers:
    """Those of a request that the provider may see."""
    return [(name, value) for name, value in headers if name.lower() in _ASKING]


def answering(headers: Iterable[tuple[str, str]]) -> Headers:
    """Those of an answer that the caller may see: no cookie, no address, nothing unknown."""
    return [
        (name, value)
        for name, value in headers
        if name.lower() in _ANSWERING or name.lower().startswith(_LIMITS)
    ]
