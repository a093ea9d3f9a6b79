"""Running the detectors, and never taking silence for an answer."""

from __future__ import annotations

import copy
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import index
from typing import Protocol
from weakref import WeakSet

from llm_guard_protecto.detect.find import Detector, Finder, find
from llm_guard_protecto.engine.custom import compiled, edition
from llm_guard_protecto.engine.decide import Decided, decide
from llm_guard_protecto.engine.store.at_hand import needs_time
from llm_guard_protecto.errors import DetectionFailed, GuardError
from llm_guard_protecto.models import Span
from llm_guard_protecto.policy import Policy

__all__ = ["Search"]

Found = list[list[Span]]


class TagSource(Protocol):
    """What finds the tags of a policy."""

    def detectors(self, policy: Policy) -> Sequence[Detector]:
        """What to ask."""
        ...

    def stamp(self, policy: Policy) -> str:
        """Another text whenever they are others."""
        ...

    def close(self) -> None:
        """Close the connections of all of them."""
        ...


class Search:
    """What the detectors find in texts, sorted by what a policy wants done. Thread-safe."""

    def __init__(
        self,
        detector: Detector = find,
        deadline: float = 30.0,
        more: Sequence[Detector] = (),
    ) -> None:
        """`more` run beside `detector`, which is ours unless it is replaced.

        `deadline` is in seconds and holds for one call of a detector that is not ours. Our own
        runs in linear time and needs no watch; a foreign one that hangs is left behind in its
        thread, and the call fails.
        """
        self._tags: TagSource | None = None
        self._asked: WeakSet[TagSource] = WeakSet()  # of this search and its copies together
        self._ours = detector if detector is find or isinstance(detector, Finder) else None
        self._foreign = [*([] if self._ours else [detector]), *more]
        self._deadline = deadline

    def asking(self, tags: TagSource) -> Search:
        """The same search, which also asks what the tags of a policy name."""
        other = copy.copy(self)
        other._tags = tags
        self._asked.add(tags)
        return other

    def close(self) -> None:
        """Close the connections of all tags that this search and its copies were given."""
        for tags in list(self._asked):
            tags.close()

    def edition(self, policy: Policy) -> str:
        """A name for the policy with its files and tags as they are now."""
        stamp = self._tags.stamp(policy) if self._tags and policy.custom else ""
        return edition(policy) + stamp

    def is_ours(self, policy: Policy) -> bool:
        """Whether only our own detector and patterns search: nothing leaves, nobody is charged."""
        return not self._foreign and not (self._tags and policy.custom)

    def __call__(self, texts: Sequence[str], policy: Policy) -> list[Decided]:
        """Search each text. Raises `DetectionFailed` when a detector fails in any way."""
        if not texts:
            return []
        needs_time()
        different = list(dict.fromkeys(texts))
        found = {
            text: decide(text, spans, policy)
            for text, spans in zip(different, self.found(different, policy), strict=True)
        }
        return [found[text] for text in texts]

    def found(self, texts: Sequence[str], policy: Policy) -> Found:
        """Every span as the detectors and the policy's own patterns and lists found it.

        Raises `DetectionFailed` as above, `ConfigurationError` for a policy that cannot work.
        """
        if not texts:
            return []
        custom = compiled(policy)
        tags = self._tags.detectors(policy) if self._tags and policy.custom else []
        foreign = [*self._foreign, *tags]
        running = [_started(detector, texts, self._deadline) for detector in foreign]
        answers = [_checked(_answer(self._ours, texts), texts)] if self._ours else []
        answers += [_named(_checked(wait(), texts), detector)
                    for wait, detector in zip(running, foreign, strict=True)]  # fmt: skip
        if custom is not None:
            answers.append([custom.find(text) for text in texts])
        return [[span for spans in one for span in spans] for one in zip(*answers, strict=True)]


def _answer(detector: Detector, texts: Sequence[str]) -> Found:
    """What a detector answers. Raises our errors only: another one may hold the text."""
    try:
        return detector(texts)
    except GuardError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, nothing may be sent)
        failure = type(error).__name__
    raise DetectionFailed(f"a detector failed ({failure})")  # outside the handler, so no context


def _started(detector: Detector, texts: Sequence[str], deadline: float) -> Callable[[], Found]:
    """Start a detector in a thread of its own; the result waits for it, and gives up in time."""
    answer: queue.SimpleQueue[Found | GuardError] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer.put(_answer(detector, texts))
        except GuardError as error:
            answer.put(error)

    def wait() -> Found:
        try:
            found = answer.get(timeout=deadline)
        except queue.Empty:
            message = f"a detector did not finish within {deadline:g} seconds"
            raise DetectionFailed(message) from None
        if isinstance(found, GuardError):
            raise found
        return found

    threading.Thread(target=work, daemon=True, name="detector").start()
    return wait


def _checked(found: Found, texts: Sequence[str]) -> Found:
    """The same, if it is an answer: a list a text, spans that lie in it, scores in [0, 1]."""
    try:
        if len(found) == len(texts) and all(
            isinstance(span, Span)
            and isinstance(span.entity, str)
            and isinstance(span.rule, str)
            and 0 <= index(span.start) < index(span.end) <= len(text)
            and 0.0 <= span.score <= 1.0
            for text, spans in zip(texts, found, strict=True)
            for span in spans
        ):
            return found
    except TypeError:
        pass
    raise DetectionFailed("a detector answered with what is no span of the text")


def _named(found: Found, detector: Detector) -> Found:
    """The same in plain numbers, each span with a rule: by default the detector's own name."""
    name = getattr(detector, "__name__", type(detector).__name__)
    return [
        [
            replace(
                span,
                start=index(span.start),
                end=index(span.end),
                score=float(span.score),
                rule=span.rule or name,
            )
            for span in spans
        ]
        for spans in found
    ]
