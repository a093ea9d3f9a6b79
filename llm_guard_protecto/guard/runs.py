"""Which run of a map stands at a place, in whatever form, and which may be about to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm_guard_protecto.guard.bent import ALNUM, JOINER_CHARS, plain
from llm_guard_protecto.guard.islands import (
    ESCAPE,
    ESCAPE_BEGUN,
    FRAGMENTS,
    HARD,
    JOINER_BEGUN,
    TRAILING,
    WORD,
    emphasis_end,
    fragments,
    joined,
    row_of_fragments,
    split_begun,
    splits,
)
from llm_guard_protecto.guard.links import is_link
from llm_guard_protecto.guard.tokenmap import Form, Run, TokenMap, units

__all__ = ["More", "Piece", "Runs"]

_NEXT = re.compile(r"([^0-9A-Za-z]{1,4})([0-9A-Za-z]+)")
_GAP_ONLY = re.compile(r"[^0-9A-Za-z]{1,4}\Z")
_PLURAL = re.compile(r"(?:^|[^0-9A-Za-z])(?:the|both|two|all|these|those|other)\s\Z", re.IGNORECASE)
_NOTED = HARD | frozenset("%>)]};:\u203a\u00bb")
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
_GLUED = 64
_ENOUGH = 10  # characters a row of weak runs must have to be believed without a wrapper


class More(Exception):
    """The text must be held from `start`: what follows decides."""

    def __init__(self, start: int) -> None:
        """Hold the text from `start`."""
        super().__init__()
        self.start = start


@dataclass(frozen=True, slots=True)
class Piece:
    """A known run, or a known whole, at `start:end`. `text` is None when it has to stay."""

    start: int
    end: int
    text: str | None
    weak: bool = False
    key: str = ""
    form: Form | None = None
    bent: bool = False
    wrappers: frozenset[tuple[str, str]] = frozenset()


class Runs:
    """The runs of one map, found in a text. Holds no state of the text."""

    __slots__ = ("_map",)

    def __init__(self, tokens: TokenMap) -> None:
        """Find the runs of `tokens`."""
        self._map = tokens

    def strange(self, text: str, word: str, start: int, end: int) -> bool:
        """Whether this island is, at a glance, nothing of ours (most numbers are)."""
        tokens = self._map
        folded = word.lower()
        if folded in tokens.folded:
            return False
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        if before > "\x7f" or after > "\x7f" or before in _NOTED or after in HARD:
            return False
        wrapped = "\n" in text[end : end + 6] or "\n" in text[max(0, start - 9) : start]
        if wrapped and folded in tokens.fragments:
            return False
        return folded[:3] not in tokens.prefixes

    def piece(
        self, text: str, digit: int, start: int, end: int, floor: int, final: bool
    ) -> Piece | None:
        """The run or the row of runs that stands at the island `start:end`, or None."""
        tokens = self._map
        before, after = text[start - 1 : start], text[end : end + 1]
        word = text[start:end]
        odd = not (before + word + after).isascii()
        run = tokens.run(word) if not odd else None
        if run is None:
            if start >= 1 and start > floor and before in "%\\" and before:
                escape = ESCAPE.match(text, start - 1)
                if escape and start < escape.end() < end:
                    return self._plain_piece(text, escape.end(), end, final)
            if odd or (word.lower() in tokens.fragments and joined(text, start, end)):
                return self._mended(text, digit, floor, final)
            return self._glued(text, start, end, word)
        bent = word != run.text
        if bent and word[-1] in "sS" and word[:-1] in tokens.exact:
            return None  # another's plural, or this one in another case: nobody can say
        return self._row(text, run, start, end, bent, final)

    def cut_short(self, text: str, piece: Piece) -> bool:
        """Whether the text ends with `piece` and it may be the beginning of a longer run."""
        prefixes = self._map.prefixes
        return piece.end == len(text) and any(piece.key + char in prefixes for char in _SIGNS)

    def _plain_piece(self, text: str, start: int, end: int, final: bool) -> Piece | None:
        run = self._map.run(text[start:end])
        return None if run is None else self._row(text, run, start, end, True, final)

    def _row(
        self, text: str, run: Run, start: int, end: int, bent: bool, final: bool
    ) -> Piece | None:
        """The run, or the longest whole token that begins with it where that matters."""
        tokens = self._map
        key = run.text.lower()
        if key in tokens.planted:
            return None
        # A run of letters alone is told from a word by its capitals only.
        weak = run.weak or (bent and key.isalpha())
        for form in tokens.by_first.get(key, ()):
            url = form.value is not None and is_link(form.value)
            if not (weak or form.whole_only or url):
                continue
            last = self._walk(text, start, end, form, final)
            if last is None:
                continue
            believed = form.chars >= _ENOUGH and not (key.isalpha() and bent)
            if form.whole_only:
                inner = form.token.token.strip()
                if not text.startswith(inner, start):
                    continue
                last, body = start + len(inner), form.value
            else:
                body = _reseparated(text, start, last, form)
            return Piece(start, last, body, not believed, key, form, bent, run.wrappers)
        return Piece(start, end, run.unit, weak, key, None, bent, run.wrappers)

    def _walk(self, text: str, start: int, end: int, form: Form, final: bool) -> int | None:
        """The end of `form`'s whole row of runs when it stands at `start`, else None."""
        at = end
        for run in form.runs[1:]:
            step = _NEXT.match(text, at)
            if step is None:
                if not final and (at == len(text) or _GAP_ONLY.match(text, at)):
                    raise More(start)
                return None
            if not final and step.end() == len(text) and run.startswith(step[2].lower()):
                raise More(start)
            if step[2].lower() != run or run in self._map.planted:
                return None
            at = step.end()
        return at

    def _mended(self, text: str, digit: int, floor: int, final: bool) -> Piece | None:
        """A run that is cut by joiners or written in look-alike signs."""
        pieces, here = row_of_fragments(text, digit, floor)
        tokens = self._map
        found: dict[str, tuple[int, int, Run]] = {}
        for size in range(1, FRAGMENTS + 1):
            for first in range(max(0, here - size + 1), here + 1):
                part = pieces[first : first + size]
                if len(part) < size:
                    continue
                if size > 1 and len(part[0][2]) < 2 and "\n" in text[part[0][1] : part[1][0]]:
                    continue
                word = "".join([f[2] for f in part])
                run = tokens.run(word)
                if run is not None and (size == 1 or not run.weak):
                    found[run.text] = (part[0][0], part[-1][1], run)
        if len(found) == 1:
            ((start, end, run),) = found.values()
            end = emphasis_end(text, start, end)
            return self._row(text, run, start, end, True, final)
        if not found:
            start, end, word = pieces[here]
            return self._glued(text, start, end, word)
        return None

    def _glued(self, text: str, start: int, end: int, word: str) -> Piece | None:
        """Several runs written as one word, or a plural."""
        tokens = self._map
        if not word.isascii() or len(word) > _GLUED:
            return None
        run = tokens.exact.get(word[:-1]) if word[-1:] == "s" else None
        if run and not run.weak and _PLURAL.search(text, max(0, start - 9), start):
            return self._row(text, run, start, end - 1, True, True)
        folded = word.lower()
        if folded[:3] not in tokens.prefixes:
            return None
        rows = splits(folded, tokens.folded)
        if rows is None:
            return None
        runs = [tokens.folded[key] for key in rows]
        if any(r is None or r.weak or r.unit is None for r in runs):
            return None
        if any(key in tokens.planted for key in rows):
            return None
        value = "".join([r.unit or "" for r in runs if r])
        pairs = frozenset().union(*(r.wrappers for r in runs if r))
        return Piece(start, end, value, False, rows[0], None, True, pairs)

    def tail(self, text: str, floor: int) -> int:
        """Where a run that may go on begins, else the end of the text."""
        end = len(text)
        if not end:
            return 0
        low = max(floor, end - _GLUED - 1)
        tokens = self._map
        bare = end
        if text[-1] not in ALNUM:
            if text[-1] > "\x7f":
                return self._odd_tail(text, low)
            if text[-1] not in JOINER_CHARS:
                return end
            bare = len(text.rstrip("\\*_~`-\r\n \t>"))
            if end - bare > 10 or bare <= low:
                return end
            if text[bare - 1] not in ALNUM:
                return self._odd_tail(text, low) if text[bare - 1] > "\x7f" else end
        start = bare - 1
        while start > low and text[start - 1] in ALNUM:
            start -= 1
        if bare - start > _GLUED:
            return end
        before = text[start - 1] if start > low else " "
        word = text[start:bare].lower()
        wrapped = before in HARD or "\n" in text[max(low, start - 9) : start]
        if (
            before > "\x7f"
            or (bare < end and word in tokens.prefixes)
            or (wrapped and word in tokens.fragments)
        ):
            odd = self._odd_tail(text, low)
            if odd < end or bare < end:
                return odd
        if bare < end:
            return end
        if before in "%\\":
            if ESCAPE_BEGUN.match(text, start - 1):
                return start - 1
            escape = ESCAPE.match(text, start - 1)
            behind = escape.end() if escape else end
            if text[behind:].lower() in tokens.prefixes and not self._goes_on(word, text[start:]):
                return behind
        return start if self._goes_on(word, text[start:]) else end

    def _goes_on(self, word: str, raw: str) -> bool:
        tokens = self._map
        if word in tokens.prefixes:
            return True
        if raw[-1:] == "s" and raw[:-1] in tokens.exact:
            return True
        return word[:3] in tokens.prefixes and split_begun(word, tokens.folded, tokens.prefixes)

    def _odd_tail(self, text: str, low: int) -> int:
        """`tail` for text that ends in a joiner, or holds one near its end."""
        tokens, end = self._map, len(text)
        bare = len(text.rstrip(TRAILING))
        between = plain(text[bare:])
        if len(between) > 10 or not JOINER_BEGUN.fullmatch(between):
            return end
        group = fragments(text, max(low, bare - _GLUED), bare)[-FRAGMENTS:]
        if not group or group[-1] is None or plain(text[group[-1][1] : bare]):
            return end
        best = end
        word = ""
        for part in reversed(group):
            if part is None:
                break
            word = part[2] + word
            folded = word.lower()
            if between:
                longer = any(folded + char in tokens.prefixes for char in _SIGNS)
                live = longer and (len(word) > 1 or between[0] in "\\*_~`")
            else:
                live = folded in tokens.prefixes or (
                    part is group[-1] and self._goes_on(folded, word)
                )
            if live:
                best = part[0]
        return best


def _reseparated(text: str, start: int, end: int, form: Form) -> str | None:
    """The value of a whole row, with the separators the text has now."""
    if form.value is None or form.body is None:
        return None
    cut = units(form.token.value, form.token.token) or []
    parts: list[str] = []
    at = start
    for word, (_, unit) in zip(WORD.finditer(text, start, end), cut, strict=False):
        parts += [text[at : word.start()], unit]
        at = word.end()
    return "".join(parts)
