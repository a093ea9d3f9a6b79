"""OpenTelemetry spans of what a vault does, if the extra `otel` is there and somebody listens.

A span tells how many, of which kinds, under which policy and how long, and nothing else. It is
written after the work is done, from numbers and names of our own; no switch of the environment can
make it hold a text.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from llm_guard_protecto import __version__
from llm_guard_protecto.entities import ENTITIES

try:
    from opentelemetry import trace as _trace
except ImportError:
    _trace = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

__all__ = ["ATTRIBUTES", "span"]

ATTRIBUTES = {
    "items": "llm_guard.items",
    "values": "llm_guard.values",
    "entities": "llm_guard.entities",
    "policy": "llm_guard.policy",
}
"""What a span may tell besides its name, its times and the type of an error."""

Noted = dict[str, "int | str | list[str]"]


class span:  # noqa: N801 - used as a function is
    """Times a block and writes a span of it when it ends, with what was told meanwhile.

    A block that is given up to be done again elsewhere (`NotAtHand`) writes none.
    """

    __slots__ = ("_began", "_name", "_noted", "_tracer")

    def __init__(self, name: str) -> None:
        """`name` is of our own words: a verb and a route, a kind of job."""
        self._name = name
        self._noted: Noted = {}

    def __enter__(self) -> Self:
        """From here on."""
        self._tracer = _tracer()
        self._began = time.time_ns()
        return self

    def tell(self, items: object, policy: object = None) -> None:
        """Count the items of an answer, made under the policy of that name."""
        if self._tracer is not None and isinstance(items, list):
            self._noted = _counted(items, policy)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write it."""
        if self._tracer is None or (kind is not None and not issubclass(kind, Exception)):
            return
        written = self._tracer.start_span(self._name, start_time=self._began)
        if written.is_recording():
            for key, value in self._noted.items():
                written.set_attribute(ATTRIBUTES[key], value)
            if kind is not None:
                written.set_attribute("error.type", kind.__name__)
                written.set_status(_trace.StatusCode.ERROR)
        written.end()


def _tracer() -> Tracer | None:
    """Where to write a span; None while the program has set no tracer provider."""
    if _trace is None:
        return None
    provider = _trace.get_tracer_provider()
    if type(provider) is _trace.ProxyTracerProvider:
        return None  # what it makes would be thrown away
    return provider.get_tracer("llm_guard_protecto", __version__)


def _counted(items: Sequence[Any], policy: object) -> Noted:
    noted: Noted = {"items": len(items)}
    if isinstance(policy, str):
        noted["policy"] = policy
    kinds = list(_kinds(items))
    if kinds:
        noted["values"] = len(kinds)
        noted["entities"] = sorted({kind if kind in ENTITIES else "other" for kind in kinds})
    return noted


def _kinds(items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping):
            for token in item.get("individual_tokens", ()):
                yield token["pii_type"]
