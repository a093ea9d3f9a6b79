"""Finds the tokens of one map in a text that arrives in pieces.

`Reader.push` takes a piece and answers with edits (absolute start, absolute end, new text) and the
position up to which everything is settled. The search is driven by the digits of the runs: text
without digits is skipped at the speed of `re`, a digit is widened to its run, the run is looked up,
and only around a run of this map are wrappers, rows of runs and addresses looked at. What could
still become such a place is held back: a decision never depends on where the pieces were cut.
"""

from __future__ import annotations

import re

from llm_guard_protecto.guard.anchors import anchors
from llm_guard_protecto.guard.bent import ALNUM, escape_like
from llm_guard_protecto.guard.islands import WORD
from llm_guard_protecto.guard.places import Places
from llm_guard_protecto.guard.placing import Placing
from llm_guard_protecto.guard.rows import Edit, row, unwrapped
from llm_guard_protecto.guard.runs import More, Piece, Runs
from llm_guard_protecto.guard.tokenmap import Form, TokenMap
from llm_guard_protecto.guard.wrapping import (
    NOTHING,
    OPENS,
    STOP,
    Lead,
    Wrapping,
    past_blank,
)

__all__ = ["Edit", "Reader"]


_AFTER = re.compile(r"[)\]*_~`]{0,2}")
_PLAIN_BEFORE = frozenset(" \t\n\r,.;:!?\"'#$+-=/|@&(")


class Reader:
    """One text being restored from one map."""

    __slots__ = (
        "_anchor",
        "_base",
        "_floor",
        "_map",
        "_placing",
        "_pos",
        "_quiet",
        "_runs",
        "_text",
        "_wide",
        "_wrapping",
        "counts",
    )

    def __init__(self, tokens: TokenMap, places: Places) -> None:
        """Start before the first character."""
        self._map = tokens
        self._text = ""
        self._base = 0
        self._pos = 0
        self._floor = 0
        self._placing = Placing(tokens, places)
        self._runs = Runs(tokens)
        self._wrapping = Wrapping(tokens)
        self._quiet = not tokens.wrappers_in_originals
        self._anchor, self._wide = anchors(tokens.words, tokens.signs)
        self.counts = {"restored": 0, "repaired": 0, "unknown": 0, "kept_in_url": 0}

    def push(self, piece: str, final: bool = False) -> tuple[list[Edit], int]:
        """Take `piece`; give the edits now certain and the position up to which all is settled."""
        text = self._text = self._text + piece
        low = max(self._pos, self._floor)
        limit = len(text)
        if not final:
            tail = max(low, self._runs.tail(text, self._floor))
            limit = self._wrapping.hold(text, low, tail)
        edits: list[Edit] = []
        at = self._pos
        plain = not self._map.signs
        islands, strange = self._map.by_island, self._runs.strange
        anchor = self._anchor if text.isascii() else self._wide
        try:
            while (found := anchor.search(text, at, limit)) is not None:
                digit = found.start()
                word = found[0]
                # Nearly all numbers in a text go by here: no call is made for them.
                if (
                    plain
                    and word not in islands
                    and (digit == 0 or text[digit - 1] in _PLAIN_BEFORE)
                    and strange(text, word, digit, found.end())
                ):
                    at = found.end()
                else:
                    # A digit of another script may end the run it follows: go past it all the same.
                    at = max(self._visit(text, digit, edits, final), digit + 1)
        except More as more:
            start = self._group_start(text, more.start)
            # A backslash before a wrapper goes with it: Markdown's way to write `<`.
            limit = min(limit, max(start - text.startswith("\\", start - 1), self._pos))
        limit = max(limit, self._pos, self._floor)
        self._pos = limit
        base = self._base
        settled = base + limit
        edits = [Edit(base + e.start, base + e.end, e.text) for e in edits]
        if len(text) > 4 * self._wrapping.reach or final:
            self._trim(text, limit)
        return edits, settled

    def _trim(self, text: str, limit: int) -> None:
        """Forget the settled text that nothing looks back at any more."""
        near = self._placing.needs(text, max(0, limit - self._wrapping.reach))
        if near:
            self._text = text[near:]
            self._base += near
            self._pos -= near
            self._floor = max(0, self._floor - near)
            self._placing.shift(near)

    def _visit(self, text: str, digit: int, edits: list[Edit], final: bool) -> int:
        """Deal with the run around the digit; give the position to go on from."""
        tokens = self._map
        start = digit
        low = self._floor
        while start > low and text[start - 1] in ALNUM:
            start -= 1
        word = WORD.match(text, start)
        end = word.end() if word else digit + 1
        rows = tokens.by_island.get(word[0], ()) if word else ()
        if not rows and tokens.signs:
            # Foreign tokens without a letter or digit are known by their whole form only.
            start, rows = digit, tokens.by_island.get("", ())
        if not final:
            begun = [start - n for n, f in rows if n <= start - low and f.begun(text, start - n)]
            if begun:
                raise More(min(begun))
        for offset, form in rows:
            first = start - offset
            if first >= low and form.stands(text, first):
                last = first + len(form.wrapped)
                self._exact(text, form, first, last, edits, final)
                return max(last, end)
        if word and not rows and self._runs.strange(text, word[0], start, end):
            return end
        found = self._runs.piece(text, digit, start, end, low, final)
        if found is None:
            ours = end - start > 2 and self._wrapping.hugs(text, start, low)
            self.counts["unknown"] += ours
            return end
        return self._bent(text, found, edits, final)

    def _exact(
        self, text: str, form: Form, first: int, last: int, edits: list[Edit], final: bool
    ) -> None:
        """A token exactly as it was issued."""
        start, end = first, last
        if self._quiet and form.token.prefix:
            lead = self._wrapping.lead(text, first, max(self._floor, self._pos), tight=True)
            if lead is not None:
                end = self._wrapping.closers(text, last, lead, lead.times, final, lead.start)
                start = lead.start
        value = form.value
        self._settle(text, start, end, [Edit(start, end, value or "")], form, edits, final, value)

    def _bent(self, text: str, piece: Piece, edits: list[Edit], final: bool) -> int:
        """Restore a piece in whatever is left of its wrapper; give the position to go on from."""
        if not self._quiet:
            return self._strict(text, piece, edits, final)
        lead = self._wrapping.lead(text, piece.start, max(self._floor, self._pos), tight=False)
        if lead is None:
            if self._wrapping.beside_foreign(text, piece.start, self._floor):
                return piece.end
            return self._bare(text, piece, edits, final)
        return self._wrapped(text, piece, lead, edits, final)

    def _strict(self, text: str, piece: Piece, edits: list[Edit], final: bool) -> int:
        """Clear text holds wrappers: strip only the exact wrapper of exactly this run."""
        for prefix, suffix in piece.wrappers:
            first = piece.start - len(prefix)
            if not (prefix and suffix) or first < self._floor:
                continue
            if not text.startswith(prefix, first):
                continue
            rest = text[piece.end :]
            if not final and len(rest) < len(suffix) and suffix.startswith(rest):
                raise More(first)
            if text.startswith(suffix, piece.end):
                last = piece.end + len(suffix)
                edit = Edit(first, last, piece.text or "")
                self._settle(text, first, last, [edit], piece.form, edits, final, piece.text)
                return last
        return self._alone(text, piece, piece.end, edits, final)

    def _bare(self, text: str, piece: Piece, edits: list[Edit], final: bool) -> int:
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
                raise More(piece.start)
        if closed > after:
            return self._alone(text, piece, closed, edits, final, text[piece.end : after])
        return self._alone(text, piece, piece.end, edits, final)

    def _alone(
        self,
        text: str,
        piece: Piece,
        last: int,
        edits: list[Edit],
        final: bool,
        kept: str = "",
    ) -> int:
        if piece.weak or piece.text is None or (final and self._runs.cut_short(text, piece)):
            return piece.end
        edit = Edit(piece.start, last, piece.text + kept)
        self._settle(text, piece.start, last, [edit], piece.form, edits, final, piece.text, True)
        return last

    def _wrapped(self, text: str, piece: Piece, lead: Lead, edits: list[Edit], final: bool) -> int:
        """A run just after an opened wrapper: find the end of it and look at all between."""
        window = min(len(text), piece.end + self._map.longest + 48)
        close = self._wrapping.first_close(text, piece.end, window, lead, final)
        stop = STOP.search(text, piece.end, window if close < 0 else close)
        if stop or close == OPENS or (close == NOTHING and (final or window < len(text))):
            if lead.renamed:
                return self._bare(text, piece, edits, final)
            return self._half(text, piece, lead, edits, final)
        if close == NOTHING:
            raise More(lead.start)
        inside = row(text, piece, close, self._map, self._runs)
        if inside is None and lead.renamed:
            return self._bare(text, piece, edits, final)
        if inside is None:
            self.counts["unknown"] += 1
            self._floor = max(self._floor, close)
            return close
        last = self._wrapping.closers(text, close, lead, lead.times, final, lead.start)
        changes = unwrapped(text, lead, inside, close, last)
        form = piece.form if len(inside) == 1 else None
        whole = inside[0].text if len(inside) == 1 else None
        self._settle(text, lead.start, last, changes, form, edits, final, whole or "", True)
        return last

    def _half(self, text: str, piece: Piece, lead: Lead, edits: list[Edit], final: bool) -> int:
        """A wrapper that was opened and never closed."""
        if piece.weak or piece.text is None or (final and self._runs.cut_short(text, piece)):
            return piece.end
        changes = [
            Edit(lead.start, past_blank(text, lead.end, piece.start), ""),
            Edit(piece.start, piece.end, escape_like(lead.text, piece.text)),
        ]
        self._settle(
            text, lead.start, piece.end, changes, piece.form, edits, final, piece.text, True
        )
        return piece.end

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
        allowed = self._placing.allows(text, start, end, form, value, final)
        self._floor = end
        if not allowed:
            self.counts["kept_in_url"] += 1
        elif value is not None:
            edits += changes
            self.counts["repaired" if bent else "restored"] += 1

    def _group_start(self, text: str, start: int) -> int:
        if not self._quiet:
            return start
        low = max(self._floor, self._pos)
        lead = self._wrapping.lead(text, start, low, tight=False)
        return lead.start if lead else start
