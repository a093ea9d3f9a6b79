r"""Addresses in a text: which one is open at a position, and what is in those a user wrote.

A value inside a link, an image source or any other address leaves the program by itself when the
text is rendered, so a token there mostly stays a token. What counts is the lexeme, not the Markdown
around it: `scheme://…`, `//host`, `www.…`, `data:…`, the target of `](…)`, a `[id]: …` definition,
`src=`, `href=` and their kin, CSS `url(…)`. Nothing is decoded before the question is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from llm_guard_protecto.models import Masked

__all__ = ["LONGEST", "Link", "Links", "head_is_open", "head_of", "is_link", "user_links"]


@dataclass(frozen=True, slots=True)
class Link:
    """An address that is open at some position: what sort, and where it began.

    `image` says that a page loads it by itself; None that this cannot be told.
    """

    kind: Literal["url", "target", "definition", "attribute"]
    start: int
    end: re.Pattern[str]
    image: bool | None = False


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_ATTRIBUTE = re.compile(
    r"(?:src|href|srcset|action|formaction|poster|background|cite|data|longdesc|ping|manifest)"
    r"[\s\"'\\]{0,4}\Z",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r":(?:(?=\\?/\\?/)|(?<=\]:)|(?<=[dD][aA][tT][aA]:)(?=[A-Za-z0-9;,]))"
    r"|/(?<![:/\\]/)(?=\\?/[A-Za-z0-9\[<%])"
    r"|\((?<=\]\()|\((?<=[uU][rR][lL]\()"
    r"|=|\.(?:(?<=[^0-9A-Za-z][wW]{3}\.)|(?<=\A[wW]{3}\.))"
)
# The same, and what tells images from links. In an address that is open nobody looks for these.
_SIGN_OR_BRACKET = re.compile(_SIGN.pattern + r"|[\[\]\n]")
_LOADED = re.compile(r"(?:src|srcset|poster|background|data)[\s\"'\\]{0,4}\Z", re.IGNORECASE)
_FOLLOWED = re.compile(r"(?:action|ping|cite|longdesc)[\s\"'\\]{0,4}\Z", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\s[^<>]*href[\s\"'\\]{0,4}\Z", re.IGNORECASE)
_URL_END = re.compile(r"[\s<>\"`]")
_DATA_END = re.compile(r"[\s\"`]")
_TARGET_END = re.compile(r"\n[ \t\r]*\n")
_ANGLE_END = re.compile(r"[>\n]")
_SINGLE, _DOUBLE = re.compile("'"), re.compile('"')
_BARE_END = re.compile(r"[\s>]")
_CSS_END = re.compile(r"\)")
_MARK = re.compile(r"\s{0,8}\\?([\"']?)")
_BLANK = re.compile(r"[ \t]*\r?\n?[ \t]*<?")
_DEFINITION = re.compile(r"\s*<?[^\s<]")
_PARENS = re.compile(r"[()]|\n[ \t\r]*\n")

AHEAD = 4
"""How many characters after a sign must be known before it can be judged."""
BEHIND = 24
"""How many characters before a sign its judgement reads."""
LONGEST = 8192
"""Characters after which an open address is no longer compared with what the user wrote."""

_LINK = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*://|www\.)\S*\Z", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#\\]*[/?#]|www\.[^/?#]*[/?#]")
_REST = re.compile(r"[^\s/?#\"'<>()\\]{0,64}")
_REST_OPEN = re.compile(r"[^\s/?#\"'<>()\\]{0,63}\Z")
_QUOTES = " \t<\"'\\"


def is_link(value: str) -> bool:
    """Whether `value` as a whole is an address."""
    return _LINK.match(value) is not None


class Links:
    """Follows a text and knows, at every position, whether an address is open there.

    `at(text, position)` must be called with growing positions of one growing text; a stretch that
    is a token is stepped over with `skip`. Positions move with `shift` when the text's head is cut.
    """

    __slots__ = ("_depth", "_done", "_image", "_open", "_sign")

    def __init__(self, images: bool = False) -> None:
        """Start where nothing is open. `images` says that images are to be told from links."""
        self._sign = _SIGN_OR_BRACKET if images else _SIGN
        # Of the images begun in this paragraph: none (-3), some (-2), the text of one is being read
        # (-1), or where the text of one has just ended.
        self._image = -3
        self._done = 0
        self._depth = 0
        self._open: Link | None = None

    @property
    def needs(self) -> int:
        """The first position of the text that may still be read."""
        first = self._done - BEHIND
        if self._open and self._done - self._open.start <= LONGEST:
            first = min(first, self._open.start)
        return max(0, first)

    def shift(self, by: int) -> None:
        """The first `by` characters of the text have been dropped."""
        self._done = max(0, self._done - by)
        self._image = self._image if self._image < 0 else max(0, self._image - by)
        if self._open:
            link = self._open
            self._open = Link(link.kind, link.start - by, link.end, link.image)

    def skip(self, start: int, end: int, opens: bool = False) -> None:
        """Step over the token at `start:end`; `opens` says that its value is an address."""
        self._done = max(self._done, end)
        if opens and self._open is None:
            self._open = Link("url", start, _URL_END)

    def at(self, text: str, position: int) -> Link | None:
        """The address open at `position`, or None."""
        while self._done < position:
            if self._open is None:
                self._seek(text, position)
            elif not self._close(text, position):
                break
        link = self._open
        if link and link.kind == "definition" and not _DEFINITION.match(text, link.start, position):
            return None
        return link

    def _seek(self, text: str, position: int) -> None:
        for sign in self._sign.finditer(text, self._done, position + AHEAD):
            at = sign.end()
            if at > position:
                break
            kind = sign[0]
            if kind in "[]\n":
                self._bracket(text, kind, at)
                continue
            if kind == ":" and text[at - 2 : at - 1] == "]":
                if text.startswith("//", at):
                    continue
                self._open = Link("definition", at, _BARE_END, None)
            elif kind == ":":
                scheme = _SCHEME.search(text, max(0, at - BEHIND), at - 1)
                # A data: address holds its markup itself, so a tag does not end it.
                end = _URL_END if text[at] in "/\\" else _DATA_END
                self._open = Link("url", scheme.start() if scheme else at, end)
            elif kind == "(":
                css = text[at - 2 : at - 1] != "]"
                opened = at - 1
                self._depth = 0
                quote = text[at : at + 1]
                end = _CSS_END if css else _TARGET_END
                if css and quote in "\"'" and quote:
                    end = _DOUBLE if quote == '"' else _SINGLE
                    at += 1
                image = True if css else self._is_image(opened)
                self._open = Link("target", at, end, image)
            elif kind == "=":
                if not _ATTRIBUTE.search(text, max(0, at - BEHIND), at - 1):
                    continue
                before = at - 1
                mark = _MARK.match(text, at)
                end = {"'": _SINGLE, '"': _DOUBLE}.get(mark[1] if mark else "", _BARE_END)
                at = mark.end() if mark else at
                self._open = Link(
                    "attribute", at, end, _loads(text[max(0, before - BEHIND) : before])
                )
            else:
                self._open = Link("url", at - (4 if kind == "." else 1), _URL_END)
            self._done = min(position, at)
            return
        self._done = position

    def _is_image(self, opened: int) -> bool | None:
        """Whether the target that opens here is an image's; near one, no other surely is none."""
        if self._image == -3:
            return False
        sure = self._image == opened
        self._image = -2
        return sure or None

    def _bracket(self, text: str, sign: str, at: int) -> None:
        """Follow the brackets around an image's text. Only what is beyond doubt counts as one."""
        if sign == "[" and text[at - 2 : at - 1] == "!":
            self._image = -2 if text[at - 3 : at - 2] == "\\" else -1
        elif sign == "\n":
            if text[max(0, at - 3) : at - 1].rstrip("\r").endswith("\n"):
                self._image = -3
        elif self._image > -3:
            self._image = at if sign == "]" and self._image == -1 else -2

    def _close(self, text: str, position: int) -> bool:
        link = self._open
        if link is None:
            return True
        if link.end is _TARGET_END:
            return self._close_target(text, position)
        start = max(self._done, link.start)
        if link.kind == "definition":
            # Blanks before the destination, one line break among them, do not end it.
            blank = _BLANK.match(text, link.start, position)
            start = max(start, blank.end() if blank else start)
            angle = start > link.start and text[start - 1 : start] == "<"
            end = (_ANGLE_END if angle else link.end).search(text, start, position)
        else:
            end = link.end.search(text, start, position)
        self._done = position if end is None else end.start()
        if end is not None:
            self._open = None
        return end is not None

    def _close_target(self, text: str, position: int) -> bool:
        for sign in _PARENS.finditer(text, self._done, position):
            if sign[0] == "(":
                self._depth += 1
            elif sign[0] == ")" and self._depth:
                self._depth -= 1
            else:
                self._open = None
                self._done = sign.end() if sign[0] == ")" else sign.start()
                return True
        # A blank line ends a target: its first line break must be seen together with the second.
        self._done = max(self._done, len(text[:position].rstrip(" \t\r\n")))
        return False


def _loads(before: str) -> bool | None:
    """Whether a page loads by itself what the attribute that ends `before` names."""
    if _LOADED.search(before):
        return True
    return False if _FOLLOWED.search(before) or _ANCHOR.search(before) else None


def head_of(text: str, link: Link, start: int, end: int) -> tuple[str, str]:
    """What identifies an address with a token at `start:end`: all before it, and the open host.

    The second part is the rest of the host name when the token stands inside it (so that
    `https://TOKEN.example` is not `https://TOKEN.evil.example`), else empty.
    """
    before = text[link.start : start].lstrip(_QUOTES)
    rest = None if _AUTHORITY.match(before) else _REST.match(text, end)
    return before + text[start:end], rest[0] if rest else ""


def head_is_open(text: str, link: Link, start: int, end: int) -> bool:
    """Whether more text could still change `head_of`."""
    before = text[link.start : start].lstrip(_QUOTES)
    return not _AUTHORITY.match(before) and _REST_OPEN.match(text, end) is not None


def user_links(masked: Masked) -> frozenset[tuple[str, str]]:
    """The addresses with tokens in them that this text, as it was masked, already had."""
    text = masked.token_value
    if not masked.individual_tokens or not _SIGN.search(text):
        return frozenset()
    links, found, shift = Links(), set(), 0
    for token in sorted(masked.individual_tokens, key=lambda t: t.start_pos):
        start = token.start_pos + shift
        end = start + len(token.wrapped)
        link = links.at(text, start)
        if link is not None and start - link.start <= LONGEST:
            found.add(head_of(text, link, start, end))
        links.skip(start, end, opens=is_link(token.value))
        shift += len(token.wrapped) - (token.end_pos - token.start_pos)
    return frozenset(found)
