"""A third party's mock of the providers, `@copilotkit/aimock`, as a process of its own.

It speaks OpenAI's and Anthropic's APIs, plain, streamed in pieces of a few characters and with
tools, and keeps a journal of what came to it.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.bench.gateway.npm import packages, program

__all__ = ["AIMOCK", "Mock", "mocked", "seen"]

AIMOCK = "@copilotkit/aimock@1.43.0"

_APART = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Mock:
    """A mock that runs. `url` is its address, without `/v1`."""

    url: str

    def clear(self) -> None:
        """Forget what came so far."""
        httpx.post(f"{self.url}/__aimock/reset/journal").raise_for_status()

    def journal(self) -> list[str]:
        """What came, as text: a request each, with its headers."""
        kept = httpx.get(f"{self.url}/__aimock/journal").raise_for_status().json()
        return [json.dumps(one, ensure_ascii=False) for one in kept]


@contextmanager
def mocked(characters: int = 3) -> Iterator[Mock]:
    """A mock that says back what it is told, streamed in pieces of so many characters.

    Raises `RuntimeError` when it cannot be had.
    """
    folder = packages("gateway-aimock", (AIMOCK,))
    if isinstance(folder, str):
        raise RuntimeError(folder)  # noqa: TRY004 - it says why there is none
    process = subprocess.Popen(
        [*program(folder, "mock.mjs"), str(characters)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Mock(process.stdout.readline().strip())
    finally:
        process.communicate(timeout=30)


def seen(journal: Sequence[str], values: Sequence[str]) -> list[str]:
    """Which of the values stand in a journal: in any case, with anything between their letters."""
    said = "\n".join(journal).lower()
    joined = _APART.sub("", said)
    return [one for one in values if one.lower() in said or _APART.sub("", one.lower()) in joined]
