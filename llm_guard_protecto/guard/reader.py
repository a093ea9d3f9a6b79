"""Finds the tokens of one map in a text that arrives in pieces.

`Reader.push` takes a piece and answers with edits (absolute start, absolute end, new text) and the
position up to which everything is settled. The search is driven by the digits of the runs: text
without digits is skipped at the speed of `re`, a digit is widened to its run, the run is looked up,
and only around a run of this map are wrappers, rows of runs and addresses looked at. What could
still become such a place is held back: a decision never depends on where the pieces were cut.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from llm_guard_protecto.guard.bent import (
    ALNUM,
    JOINER,
    JOINER_CHARS,
    Wrapper,
    escape_like,
    plain,
)
from llm_guard_protecto.guard.places import LONGEST, Links, Places, head_of, is_link
from llm_guard_protecto.guard.tokenmap import Form, Run, TokenMap, units

__all__ = ["Edit", "Reader"]


class Edit(NamedTuple):
    """Replace `start:end` (absolute positions) by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A known run, or a known whole, at `start:end`. `text` is None when it has to stay."""

    start: int
    end: int
    text: str | None
    weak: bool = False
    key: str = ""
    form: Form | None = None
    bent: bool = False
    wrappers: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Lead:
    """An opened wrapper before a run: where it starts, where it ends, how often it stands there."""

    start: int
    end: int
    wrappers: tuple[Wrapper, ...]
    times: int
    text: str


class _More(Exception):  # noqa: N818  (a signal, not an error)
    """The text must be held from `start`: what follows decides."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self.start = start


_WORD = re.compile(r"[0-9A-Za-z]+")
_NEXT = re.compile(r"([^0-9A-Za-z]{1,4})([0-9A-Za-z]+)")
_GAP_ONLY = re.compile(r"[^0-9A-Za-z]{1,4}\Z")
_NATURAL = re.compile(r"[A-Z]?[a-z]{0,2}|[A-Z]{1,3}|[A-Z]?[a-z]*[aeiouy][a-z]*")
_HUG = re.compile(r"\s{0,2}[^0-9A-Za-z\s<>]{0,3}(?:[A-Z][a-z]{1,3}\.?\s)?[^0-9A-Za-z\s<>]{0,2}")
_HUG_BEGUN = re.compile(
    r"\s{0,2}[^0-9A-Za-z\s<>]{0,3}(?:[A-Z][a-z]{0,3}\.?|[A-Z][a-z]{1,3}\.?\s[^0-9A-Za-z\s<>]{0,2})?"
)
_STOP = re.compile(
    r"\n[ \t]*\n|(?<![0-9A-Za-z])(?:[A-Za-z']+[^0-9A-Za-z<>&\\%\[\](){}«»‹›⟨⟩＜＞〈〉【】]+){3}"
)
_NOTHING, _OPENS = -1, -2
_AFTER = re.compile(r"[)\]*_~`]{0,2}")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[nrtbf]")
_ESCAPE_BEGUN = re.compile(r"(?:%[0-9a-fA-F]?|\\(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?)\Z")
_PLURAL = re.compile(
    r"(?:^|[^0-9A-Za-z])(?:the|both|two|all|these|those|other)\s\Z", re.IGNORECASE
)
_HOST_GOES_ON = re.compile(r"[.:@\-]?[0-9A-Za-z%]|@")
_PATH = re.compile(r"(?:[a-z][a-z0-9+.\-]*://|www\.)[^/?#]*[/?#]", re.IGNORECASE)
_DIGIT, _ANY_DIGIT = re.compile("[0-9]"), re.compile(r"\d")

_REACH = 96
"""How far before a run its wrapper may begin, doubled wrappers and escapes included."""
_FRAGMENTS = 4
_GLUED = 64
_ENOUGH = 10
"""Characters that a row of weak runs must have before it is believed without a wrapper."""


class Reader:
    """One text being restored from one map."""

    __slots__ = (
        "_anchor",
        "_heads",
        "_base",
        "_floor",
        "_foreign",
        "_kept_end",
        "_links",
        "_map",
        "_places",
        "_pos",
        "_reach",
        "_starts",
        "_text",
        "_wide",
        "counts",
    )

    def __init__(self, tokens: TokenMap, places: Places) -> None:
        """Start before the first character."""
        self._map = tokens
        self._places = places
        self._text = ""
        self._base = 0
        self._pos = 0
        self._floor = 0
        self._kept_end = -9
        self._foreign = -9
        self._links = Links()
        self._heads = tokens.heads
        self._reach = max(_REACH, 3 * max(map(len, self._heads), default=0))
        self._starts = _starts("".join(w.starts for w in tokens.wrappers), self._heads)
        self._anchor, self._wide = _anchors(tokens.words, tokens.signs)
        self.counts = {"restored": 0, "repaired": 0, "unknown": 0, "kept_in_url": 0}

    @property
    def holds(self) -> bool:
        """Whether some of the text so far is not settled."""
        return self._pos < len(self._text)

    def push(self, piece: str, final: bool = False) -> tuple[list[Edit], int]:
        """Take `piece`; give the edits now certain and the position up to which all is settled."""
        text = self._text = self._text + piece
        limit = len(text) if final else self._hold(text)
        edits: list[Edit] = []
        at = self._pos
        anchor = self._anchor if text.isascii() else self._wide
        try:
            while (found := anchor.search(text, at, limit)) is not None:
                at = self._visit(text, found.start(), edits, final)
        except _More as more:
            limit = min(limit, max(self._group_start(text, more.start), self._pos))
        limit = max(limit, self._pos, self._floor)
        self._pos = limit
        base = self._base
        settled = base + limit
        edits = [Edit(base + e.start, base + e.end, e.text) for e in edits]
        if len(text) > 4 * self._reach or final:
            self._trim(text, limit)
        return edits, settled

    def _trim(self, text: str, limit: int) -> None:
        """Forget the settled text that nothing looks back at any more."""
        near = max(0, limit - self._reach)
        if self._places.urls == "keep":
            self._links.at(text, near)
            near = min(near, self._links.needs)
        if near:
            self._text = text[near:]
            self._base += near
            self._pos -= near
            self._floor = max(0, self._floor - near)
            self._kept_end -= near
            self._foreign -= near
            self._links.shift(near)

    # -- one digit ---------------------------------------------------------------------------

    def _visit(self, text: str, digit: int, edits: list[Edit], final: bool) -> int:
        """Deal with the run around the digit; give the position to go on from."""
        tokens = self._map
        start = digit
        low = self._floor
        while start > low and text[start - 1] in ALNUM:
            start -= 1
        word = _WORD.match(text, start)
        if word is not None:
            end = word.end()
            rows = tokens.by_island.get(word[0])
            if rows:
                for offset, form in rows:
                    first = start - offset
                    if first < low:
                        continue
                    if not final and self._begins(text, form, first):
                        raise _More(first)
                    if self._stands(text, form, first):
                        last = first + len(form.wrapped)
                        self._exact(text, form, first, last, edits, final)
                        return max(last, end)
        else:
            end = digit + 1
        found = self._piece(text, digit, start, end, final)
        if found is None:
            self._invented(text, start, end)
            return end
        return self._bent(text, found, edits, final)

    def _begins(self, text: str, form: Form, first: int) -> bool:
        """Whether the text ends inside `form`, or right behind it where one more sign decides."""
        there = len(text) - first
        open_end = not form.token.suffix and there == len(form.wrapped)
        return (there < len(form.wrapped) or open_end) and form.wrapped.startswith(text[first:])

    def _stands(self, text: str, form: Form, first: int) -> bool:
        if not text.startswith(form.wrapped, first):
            return False
        last = first + len(form.wrapped)
        token = form.token
        if not token.prefix and first and form.wrapped[0] in ALNUM and text[first - 1] in ALNUM:
            return False
        glued = form.wrapped[-1] in ALNUM and text[last : last + 1] in ALNUM
        return not (glued and not token.suffix)

    def _exact(
        self, text: str, form: Form, first: int, last: int, edits: list[Edit], final: bool
    ) -> None:
        """A token exactly as it was issued."""
        start, end = first, last
        if not self._map.wrappers_in_originals and form.token.prefix:
            lead = self._lead(text, first, tight=True)
            if lead is not None:
                end = self._closers(text, last, lead, lead.times, final, lead.start)
                start = lead.start
        value = form.value
        self._settle(text, start, end, [Edit(start, end, value or "")], form, edits, final, value)

    # -- a known run, in any form ---------------------------------------------------------------

    def _piece(self, text: str, digit: int, start: int, end: int, final: bool) -> _Piece | None:
        """The run or the row of runs that stands at the island `start:end`, or None."""
        tokens = self._map
        before, after = text[start - 1 : start], text[end : end + 1]
        odd = not (before + after).isascii()
        word = text[start:end]
        run = tokens.run(word) if not odd else None
        if run is None:
            if start >= 1 and start > self._floor and before in "%\\" and before:
                escape = _ESCAPE.match(text, start - 1)
                if escape and start < escape.end() < end:
                    return self._piece_at(text, escape.end(), end, final)
            fragment = word.lower() in tokens.fragments
            if odd or (fragment and (before in JOINER_CHARS or after in JOINER_CHARS)):
                return self._mended(text, digit, final)
            return self._glued(text, start, end, word)
        return self._row(text, run, start, end, word != run.text, final)

    def _piece_at(self, text: str, start: int, end: int, final: bool) -> _Piece | None:
        run = self._map.run(text[start:end])
        return None if run is None else self._row(text, run, start, end, True, final)

    def _row(
        self, text: str, run: Run, start: int, end: int, bent: bool, final: bool
    ) -> _Piece | None:
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
            return _Piece(start, last, body, not believed, key, form, bent, run.wrappers)
        return _Piece(start, end, run.unit, weak, key, None, bent, run.wrappers)

    def _walk(self, text: str, start: int, end: int, form: Form, final: bool) -> int | None:
        """The end of `form`'s whole row of runs when it stands at `start`, else None."""
        at = end
        for run in form.runs[1:]:
            step = _NEXT.match(text, at)
            if step is None:
                if not final and (at == len(text) or _GAP_ONLY.match(text, at)):
                    raise _More(self._group_start(text, start))
                return None
            if not final and step.end() == len(text) and run.startswith(step[2].lower()):
                raise _More(self._group_start(text, start))
            if step[2].lower() != run or run in self._map.planted:
                return None
            at = step.end()
        return at

    def _mended(self, text: str, digit: int, final: bool) -> _Piece | None:
        """A run that is cut by joiners or written in look-alike signs."""
        pieces, here = _row_of_fragments(text, digit, self._floor)
        tokens = self._map
        found: dict[str, tuple[int, int, Run]] = {}
        for size in range(1, _FRAGMENTS + 1):
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
            end = _emphasis_end(text, start, end)
            return self._row(text, run, start, end, True, final)
        if not found:
            start, end, word = pieces[here]
            return self._glued(text, start, end, word)
        return None

    def _glued(self, text: str, start: int, end: int, word: str) -> _Piece | None:
        """Several runs written as one word, or a plural."""
        tokens = self._map
        if not word.isascii() or len(word) > _GLUED:
            return None
        run = tokens.exact.get(word[:-1]) if word[-1:] == "s" else None
        if run and not run.weak and _PLURAL.search(text, max(0, start - 9), start):
            return self._row(text, run, start, end - 1, True, True)
        rows = _splits(word.lower(), tokens.folded)
        if rows is None:
            return None
        runs = [tokens.folded[key] for key in rows]
        if any(r is None or r.weak or r.unit is None for r in runs):
            return None
        if any(key in tokens.planted for key in rows):
            return None
        value = "".join([r.unit or "" for r in runs if r])
        pairs = frozenset().union(*(r.wrappers for r in runs if r))
        return _Piece(start, end, value, False, rows[0], None, True, pairs)

    # -- around a known run ---------------------------------------------------------------------

    def _bent(self, text: str, piece: _Piece, edits: list[Edit], final: bool) -> int:
        """Restore a piece in whatever is left of its wrapper; give the position to go on from."""
        if self._map.wrappers_in_originals:
            return self._strict(text, piece, edits, final)
        if self._beside_foreign(text, piece):
            self._foreign = piece.end
            return piece.end
        lead = self._lead(text, piece.start, tight=False)
        if lead is None:
            return self._bare(text, piece, edits, final)
        return self._wrapped(text, piece, lead, edits, final)

    def _strict(self, text: str, piece: _Piece, edits: list[Edit], final: bool) -> int:
        """Clear text holds wrappers: strip only the exact wrapper of exactly this run."""
        for prefix, suffix in piece.wrappers:
            first = piece.start - len(prefix)
            if not (prefix and suffix) or first < self._floor:
                continue
            if not text.startswith(prefix, first):
                continue
            if not final and suffix.startswith(text[piece.end : piece.end + len(suffix)]):
                if len(text) < piece.end + len(suffix):
                    raise _More(first)
            if text.startswith(suffix, piece.end):
                last = piece.end + len(suffix)
                edit = Edit(first, last, piece.text or "")
                self._settle(text, first, last, [edit], piece.form, edits, final, piece.text)
                return last
        return self._alone(text, piece, piece.end, edits, final)

    def _bare(self, text: str, piece: _Piece, edits: list[Edit], final: bool) -> int:
        """No wrapper before the run; the end of one may follow it."""
        gap = _AFTER.match(text, piece.end)
        after = gap.end() if gap else piece.end
        closed = after
        for wrapper in self._map.wrappers:
            if not wrapper.closes_alone or wrapper.closes is None:
                continue
            close = wrapper.closes.match(text, after)
            if close is not None:
                closed = close.end()
                break
            if not final and (after == len(text) > piece.end or wrapper.closing.match(text, after)):
                raise _More(piece.start)
        if closed > after:
            return self._alone(text, piece, closed, edits, final, text[piece.end : after])
        return self._alone(text, piece, piece.end, edits, final)

    def _alone(
        self,
        text: str,
        piece: _Piece,
        last: int,
        edits: list[Edit],
        final: bool,
        kept: str = "",
    ) -> int:
        if piece.weak or piece.text is None:
            return piece.end
        edit = Edit(piece.start, last, piece.text + kept)
        self._settle(text, piece.start, last, [edit], piece.form, edits, final, piece.text, True)
        return last

    def _wrapped(
        self, text: str, piece: _Piece, lead: _Lead, edits: list[Edit], final: bool
    ) -> int:
        """A run just after an opened wrapper: find the end of it and look at all between."""
        window = min(len(text), piece.end + self._map.longest + 48)
        close = self._first_close(text, piece.end, window, lead)
        stop = _STOP.search(text, piece.end, window if close < 0 else close)
        if stop or close == _OPENS or (close == _NOTHING and (final or window < len(text))):
            return self._half(text, piece, lead, edits, final)
        if close == _NOTHING:
            raise _More(lead.start)
        inside = self._inside(text, piece, close)
        if inside is None:
            self.counts["unknown"] += 1
            self._floor = max(self._floor, close)
            return close
        last = self._closers(text, close, lead, lead.times, final, lead.start)
        changes = [Edit(lead.start, _past_blank(text, lead.end, piece.start), "")]
        for part in inside:
            value = escape_like(lead.text, part.text or "")
            changes.append(Edit(part.start, part.end, value))
        changes.append(Edit(max(_before_blank(text, close), inside[-1].end), last, ""))
        form = piece.form if len(inside) == 1 else None
        whole = inside[0].text if len(inside) == 1 else None
        self._settle(text, lead.start, last, changes, form, edits, final, whole or "", True)
        return last

    def _half(
        self, text: str, piece: _Piece, lead: _Lead, edits: list[Edit], final: bool
    ) -> int:
        """A wrapper that was opened and never closed."""
        if piece.weak or piece.text is None:
            return piece.end
        changes = [
            Edit(lead.start, _past_blank(text, lead.end, piece.start), ""),
            Edit(piece.start, piece.end, escape_like(lead.text, piece.text)),
        ]
        self._settle(
            text, lead.start, piece.end, changes, piece.form, edits, final, piece.text, True
        )
        return piece.end

    def _inside(self, text: str, piece: _Piece, close: int) -> list[_Piece] | None:
        """Every run from `piece` to the closed wrapper, or None when one is not ours."""
        if piece.text is None:
            return None
        found = [piece]
        at = piece.end
        for word in _WORD.finditer(text, at, close):
            if word.start() < at:
                continue
            if any(char.isdigit() for char in word[0]) or self._map.run(word[0]):
                floor, self._floor = self._floor, at
                first = next((n for n in range(word.start(), word.end()) if text[n].isdigit()), 0)
                part = self._piece(text, first or word.start(), word.start(), word.end(), True)
                self._floor = floor
                if part is None or part.text is None:
                    return None
                found.append(part)
                at = part.end
            elif not _NATURAL.fullmatch(word[0]):
                return None
        if any(part.weak for part in found) and not self._weak_row(text, found, close):
            return None
        return found

    def _weak_row(self, text: str, found: Sequence[_Piece], close: int) -> bool:
        """Weak runs in a wrapper: the whole of one token, or a single run of it, and no more."""
        keys = tuple(part.key for part in found)
        if len(found) == 1:
            return found[0].form is not None or not _WORD.search(text, found[0].end, close)
        return any(form.runs == keys for form in self._map.by_first.get(keys[0], ()))

    # -- wrappers -------------------------------------------------------------------------------

    def _lead(self, text: str, before: int, tight: bool) -> _Lead | None:
        """The wrapper that is open right before `before`, doubled ones included."""
        low = max(self._floor, self._pos, before - self._reach)
        at, times, best = before, 0, None
        while True:
            step = self._open_before(text, low, at, tight or times > 0)
            if step is None:
                break
            begin, end, wrapper = step
            times += 1
            best = _Lead(
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

    def _first_close(self, text: str, at: int, end: int, lead: _Lead) -> int:
        """Where the first closing wrapper after `at` begins; _OPENS when another opens first."""
        for sign in self._starts.finditer(text, at, end):
            here = sign.start()
            for wrapper in self._map.wrappers:
                if wrapper.closes and (wrapper.closes_alone or wrapper in lead.wrappers):
                    if wrapper.closes.match(text, here):
                        return here
                if wrapper.opens and wrapper.opens.match(text, here):
                    return _OPENS
        return _NOTHING

    def _closers(
        self, text: str, at: int, lead: _Lead, times: int, final: bool, hold: int
    ) -> int:
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
                    raise _More(hold)
            if last == at:
                break
            at = last
        return at

    def _invented(self, text: str, start: int, end: int) -> None:
        """Count an island in one of our wrappers that is no run of ours."""
        if start > self._floor and not text[start - 1].isalnum() and end - start > 4:
            lead = self._lead(text, start, tight=True)
            if lead is not None:
                self.counts["unknown"] += 1
                self._foreign = end

    def _beside_foreign(self, text: str, piece: _Piece) -> bool:
        """Whether the piece stands in one wrapper with a run that is not ours: then both stay."""
        start = self._foreign
        if start < 0 or not 0 <= piece.start - start <= self._map.longest + 48:
            return False
        none = _Lead(start, start, self._map.wrappers, 1, "")
        if _STOP.search(text, start, piece.start):
            return False
        return self._first_close(text, start, piece.start, none) == _NOTHING

    # -- settling -------------------------------------------------------------------------------

    def _settle(
        self,
        text: str,
        start: int,
        end: int,
        changes: list[Edit],
        form: Form | None,
        edits: list[Edit],
        final: bool,
        value: str | None,
        bent: bool = False,
    ) -> None:
        """Take the changes, unless the token has to stay or stands in an address."""
        opens = value is not None and form is not None and is_link(value)
        if self._places.urls == "keep":
            if self._in_address(text, start, end, value if opens else None, final):
                self.counts["kept_in_url"] += 1
                self._kept_end = end
                self._floor = end
                self._links.skip(start, end)
                return
            self._links.skip(start, end, opens)
        self._floor = end
        if value is not None:
            edits += changes
            self.counts["repaired" if bent else "restored"] += 1

    def _in_address(self, text: str, start: int, end: int, link_value: str | None, final: bool) -> bool:
        near = text[max(0, self._kept_end) : start]
        if self._kept_end >= 0 and len(near) <= 3 and not any(map(str.isalnum, near)):
            return True
        link = self._links.at(text, start)
        if link_value is not None and not _PATH.match(link_value):
            # Text glued to a bare host would make another host of it.
            if not final and len(text) - end < 2:
                raise _More(self._group_start(text, start))
            if _HOST_GOES_ON.match(text, end):
                return True
        if link is None:
            return False
        if link_value is not None and not text[link.start : start].strip(" \t<\"'\\"):
            return False
        if start - link.start > LONGEST:
            return True
        if not final and head_of(text, link, start, end)[1] and _open_host(text, end):
            raise _More(self._group_start(text, start))
        return head_of(text, link, start, end) not in self._map.links

    def _group_start(self, text: str, start: int) -> int:
        lead = None if self._map.wrappers_in_originals else self._lead(text, start, tight=False)
        return lead.start if lead else start

    # -- holding back ---------------------------------------------------------------------------

    def _hold(self, text: str) -> int:
        """Where the part of the text begins that could still become (part of) a token."""
        end = len(text)
        low = max(self._pos, self._floor)
        tail = max(low, self._tail(text))
        hold = tail
        quiet = not self._map.wrappers_in_originals
        for sign in self._starts.finditer(text, max(low, end - self._reach), tail):
            at = sign.start()
            if self._head_begun(text, at, tail) or (quiet and self._open_begun(text, at, tail)):
                hold = at
                break
        if quiet and hold < end:
            lead = self._lead(text, hold, tight=True)
            if lead is not None:
                hold = max(low, lead.start)
        return hold

    def _head_begun(self, text: str, at: int, tail: int) -> bool:
        """Whether `at` begins the literal head of an issued token, cut short or complete."""
        rest = text[at:]
        size = tail - at
        return any(
            head.startswith(rest) or (len(head) == size and rest.startswith(head))
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

    def _tail(self, text: str) -> int:
        """Where a run that may go on begins, else the end of the text."""
        end = len(text)
        if not end:
            return 0
        low = max(self._floor, end - _GLUED - 1)
        last = text[-1]
        if last not in ALNUM:
            odd = last in JOINER_CHARS or last > "\x7f"
            return self._odd_tail(text, low) if odd else end
        start = end - 1
        while start > low and text[start - 1] in ALNUM:
            start -= 1
        if end - start > _GLUED:
            return end
        before = text[start - 1] if start > low else " "
        word = text[start:].lower()
        tokens = self._map
        if before in "%\\":
            if _ESCAPE_BEGUN.match(text, start - 1):
                return start - 1
            escape = _ESCAPE.match(text, start - 1)
            if escape and text[escape.end() :].lower() in tokens.prefixes:
                return escape.end()
        if before in JOINER_CHARS or before > "\x7f":
            odd_start = self._odd_tail(text, low)
            if odd_start < end:
                return odd_start
        return start if self._goes_on(word, text[start:]) else end

    def _goes_on(self, word: str, raw: str) -> bool:
        tokens = self._map
        if word in tokens.prefixes:
            return True
        if raw[-1:] == "s" and raw[:-1] in tokens.exact:
            return True
        return _split_begun(word, tokens.folded, tokens.prefixes)

    def _odd_tail(self, text: str, low: int) -> int:
        """`_tail` for text that ends in a joiner, or holds one near its end."""
        tokens, end = self._map, len(text)
        bare = len(text.rstrip(_TRAILING))
        between = plain(text[bare:])
        if len(between) > 10 or not _JOINER_BEGUN.fullmatch(between):
            return end
        group = _fragments(text, max(low, bare - _GLUED), bare)[-_FRAGMENTS:]
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


def _open_host(text: str, end: int) -> bool:
    return re.compile(r"[^\s/?#\"'<>()\\]*\Z").match(text, end) is not None


def _past_blank(text: str, at: int, end: int) -> int:
    while at < end and text[at].isspace():
        at += 1
    return at


def _before_blank(text: str, at: int) -> int:
    while at and text[at - 1].isspace():
        at -= 1
    return at


_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TRAILING = "\\*_~`-\r\n \t>\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_JOINER_BEGUN = re.compile(
    r"(?:\\|[*_~`]{1,3}|-?[ \t]{0,3}\r?(?:\n[ \t]{0,3}(?:>[ \t]?)?)?)?"
)

_Fragment = tuple[int, int, str]


def _fragments(text: str, low: int, high: int) -> list[_Fragment | None]:
    """The pieces of runs in `low:high`; None where a run cannot go on."""
    found: list[_Fragment | None] = []
    at = low
    while at < high:
        start, end, word = at, at, ""
        while at < high:
            like = text[at] if text[at] < "\x80" else plain(text[at])
            if like and like not in ALNUM:
                break
            at += 1
            if like:
                word += like
                end = at
        if word:
            found.append((start, end, word))
        if at >= high:
            break
        joiner = JOINER.match(text, at, high)
        if joiner is None:
            found.append(None)
            at += 1
        else:
            at = joiner.end()
            if not word:
                found.append(None)
    return found


def _row_of_fragments(text: str, digit: int, low: int) -> tuple[list[_Fragment], int]:
    """The fragments joined to the one that holds `digit`, and which of them that is."""
    row: list[_Fragment] = []
    here = -1
    for part in _fragments(text, max(low, digit - 48), min(len(text), digit + 48)):
        if part is None:
            if here >= 0:
                break
            row = []
            continue
        row.append(part)
        if part[0] <= digit < part[1]:
            here = len(row) - 1
    return row, here


def _emphasis_end(text: str, start: int, end: int) -> int:
    """`end`, moved over a closing emphasis whose opening half was inside `start:end`."""
    for mark in ("***", "**", "*", "__", "_", "~~", "`"):
        if text.startswith(mark, end) and text[start:end].count(mark) % 2:
            return end + len(mark)
    return end


def _splits(word: str, runs: Mapping[str, object]) -> list[str] | None:
    """The only way to write `word` as two or more runs, or None."""
    ways: list[list[list[str]]] = [[[]]] + [[] for _ in word]
    for end in range(1, len(word) + 1):
        for start in range(end):
            if ways[start] and word[start:end] in runs:
                ways[end] += [[*way, word[start:end]] for way in ways[start]][:2]
        del ways[end][2:]
    whole = ways[-1]
    return whole[0] if len(whole) == 1 and len(whole[0]) > 1 else None


def _split_begun(word: str, runs: Mapping[str, object], prefixes: frozenset[str]) -> bool:
    """Whether `word` is one run or more followed by the beginning of another."""
    reached = {0}
    for end in range(1, len(word)):
        if any(word[start:end] in runs for start in reached):
            reached.add(end)
            if word[end:] in prefixes:
                return True
    return len(word) > 0 and any(at and word[at:] in runs for at in reached)


def _reseparated(text: str, start: int, end: int, form: Form) -> str | None:
    """The value of a whole row, with the separators the text has now."""
    if form.value is None or form.body is None:
        return None
    cut = units(form.token.value, form.token.token) or []
    parts: list[str] = []
    at = start
    for word, (_, unit) in zip(_WORD.finditer(text, start, end), cut, strict=False):
        parts += [text[at : word.start()], unit]
        at = word.end()
    return "".join(parts)


@lru_cache(maxsize=256)
def _starts(chars: str, heads: tuple[str, ...]) -> re.Pattern[str]:
    every = set(chars) | {head[0] for head in heads if head}
    return re.compile("[" + re.escape("".join(sorted(every))) + "]" if every else r"(?!)")


@lru_cache(maxsize=256)
def _anchors(
    words: frozenset[str], signs: frozenset[str]
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What the search looks for: digits, and for foreign tokens without one, those themselves."""
    if not words and not signs:
        return _DIGIT, _ANY_DIGIT
    rows = [rf"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, sorted(words)))})(?![0-9A-Za-z])"]
    rows = rows if words else []
    rows += [re.escape(sign) for sign in sorted(signs, key=len, reverse=True)]
    pattern = "|".join([r"\d", *rows])
    return re.compile(pattern, re.IGNORECASE), re.compile(pattern, re.IGNORECASE)
