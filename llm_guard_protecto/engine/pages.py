"""What is known of each text that was masked before, so that a chat's history costs next to nothing.

A page holds what does not change about one text under one policy: where it might hold tokens of
ours, what was found in it, and how it was last masked. The rest of a request can change the
outcome (a value found elsewhere, a token standing in another text), so every request checks that,
and only a page it concerns is worked out again.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from llm_guard_protecto.detect.known import Known
from llm_guard_protecto.engine.decide import Decided
from llm_guard_protecto.engine.render import Candidate, View, Wrappers, loose, wrapped
from llm_guard_protecto.models import Masked

__all__ = ["AROUND", "REMEMBERED", "Outcome", "Page", "Pages", "Reading"]

REMEMBERED = 4_000_000
"""Characters of text that are remembered, the least recently used forgotten first."""

AROUND = 500
"""Characters that a text counts for beside its own: what is known of it takes some 3 to 4 kB."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the detectors saw it, and what they found. `values` are those to mask."""

    view: View
    decided: Decided
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a text was masked in some request.

    `used` are the runs of its tokens in lower case, `foreign` the values that were found in other
    texts only, `checked` every value that was looked for.
    """

    reading: Reading
    masked: Masked
    used: frozenset[str] = field(repr=False)
    foreign: frozenset[str] = field(repr=False)
    checked: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class Page:
    """One text. What was found out about it is replaced as a whole, so threads can share a page.

    `alone` is what became of it by itself, and the reading it was made from.
    """

    text: str = field(repr=False)
    pairs: Sequence[Candidate] = field(repr=False)
    runs: Sequence[re.Match[str]] = field(repr=False)
    standing: frozenset[str] = field(repr=False)
    candidates: frozenset[str] = field(repr=False)
    reading: Reading | None = None
    outcome: Outcome | None = None
    alone: tuple[Reading, Masked] | None = None

    @classmethod
    def of(cls, text: str, wrappers: Wrappers) -> Page:
        """A new page: the text with all in it that may be a token of ours."""
        pairs, runs = wrapped(text, wrappers), loose(text)
        found = frozenset(run.group() for run in runs)
        inside = {run for pair in pairs for run in pair.runs}
        return cls(text, pairs, runs, frozenset(map(str.lower, found)), found | inside)

    def masked_before(
        self, reading: Reading, values: Mapping[str, str], order: tuple[str, ...],
        standing: Collection[str],
    ) -> Outcome | None:  # fmt: skip
        """How it was masked, if that is the same in a request with these values and standing runs.

        `order` lists the values as they were found. A conversation only adds to them, so those
        checked before are usually its beginning, and only the new ones are looked for.
        """
        last = self.outcome
        if last is None or last.reading is not reading or not last.used.isdisjoint(standing):
            return None
        if last.checked is not order:
            known = len(last.checked)
            new = order[known:] if order[:known] == last.checked else order
            own, text = reading.values, reading.view.text
            there = {v: values[v] for v in new if v in text and v not in own}
            if there and Known(there).find(text):  # in it, and not just inside another word
                return None
            if not all(value in values for value in last.foreign):
                return None
            last = self.outcome = replace(last, checked=order)
        return last


class Pages:
    """The pages of a vault. Thread-safe."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._pages: OrderedDict[tuple[int, str], Page] = OrderedDict()
        self._kinds: dict[tuple[str, Wrappers], int] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._pages)

    def of(self, texts: Sequence[str], policy: str, wrappers: Wrappers) -> list[Page]:
        """The page of each text under the policy of this fingerprint, remembered or new."""
        with self._lock:
            # A number for the pair, which takes long to hash, and a chat has many texts.
            kind = self._kinds.setdefault((policy, wrappers), len(self._kinds))
            keys = [(kind, text) for text in texts]
            found = {key: self._pages[key] for key in keys if key in self._pages}
        new = {key: Page.of(key[1], wrappers) for key in keys if key not in found}
        with self._lock:
            for key, page in new.items():
                if key not in self._pages:
                    self._size += len(page.text) + AROUND
                found[key] = self._pages.setdefault(key, page)
            for key in found:
                if key in self._pages:
                    self._pages.move_to_end(key)
            while self._size > REMEMBERED and self._pages:
                (_, text), _ = self._pages.popitem(last=False)
                self._size -= len(text) + AROUND
        return [found[key] for key in keys]
