"""Who has how much turned back: an alarm for guessing, and a quota."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from llm_guard_protecto.server.messages import Refusal

__all__ = ["ALARM", "WINDOW", "Watch"]

ALARM = 100
"""Unknown tokens within `WINDOW` seconds after which a caller is taken to be guessing."""

WINDOW = 60.0
"""Seconds over which unknown tokens and quotas are counted."""

CALLERS = 10_000
"""Callers that are watched at once; the least recently seen are forgotten first."""

log = logging.getLogger("llm_guard_protecto.server")


@dataclass(slots=True)
class _Seen:
    """What one caller did lately: (when, restored, unknown), and the sums of both."""

    events: deque[tuple[float, int, int]] = field(default_factory=deque)
    restored: int = 0
    unknown: int = 0
    alarmed: float = -WINDOW

    def forget(self, before: float) -> None:
        while self.events and self.events[0][0] <= before:
            _, restored, unknown = self.events.popleft()
            self.restored -= restored
            self.unknown -= unknown


class Watch:
    """Watches the callers of this process. Thread-safe.

    `counts` says how many tokens were `restored` and `unknown`, how many `alarms` there were, and
    how many calls a quota `refused`, since the start.
    """

    def __init__(
        self, quota: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`quota` is how many tokens a caller may have turned back in a minute; None: any number.

        `clock` gives seconds.
        """
        self.counts: Counter[str] = Counter()
        self._quota = quota
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def check(self, caller: str) -> None:
        """Raise `Refusal` (429) for a caller whose quota is used up."""
        if self._quota is None:
            return
        with self._lock:
            seen = self._of(caller)
            if seen.restored < self._quota:
                return
            self.counts["refused"] += 1
            wait = seen.events[0][0] + WINDOW - self._clock()
        raise Refusal("API usage limit exceeded", 429, Retry_After=str(max(1, round(wait + 0.5))))

    def saw(self, caller: str, restored: int, unknown: int) -> None:
        """Count what a call turned back, and what it asked for in vain."""
        if not restored and not unknown:
            return
        with self._lock:
            seen = self._of(caller)
            now = self._clock()
            seen.events.append((now, restored, unknown))
            seen.restored += restored
            seen.unknown += unknown
            self.counts.update(restored=restored, unknown=unknown)
            guessing = seen.unknown >= ALARM and now - seen.alarmed >= WINDOW
            if guessing:
                seen.alarmed = now
                self.counts["alarms"] += 1
            asked = seen.unknown
        if guessing:
            log.warning("token %s asked for %d unknown tokens within a minute", caller, asked)

    def _of(self, caller: str) -> _Seen:
        """What is known of a caller, without what is too old."""
        seen = self._seen.setdefault(caller, _Seen())
        self._seen.move_to_end(caller)
        if len(self._seen) > CALLERS:
            self._seen.popitem(last=False)
        seen.forget(self._clock() - WINDOW)
        return seen
