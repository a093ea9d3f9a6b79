"""The wrappers of a map around a place in a text: opened, closed, begun, in any of their forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from llm_guard_protecto.guard.bent import OPENERS, Wrapper
from llm_guard_protecto.guard.fold import ALNUM
from llm_guard_protecto.guard.islands import WORD
from llm_guard_protecto.guard.runs import More
from llm_guard_protecto.guard.tokenmap import TokenMap

__all__ = ["NATURAL", "NOTHING", "OPENS", "STOP", "Lead", "Wrapping", "before_blank", "past_blank"]

NATURAL = re.compile(r"[A-Z]?[a-z]{0,2}|[A-Z]{1,3}|[A-Z]?[a-z]*[aeiouy][a-z]*")
_SPACE = r"(?:[ \t]{0,4}\r?\n[ \t]{0,16}|\s{0,2})"
_SPACE_BEGUN = r"(?:[ \t]{0,4}\r?(?:\n[ \t]{0,16})?|\s{0,2})"
_SIGNS, _FEW = r"[^0-9A-Za-z\s<>]{0,3}", r"[^0-9A-Za-z\s<>]{0,2}"
_BLANKS = re.compile(_SPACE)
_HUG = re.compile(rf"{_SPACE}{_SIGNS}(?:[A-Z][a-z]{{1,3}}\.?\s)?{_FEW}")
_HUG_BEGUN = re.compile(
    rf"{_SPACE_BEGUN}|{_SPACE}{_SIGNS}(?:[A-Z][a-z]{{0,3}}\.?|[A-Z][a-z]{{1,3}}\.?\s{_FEW})?"
)
STOP = re.compile(
    r"\n[ \t]*\n|(?<!\w)(?:(?:[^\W\d_]|')+[^\w<>&\\%\[\](){}«»‹›⟨⟩＜＞〈〉【】「」『』《》〔〕（）［］｛｝]+){3}"
)
NOTHING, OPENS = -1, -2
_TWICE = "\\" + OPENERS
_BEFORE_TORN = frozenset(" \t\r\n\"'*_|-“‘")
_ENDS = frozenset(".,;:!?)]}\"'’”|*`")

_REACH = 96


@dataclass(frozen=True, slots=True)
class Lead:
    """An opened wrapper before a run: where it starts, where it ends, how often it stands there."""

    start: int
    end: int
    wrappers: tuple[Wrapper, ...]
    times: int
    text: str
    renamed: bool = False

    @property
    def doubled(self) -> bool:
        """Whether its brackets stand twice: `{{PER}}`."""
        head = self.text[:2]
        return head[:1] == head[1:] and not self.wrappers[0].prefix.startswith(head)


class Wrapping:
    """The wrappers of one map, found in a text. Holds no state of the text."""

    __slots__ = ("_heads", "_map", "_starts", "_torn", "_torn_signs", "reach")

    def __init__(self, tokens: TokenMap) -> None:
        """Find the wrappers of `tokens`."""
        self._map = tokens
        self._heads = tokens.heads
        signs = "".join(w.starts for w in (*tokens.wrappers, *tokens.renamed))
        self._starts = _starts(signs, self._heads)
        self._torn = tuple(w.torn for w in tokens.wrappers if w.torn)
        self._torn_signs = frozenset("".join(self._torn))
        self.reach = max(_REACH, 3 * max(map(len, self._heads), default=0))

    def lead(self, text: str, before: int, low: int, tight: bool) -> Lead | None:
        """The wrapper that is open right before `before`, doubled ones included.

        `tight`: only under its own name, and directly there. Otherwise, where none is, one under
        another name or without its first bracket counts too.
        """
        low = max(low, before - self.reach)
        at, times, best = before, 0, None
        while True:
            step = self._open_before(text, low, at, tight or times > 0, self._map.wrappers)
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
        return best if best or tight else self._odd_lead(text, before, low)

    def _odd_lead(self, text: str, before: int, low: int) -> Lead | None:
        for wrapper in self._map.wrappers:
            torn = wrapper.torn
            start = before - len(torn)
            alone = start == 0 or (start > 0 and text[start - 1] in _BEFORE_TORN)
            if torn and start >= low and alone and text.startswith(torn, start):
                return Lead(start, before, (wrapper,), 1, torn)
        if self._map.renamed:
            step = self._open_before(text, low, before, True, self._map.renamed)
            if step is not None:
                begin, end, wrapper = step
                return Lead(begin, end, (wrapper,), 1, text[begin:end], renamed=True)
        return None

    def _open_before(
        self, text: str, low: int, at: int, tight: bool, wrappers: tuple[Wrapper, ...]
    ) -> tuple[int, int, Wrapper] | None:
        for start in reversed([m.start() for m in self._starts.finditer(text, low, at)]):
            best = _opened(text, start, at, wrappers)
            if best is None:
                continue
            if start > low and text[start - 1] in _TWICE and text[start - 1] in "\\" + text[start]:
                # A backslash, or the first of two brackets.
                wider = _opened(text, start - 1, at, wrappers)
                best = wider if wider and wider[1] >= best[1] else best
            between = text[best[1] : at]
            if _BLANKS.fullmatch(between) or (not tight and _HUG.fullmatch(between)):
                return best
            return None
        return None

    def first_close(self, text: str, at: int, end: int, lead: Lead, final: bool) -> int:
        """Where the first closing wrapper after `at` begins; OPENS when another opens first."""
        for sign in self._starts.finditer(text, at, end):
            here = sign.start()
            if self._close(text, here, lead, final, lead.start) > here:
                return here
            if any(w.opens and w.opens.match(text, here) for w in self._map.wrappers):
                return OPENS
        return NOTHING

    def closers(self, text: str, at: int, lead: Lead, times: int, final: bool, hold: int) -> int:
        """The end of at most `times` closing wrappers from `at` on."""
        for _ in range(times):
            if at == len(text) and not final:
                raise More(hold)
            last = self._close(text, at, lead, final, hold)
            if last == at:
                break
            at = last
        return at

    def _close(self, text: str, at: int, lead: Lead, final: bool, hold: int) -> int:
        """The end of the closing wrapper at `at`, in any form; `at` when there is none."""
        last = at
        for wrapper in (*self._map.wrappers, *(lead.wrappers if lead.renamed else ())):
            if wrapper.closes is None or not (wrapper.closes_alone or wrapper in lead.wrappers):
                continue
            twice = wrapper.closes_twice.match(text, at) if lead.doubled else None
            close = twice or wrapper.closes.match(text, at)
            if close is None and wrapper.closing.match(text, at):
                if not final:
                    raise More(hold)
                # The reply was cut inside the closing half; one sign alone could be anything.
                if len(text) - at > 1 or text[at - 1] in ALNUM:
                    last = len(text)
                continue
            close = close or wrapper.closes_torn.match(text, at)
            last = max(last, close.end() if close else at)
        return last if last > at else self._closed_by_opening(text, at, lead, final, hold)

    def _closed_by_opening(self, text: str, at: int, lead: Lead, final: bool, hold: int) -> int:
        """`<PER>x<PER>`: an opening wrapper that adheres to a run and opens nothing."""
        prefix = lead.wrappers[0].prefix
        if not at or text[at - 1] not in ALNUM or not lead.wrappers[0].torn:
            return at
        # Only letter for letter: of a bent one it is not certain early enough where it ends.
        end = at + len(prefix)
        if " " in prefix or not text.startswith(prefix, at):
            return at
        if end == len(text):
            if not final:
                raise More(hold)
            return end
        return end if text[end] in _ENDS or text[end].isspace() else at

    def hugs(self, text: str, start: int, low: int) -> bool:
        """Whether a wrapper is opened directly before `start`."""
        if start <= low or text[start - 1].isalnum():
            return False
        low = max(low, start - self.reach)
        return self._open_before(text, low, start, True, self._map.wrappers) is not None

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
        if quiet:
            hold = self._torn_begun(text, low, hold)
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
        for wrapper in (*self._map.wrappers, *self._map.renamed):
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

    def _torn_begun(self, text: str, low: int, hold: int) -> int:
        """`hold`, moved before what may be an opening wrapper without its first bracket."""
        last = text[hold - 1 : hold]
        if hold <= low or last not in self._torn_signs:
            return hold
        end = len(text)
        for torn in self._torn:
            for size in range(len(torn), 0, -1) if hold == end else (len(torn),):
                start = hold - size
                if start >= low and text.startswith(torn[:size], start):
                    if start == 0 or text[start - 1] in _BEFORE_TORN:
                        return start
                    break
        return hold


def _opened(
    text: str, start: int, end: int, wrappers: tuple[Wrapper, ...]
) -> tuple[int, int, Wrapper] | None:
    """The longest opening wrapper at `start`."""
    best: tuple[int, int, Wrapper] | None = None
    for wrapper in wrappers:
        found = wrapper.opens.match(text, start, end) if wrapper.opens else None
        if found is not None and (best is None or found.end() > best[1]):
            best = (start, found.end(), wrapper)
    return best


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
