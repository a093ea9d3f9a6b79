"""Whether a value may be put back where its token stands: not inside an address, mostly."""

from __future__ import annotations

import re

from llm_guard_protecto.guard.forms import Form
from llm_guard_protecto.guard.places import LONGEST, Links, Places, head_is_open, head_of, is_link
from llm_guard_protecto.guard.runs import More
from llm_guard_protecto.guard.tokenmap import TokenMap

__all__ = ["Placing"]

_HOST_GOES_ON = re.compile(r"[.:@\-]?[0-9A-Za-z%]|@")
_PATH = re.compile(r"(?:[a-z][a-z0-9+.\-]*://|www\.)[^/?#]*[/?#]", re.IGNORECASE)


class Placing:
    """Follows one text, token by token, and says of each whether it may be restored there."""

    __slots__ = ("_kept_end", "_links", "_map", "_places")

    def __init__(self, tokens: TokenMap, places: Places) -> None:
        """Start before the first character."""
        self._map = tokens
        self._places = places
        self._links = Links()
        self._kept_end = -9

    def needs(self, text: str, near: int) -> int:
        """The first position, `near` at most, that may still be read once `near` is settled."""
        if self._places.urls != "keep":
            return near
        self._links.at(text, near)
        return min(near, self._links.needs)

    def shift(self, by: int) -> None:
        """The first `by` characters of the text have been dropped."""
        self._kept_end -= by
        self._links.shift(by)

    def allows(
        self, text: str, start: int, end: int, form: Form | None, value: str | None, final: bool
    ) -> bool:
        """Whether the token at `start:end` may become `value`. Raises `More`."""
        if self._places.urls != "keep":
            return True
        opens = value is not None and form is not None and is_link(value)
        if self._in_address(text, start, end, value if opens else None, final):
            self._kept_end = end
            self._links.skip(start, end)
            return False
        self._links.skip(start, end, opens)
        return True

    def _in_address(
        self, text: str, start: int, end: int, link_value: str | None, final: bool
    ) -> bool:
        since = start - self._kept_end
        if 0 <= since <= 3 and not any(map(str.isalnum, text[start - since : start])):
            # The next word of a token that was left alone shares its fate.
            return True
        link = self._links.at(text, start)
        if link_value is not None and not _PATH.match(link_value):
            # Text glued to a bare host would make another host of it.
            if not final and len(text) - end < 2:
                raise More(start)
            if _HOST_GOES_ON.match(text, end):
                return True
        if link is None:
            return False
        if link_value is not None and not text[link.start : start].strip(" \t<\"'\\"):
            return False
        if start - link.start > LONGEST:
            return True
        if not final and head_is_open(text, link, start, end):
            raise More(start)
        return head_of(text, link, start, end) not in self._map.links
