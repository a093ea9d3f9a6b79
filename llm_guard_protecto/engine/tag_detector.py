"""What finds a custom tag in texts: an address or a function, and a list of known values.

What is on the list is found wherever it stands as whole words. What the detector finds and the
list does not hold is worth less than the default threshold: the list says what is real.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from llm_guard_protecto.detect.find import Detector
from llm_guard_protecto.engine.endpoint import Endpoint, http_library, read_json
from llm_guard_protecto.engine.sources import LOCAL, Sources
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.models import Span

if TYPE_CHECKING:
    from llm_guard_protecto.detect.listed import Listed

__all__ = ["TagDetector"]

FRESH = 300.0
"""Seconds for which a list of known values is taken to be the same."""

UNLISTED = 0.4
"""The score of a find that the list of known values does not hold."""

_TIMEOUT = 10.0


class _Address(Protocol):
    @property
    def url(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class TagDetector:
    """A detector for one tag. Thread-safe; raises `DetectionFailed` when its sources fail."""

    def __init__(
        self,
        name: str,
        detector: _Address | None,
        values: _Address | None,
        sources: Sources,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds."""
        self._name, self._sources, self._clock = name, sources, clock
        self._at, self._list_at = detector, values
        self._find: Detector | None = None
        self._lock = threading.Lock()
        self._listed: Listed | None = None
        self._values: frozenset[str] = frozenset()
        self._until = -1.0
        self._client: Any = None

    @property
    def __name__(self) -> str:
        return f"tag:{self._name}"

    def __repr__(self) -> str:
        """Name the tag; addresses and headers may hold a secret."""
        return f"TagDetector({self._name})"

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """The places of the tag in each text."""
        listed = self._known()
        found = self._asked(texts)
        if listed is None:
            return found
        return [
            [
                *(self._weighed(text, span) for span in spans),
                *(self._span(start, end) for start, end in listed.find(text)),
            ]
            for text, spans in zip(texts, found, strict=True)
        ]

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            if isinstance(self._find, Endpoint):
                self._find.close()

    def _asked(self, texts: Sequence[str]) -> list[list[Span]]:
        at = self._at
        if at is None:
            return [[] for _ in texts]
        self._check(at)
        with self._lock:
            if self._find is None:
                local = at.url.startswith(LOCAL)
                self._find = (
                    self._sources.functions[at.url.removeprefix(LOCAL)]
                    if local
                    else Endpoint(
                        at.url, self._name, headers=at.headers, method=at.method, timeout=_TIMEOUT
                    )
                )
            find = self._find
        return [
            [replace(span, entity=self._name, rule=self.__name__) for span in spans]
            for spans in find(texts)
        ]

    def _known(self) -> Listed | None:
        """The list of known values, read again when it is no longer fresh."""
        at = self._list_at
        if at is None:
            return None
        with self._lock:
            if self._clock() >= self._until:
                self._values = frozenset(self._fetched(at))
                self._listed = self._compiled(self._values)
                self._until = self._clock() + FRESH
            return self._listed

    def _compiled(self, values: frozenset[str]) -> Listed | None:
        from llm_guard_protecto.detect.listed import Listed

        if not values:
            return None
        try:
            return Listed(sorted(values))
        except ConfigurationError:
            raise self._failed("a value that cannot be looked for") from None

    def _fetched(self, at: _Address) -> list[str]:
        self._check(at)
        failure = ""
        try:
            if self._client is None:
                self._client = http_library().Client(
                    timeout=_TIMEOUT, trust_env=False, follow_redirects=False
                )
            with self._client.stream(at.method, at.url, headers=dict(at.headers)) as answer:
                return _strings(read_json(answer, self._failed))
        except DetectionFailed:
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, nothing may be sent)
            failure = type(error).__name__
        raise self._failed(failure)

    def _check(self, at: _Address) -> None:
        """What was allowed when the tag was made may not be so here and now."""
        if not self._sources.allows(at.url):
            raise self._failed("its address is not allowed here")

    def _weighed(self, text: str, span: Span) -> Span:
        if text[span.start : span.end] in self._values:
            return span
        return replace(span, score=min(span.score, UNLISTED))

    def _span(self, start: int, end: int) -> Span:
        return Span(start, end, self._name, 1.0, f"{self.__name__}:list")

    def _failed(self, reason: str) -> DetectionFailed:
        return DetectionFailed(f"the endpoint for {self._name} failed ({reason})")


def _strings(said: Any) -> list[str]:
    """A list of strings: the answer itself, or under its one key, at most twice."""
    for _ in range(2):
        if isinstance(said, dict) and len(said) == 1:
            [said] = said.values()
        elif isinstance(said, dict) and "data" in said:
            said = said["data"]
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise ValueError("no list of strings")
    return [one.strip() for one in said if one.strip()]
