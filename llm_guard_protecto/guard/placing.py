"""Whether a value may be put back where its token stands: not inside an address, mostly."""

from __future__ import annotations

import re

from llm_guard_protecto.guard.forms import Form
from llm_guard_protecto.guard.links import LONGEST, Link, Links, head_is_open, head_of, is_link
from llm_guard_protecto.guard.places import Places
from llm_guard_protecto.guard.runs import More
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.policy import Addresses

__all__ = ["Placing"]

_HOST_GOES_ON = re.compile(r"[.:@\-]?[0-9A-Za-z%]|@")
_PATH = re.compile(r"(?:[a-z][a-z0-9+.\-]*://|www\.)[^/?#]*[/?#]", re.IGNORECASE)


_NOT_IN_ADDRESSES = re.compile(r"[\s<!]")


class Placing:
    """Follows one text, token by token, and says of each whether it may be restored there."""

    __slots__ = ("_kept_end", "_links", "_looks", "_map", "_places", "_stricter")

    def __init__(self, tokens: TokenMap, places: Places) -> None:
        """Start before the first character."""
        self._map = tokens
        self._places = places
        self._looks = places.opened and not places.free
        either = (places.urls, places.images)
        self._stricter: Addresses = (
            "never" if "never" in either else "own" if "own" in either else "always"
        )
        self._links = Links(images=places.urls != places.images)
        self._kept_end = -9

    def needs(self, text: str, near: int) -> int:
        """The first position, `near` at most, that may still be read once `near` is settled."""
        if not self._looks:
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
        if not self._looks:
            return self._places.opened
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
        rule = self._rule(text, link, start)
        if rule == "never":
            return link is not None or link_value is not None
        if rule == "always":
            return False
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

    def _rule(self, text: str, link: Link | None, start: int) -> Addresses:
        """What holds of the address that is open; of one that is no plain link, the stricter."""
        places = self._places
        if link is None or places.urls == places.images:
            return places.urls
        if link.image:
            return places.images
        if link.image is None or start - link.start > LONGEST:
            return self._stricter
        # What is in it may be an image after all, where a reader ends the address earlier.
        doubtful = _NOT_IN_ADDRESSES.search(text, link.start, start)
        return self._stricter if doubtful else places.urls
