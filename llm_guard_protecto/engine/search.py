"""Running the detectors, and never taking silence for an answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from llm_guard_protecto.detect.find import Detector, find
from llm_guard_protecto.engine.decide import Decided, decide
from llm_guard_protecto.errors import DetectionFailed, GuardError
from llm_guard_protecto.models import Span
from llm_guard_protecto.policy import Policy

__all__ = ["Search"]


class Search:
    """What the detectors find in texts, sorted by what a policy wants done. Thread-safe."""

    def __init__(self, detector: Detector = find, deadline: float = 30.0) -> None:
        """`deadline` is in seconds and holds for one call of a detector that is not ours.

        Our own runs in linear time and needs no watch; a foreign one that hangs is left behind
        in its thread, and the call fails.
        """
        self._detector = detector if detector is find else _Watched(detector, deadline)

    def __call__(self, texts: Sequence[str], policy: Policy) -> list[Decided]:
        """Search each text. Raises `DetectionFailed` when a detector fails in any way."""
        if not texts:
            return []
        found = dict.fromkeys(texts, Decided())
        for text, spans in zip(found, self._detect(list(found)), strict=True):
            found[text] = decide(text, spans, policy)
        return [found[text] for text in texts]

    def _detect(self, texts: Sequence[str]) -> list[list[Span]]:
        failure = ""
        try:
            found = self._detector(texts)
        except GuardError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, nothing may be sent)
            failure = type(error).__name__
        if failure:  # outside the handler: the exception may hold the text
            raise DetectionFailed(f"a detector failed ({failure})")
        if len(found) != len(texts) or not all(
            isinstance(span, Span) and 0 <= span.start < span.end <= len(text)
            for text, spans in zip(texts, found, strict=False)
            for span in spans
        ):
            raise DetectionFailed("a detector answered with spans that are not in the text")
        return found


class _Watched:
    """A detector in a thread of its own, given up on after a time."""

    def __init__(self, detector: Detector, deadline: float) -> None:
        self._detector = detector
        self._deadline = deadline

    def __call__(self, texts: Sequence[str]) -> list[list[Span]]:
        answer: queue.SimpleQueue[list[list[Span]] | Exception] = queue.SimpleQueue()

        def work() -> None:
            try:
                answer.put(self._detector(texts))
            except Exception as error:  # noqa: BLE001  (raised again in the caller's thread)
                answer.put(error)

        threading.Thread(target=work, daemon=True, name="detector").start()
        try:
            found = answer.get(timeout=self._deadline)
        except queue.Empty:
            message = f"a detector did not finish within {self._deadline:g} seconds"
            raise DetectionFailed(message) from None
        if isinstance(found, Exception):
            raise found
        return found
