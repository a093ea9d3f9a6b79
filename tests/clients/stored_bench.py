"""A provider that keeps what it is sent, behind a scripted server; two sides that share a vault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llm_guard_protecto.testing.batches import StoredFiles
from llm_guard_protecto.testing.stored import Asked, StoredResponses
from tests.clients.bench import VALUES, Bench
from tests.clients.tiny_vault import KeepingVault
from tests.wireserver import Received, Script

__all__ = ["provide", "repeat", "two_sides"]


def repeat(messages: Sequence[Mapping[str, Any]]) -> str:
    """What the model answers: all that it was told, masked as it came."""
    return " | ".join(
        one["content"]
        if isinstance(one["content"], str)
        else "".join(part.get("text", "") for part in one["content"])
        for one in messages
    )


Says = Callable[[Sequence[Mapping[str, Any]]], str]


def provide(bench: Bench, says: Says = repeat) -> None:
    """Let the bench's server keep responses, conversations, files and batches."""
    stored = (StoredResponses(), StoredFiles())

    def answer(request: Received) -> Script:
        path, _, query = request.path.partition("?")
        asked = Asked(request.method, path, query, request.body, says)
        for one in stored:
            said = one.answer(asked)
            if said is not None:
                status, kind, pieces = said
                return Script(status, {"content-type": kind}, list(pieces), chunked=True)
        raise AssertionError(f"not served: {request.method} {path}")

    bench.script = answer


def two_sides(bench: Bench, says: Says = repeat, vault: Any = None) -> tuple[Any, Any]:
    """Two protected clients that share a vault and nothing else, as two processes do."""
    provide(bench, says)
    bench.vault = vault or KeepingVault(*VALUES)
    return bench.client(), bench.client()
