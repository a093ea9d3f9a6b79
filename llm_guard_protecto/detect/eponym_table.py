"""The table of things that look like names (`eponyms.txt`), and a text as the words of its terms."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, compress
from pathlib import Path
from typing import NamedTuple

from llm_guard_protecto.detect import eponym_words as about
from llm_guard_protecto.detect.expression import expression

__all__ = ["OWN", "Node", "Words", "begun", "is_listed", "is_model", "rows", "words_of"]

OWN = "'s"
"""What the plain form of a word with a possessive ends in."""

_TABLE = Path(__file__).with_name("eponyms.txt")
_WORD = expression(r"([^\W_]+)")
_MARKS = expression("[\u0300-\u036f]")
_QUOTES = frozenset("'’")
_MODEL = 6  # characters of a number of a model


class _Section(NamedTuple):
    """The head of a section: what its terms need beside them."""

    kind: str
    words: frozenset[str]


@dataclass(slots=True)
class Node:
    """A place in the tree of words, and what ends there."""

    ways: dict[str, Node] = field(default_factory=dict)
    whole: bool = False
    heads: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a piece of text in plain lower case, with their places in the text.

    A possessive belongs to its word; `Bell's`, `Bell’s` and `Graves'` are `bell's` and `graves's`.
    """

    keys: list[str] = field(repr=False)
    starts: list[int]
    ends: list[int]
    gaps: list[str] = field(repr=False)  # what stands after each word


def words_of(text: str, start: int, end: int) -> Words:
    """The words of `text[start:end]`; their places count from the start of `text`. Linear."""
    piece = text[start:end]
    parts = _WORD.split(piece)  # what is between the words, and the words
    places = [*accumulate(map(len, parts), initial=start)]
    keys = [word.lower() if word.isascii() else _plain(word) for word in parts[1::2]]
    starts, ends, gaps = places[1::2], places[2::2], parts[2::2]
    if not any(sign in piece for sign in "'’."):
        return Words(keys, starts, ends, gaps)
    gone: list[int] = []
    for at, gap in enumerate(gaps):
        if gap[:1] == "." and keys[at] in about.SHORTENED:
            gaps[at] = gap[1:]
        if gap[:1] not in _QUOTES:
            continue
        if gap in _QUOTES and at + 1 < len(keys) and keys[at + 1] == "s":
            keys[at] += OWN
            ends[at], gaps[at] = ends[at + 1], gaps[at + 1]
            gone.append(at + 1)
        elif keys[at][-1:] == "s" and gap[1:] == " ":
            keys[at] += OWN
            gaps[at] = " "
    if gone:
        kept = bytearray(b"\1") * len(keys)
        for at in gone:
            kept[at] = 0
        keys, gaps = [*compress(keys, kept)], [*compress(gaps, kept)]
        starts, ends = [*compress(starts, kept)], [*compress(ends, kept)]
    return Words(keys, starts, ends, gaps)


def _plain(word: str) -> str:
    """`word` in lower case without accents."""
    letters = unicodedata.normalize("NFKD", word.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def _sections() -> list[tuple[str, str]]:
    """The head and the terms of each section, in plain form."""
    text = unicodedata.normalize("NFKD", _TABLE.read_text(encoding="utf-8").lower())
    _, *sections = _MARKS.sub("", text).split("\n[")
    return [(head, body) for head, _, body in (one.partition("]\n") for one in sections)]


@cache
def _inside() -> frozenset[str]:
    """Every word that can stand in a term, in plain form: not those that are only looked for."""
    parts: list[str] = []
    for head, body in _sections():
        parts.append(body)
        if not head.startswith(("near", "beside")):
            parts.append(head)
    return frozenset(_WORD.findall("\n".join(parts)))


def is_listed(text: str, start: int, end: int) -> bool:
    """Whether the first word of `text[start:end]` can be one of a term, or its number.

    A look-up, so that a name like most is no reason to read its surroundings, or the table.
    """
    found = _WORD.search(text, start, end)
    if found is None:
        return False
    word = found[1].lower() if found[1].isascii() else _plain(found[1])
    known = _inside()
    if word in known or word.removesuffix("s") in known:
        return True
    return any(map(str.isdigit, word)) and all(map(is_model, _WORD.findall(text, start, end)))


def is_model(word: str) -> bool:
    """Whether a word can be the number of a model."""
    return len(word) <= _MODEL and any(map(str.isdigit, word))


@cache
def rows() -> dict[str, list[tuple[_Section, str]]]:
    """The terms of the table and their sections, by the first words of the terms in plain form."""
    found: dict[str, list[tuple[_Section, str]]] = {}
    for head, body in _sections():
        kind, _, rest = head.partition(" ")
        words = frozenset(rest.split("|"))
        section = _Section(kind, words | {word + "s" for word in words})
        terms = body.replace("\n", "|").strip("|").split("|")
        if kind == "after":
            terms = [f"{lead} {term}" for lead in rest.split("|") for term in terms]
        for term in terms:
            first = term.partition(" ")[0]
            if not first.isalpha():
                first = _WORD.findall(term)[0]
            some = found.get(first)
            if some is None:
                some = found[first] = []
            some.append((section, term))
    return found | {first + OWN: some for first, some in found.items()}


@cache
def begun(first: str) -> Node | None:
    """What the terms with the first word `first`, one of `rows()`, go on with."""
    root = Node()
    for section, term in rows()[first]:
        _plant(root, term, section)
    return root.ways.get(first)


def _split(term: str) -> list[str]:
    if term.replace(" ", "").isalpha():
        return term.split()
    return words_of(term, 0, len(term)).keys


def _reached(node: Node, keys: list[str]) -> Node:
    for key in keys:
        way = node.ways.get(key)
        if way is None:
            way = node.ways[key] = Node()
        node = way
    return node


def _plant(root: Node, term: str, section: _Section) -> None:
    kind, words = section
    keys = _split(term)
    node = _reached(root, keys)
    match kind:
        case "pair":
            node.heads |= words
            if not keys[-1].endswith(OWN):
                _reached(root, [*keys[:-1], keys[-1] + OWN]).heads |= words
        case "bare":
            node.heads |= words
        case "near":
            node.near |= words
        case "beside":
            node.beside |= words
        case _:
            node.whole = True
