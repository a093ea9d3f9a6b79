"""Running the detectors, once for each distinct text, and never taking silence for an answer."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Sequence

from llm_guard_protecto.detect.find import Detector, find
from llm_guard_protecto.engine.decide import Decided, decide
from llm_guard_protecto.errors import DetectionFailed, GuardError
from llm_guard_protecto.models import Span
from llm_guard_protecto.policy import Policy

__all__ = ["Search"]

REMEMBERED = 4_000_000
"""Characters of text whose findings are remembered, so that a chat's history is searched once."""


class Search:
    """What the detectors find in texts under a policy. Thread-safe.

    The answer for a text depends on nothing but the text and the policy, so it is remembered:
    turn 50 of a conversation searches only what is new.
    """

    def __init__(self, detector: Detector = find, deadline: float = 30.0) -> None:
        """`deadline` is in seconds and holds for one call of a detector that is not ours.

        Our own runs in linear time and needs no watch; a foreign one that hangs is left behind
        in its thread, and the call fails.
        """
        self._detector = detector if detector is find else _Watched(detector, deadline)
        self._lock = threading.Lock()
        self._decided: OrderedDict[tuple[str, str], Decided] = OrderedDict()
        self._size = 0

    def __call__(self, texts: Sequence[str], policy: Policy) -> list[Decided]:
        """Search each text. Raises `DetectionFailed` when a detector fails in any way."""
        keys = [(policy.fingerprint, text) for text in texts]
        with self._lock:
            known = {key: self._decided[key] for key in keys if key in self._decided}
            for key in known:
                self._decided.move_to_end(key)
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        if missing:
            new = [text for _, text in missing]
            for key, spans in zip(missing, self._detect(new), strict=True):
                known[key] = decide(key[1], spans, policy)
            self._remember({key: known[key] for key in missing})
        return [known[key] for key in keys]

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

    def _remember(self, new: dict[tuple[str, str], Decided]) -> None:
        with self._lock:
            for key, decided in new.items():
                if key not in self._decided:
                    self._size += len(key[1])
                self._decided[key] = decided
            while self._size > REMEMBERED and self._decided:
                (_, text), _ = self._decided.popitem(last=False)
                self._size -= len(text)


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
