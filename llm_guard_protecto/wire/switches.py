"""What a policy opens of that which is refused otherwise: its switches, while a request is walked.

Formats are made of other formats (a batch of requests, a form with a file), so what is open is not
handed from one to the next but set around the walk, like the precision of a decimal number. Nothing
is open by default, and nothing is open while a reply is walked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["NEVER", "is_on", "opens", "switched_on", "switches"]

NEVER = "(no policy opens this)"
"""The end of a refusal's message when there is no switch for it."""

_ON: ContextVar[frozenset[str]] = ContextVar("llm_guard_protecto_switches", default=frozenset())


@contextmanager
def switched_on(names: frozenset[str]) -> Iterator[None]:
    """Within this block these switches are on, and no others."""
    before = _ON.set(names)
    try:
        yield
    finally:
        _ON.reset(before)


def switches() -> frozenset[str]:
    """The switches that are on here."""
    return _ON.get()


def is_on(name: str) -> bool:
    """Whether this switch is on here."""
    return name in _ON.get()


def opens(name: str, value: str = "true") -> str:
    """The end of a refusal's message: which key of a policy opens it."""
    return f"(policy key to open this: surfaces.{name} = {value})" if name else NEVER
