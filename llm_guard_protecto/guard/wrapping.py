"""The wrappers of a map around a place in a text: opened, closed, begun, in any of their forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from llm_guard_protecto.guard.bent import Wrapper
from llm_guard_protecto.guard.islands import WORD
from llm_guard_protecto.guard.runs import More
from llm_guard_protecto.guard.tokenmap import TokenMap

__all__ = ["NATURAL", "NOTHING", "OPENS", "STOP", "Lead", "Wrapping", "before_blank", "past_blank"]

NATURAL = re.compile(r"[A-Z]?[a-z]{0,2}|[A-Z]{1,3}|[A-Z]?[a-z]*[aeiouy][a-z]*")
_HUG = re.compile(r"\s{0,2}[^0-9A-Za-z\s<>]{0,3}(?:[A-Z][a-z]{1,3}\.?\s)?[^0-9A-Za-z\s<>]{0,2}")
_HUG_BEGUN = re.compile(
    r"\s{0,2}[^0-9A-Za-z\s<>]{0,3}(?:[A-Z][a-z]{0,3}\.?|[A-Z][a-z]{1,3}\.?\s[^0-9A-Za-z\s<>]{0,2})?"
)
STOP = re.compile(
    r"\n[ \t]*\n|(?<![0-9A-Za-z])(?:[A-Za-z']+[^0-9A-Za-z<>&\\%\[\](){}«»‹›⟨⟩＜＞〈〉【】]+){3}"
)
NOTHING, OPENS = -1, -2

_REACH = 96


@dataclass(frozen=True, slots=True)
class Lead:
    """An opened wrapper before a run: where it starts, where it ends, how often it stands there."""

    start: int
    end: int
    wrappers: tuple[Wrapper, ...]
    times: int
    text: str


class Wrapping:
    """The wrappers of one map, found in a text. Holds no state of the text."""

    __slots__ = ("_heads", "_map", "_starts", "reach")

    def __init__(self, tokens: TokenMap) -> None:
        """Find the wrappers of `tokens`."""
        self._map = tokens
        self._heads = tokens.heads
        self._starts = _starts("".join(w.starts for w in tokens.wrappers), self._heads)
        self.reach = max(_REACH, 3 * max(map(len, self._heads), default=0))

    def lead(self, text: str, before: int, low: int, tight: bool) -> Lead | None:
        """The wrapper that is open right before `before`, doubled ones included."""
        low = max(low, before - self.reach)
        at, times, best = before, 0, None
        while True:
            step = self._open_before(text, low, at, tight or times > 0)
            if step is None:
                break
            begin, end, wrapper = step
            times += 1
            best = Lead(
                begin,
                best.end if best else end,
                (*best.wrappers, wrapper) if best else (wrapper,),
                times,
                text[begin:end],
            )
            at = begin
        return best

    def _open_before(
        self, text: str, low: int, at: int, tight: bool
    ) -> tuple[int, int, Wrapper] | None:
        for start in reversed([m.start() for m in self._starts.finditer(text, low, at)]):
            best: tuple[int, int, Wrapper] | None = None
            for wrapper in self._map.wrappers:
                if wrapper.opens is None:
                    continue
                found = wrapper.opens.match(text, start, at)
                if found is not None and (best is None or found.end() > best[1]):
                    best = (start, found.end(), wrapper)
            if best is None:
                continue
            if start > low and text[start - 1] == "\\":
                escaped = best[2].opens
                if escaped is not None and escaped.match(text, start - 1, at):
                    best = (start - 1, best[1], best[2])
            between = text[best[1] : at]
            if not between or (between.isspace() and len(between) < 3):
                return best
            if not tight and _HUG.fullmatch(between):
                return best
            return None
        return None

    def first_close(self, text: str, at: int, end: int, lead: Lead) -> int:
        """Where the first closing wrapper after `at` begins; OPENS when another opens first."""
        for sign in self._starts.finditer(text, at, end):
            here = sign.start()
            for wrapper in self._map.wrappers:
                mine = wrapper.closes_alone or wrapper in lead.wrappers
                if mine and wrapper.closes and wrapper.closes.match(text, here):
                    return here
                if wrapper.opens and wrapper.opens.match(text, here):
                    return OPENS
        return NOTHING

    def closers(self, text: str, at: int, lead: Lead, times: int, final: bool, hold: int) -> int:
        """The end of at most `times` closing wrappers from `at` on."""
        for _ in range(times):
            last = at
            for wrapper in self._map.wrappers:
                if wrapper.closes is None:
                    continue
                if not (wrapper.closes_alone or wrapper in lead.wrappers):
                    continue
                close = wrapper.closes.match(text, at)
                if close is not None:
                    last = max(last, close.end())
                elif not final and (at == len(text) or wrapper.closing.match(text, at)):
                    raise More(hold)
            if last == at:
                break
            at = last
        return at

    def hugs(self, text: str, start: int, low: int) -> bool:
        """Whether a wrapper is opened directly before `start`."""
        if start <= low or text[start - 1].isalnum():
            return False
        return self._open_before(text, max(low, start - self.reach), start, True) is not None

    def beside_foreign(self, text: str, start: int, low: int) -> bool:
        """Whether a run that is not ours stands before `start` in one wrapper."""
        low = max(low, start - self.reach)
        for sign in reversed(list(self._starts.finditer(text, low, start))):
            at = sign.start()
            for wrapper in self._map.wrappers:
                if wrapper.closes and wrapper.closes.match(text, at, start):
                    return False
                opened = wrapper.opens and wrapper.opens.match(text, at, start)
                if opened:
                    between = text[opened.end() : start]
                    words = WORD.findall(between)
                    return not STOP.search(between) and not all(map(NATURAL.fullmatch, words))
        return False

    def hold(self, text: str, low: int, tail: int) -> int:
        """Where the part of the text begins that could still become a wrapped token.

        `tail` is where a run that may go on begins, or the end of the text.
        """
        end = len(text)
        hold = tail
        quiet = not self._map.wrappers_in_originals
        for sign in self._starts.finditer(text, max(low, end - self.reach), tail):
            at = sign.start()
            if self._head_begun(text, at, tail) or (quiet and self._open_begun(text, at, tail)):
                hold = at
                break
        if quiet and hold < end:
            lead = self.lead(text, hold, low, tight=True)
            hold = lead.start if lead else hold
        return hold

    def _head_begun(self, text: str, at: int, tail: int) -> bool:
        """Whether `at` begins the literal head of an issued token, cut short or complete."""
        rest = text[at:]
        size = tail - at
        return any(
            # A head may end in the very sign, `%` or a backslash, that `tail` took for an escape's.
            head.startswith(rest) or (len(head) - size in (0, 1) and rest.startswith(head))
            for head in self._heads
        )

    def _open_begun(self, text: str, at: int, tail: int) -> bool:
        for wrapper in self._map.wrappers:
            if wrapper.opens is None:
                continue
            if wrapper.opening.match(text, at):
                return True
            opened = wrapper.opens.match(text, at)
            if opened and (
                _HUG_BEGUN.fullmatch(text, opened.end())
                or (opened.end() <= tail and _HUG.fullmatch(text, opened.end(), tail))
            ):
                return True
        return False


@lru_cache(maxsize=256)
def _starts(chars: str, heads: tuple[str, ...]) -> re.Pattern[str]:
    every = set(chars) | {head[0] for head in heads if head}
    return re.compile("[" + re.escape("".join(sorted(every))) + "]" if every else r"(?!)")


def past_blank(text: str, at: int, end: int) -> int:
    """`at`, moved right over white space, up to `end`."""
    while at < end and text[at].isspace():
        at += 1
    return at


def before_blank(text: str, at: int) -> int:
    """`at`, moved left over white space."""
    while at and text[at - 1].isspace():
        at -= 1
    return at
