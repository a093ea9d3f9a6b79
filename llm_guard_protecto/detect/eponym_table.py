"""The table of things that look like names (`eponyms.txt`), and a text as the words of its terms."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, compress
from pathlib import Path
from typing import NamedTuple

from llm_guard_protecto.detect import eponym_words as about

__all__ = ["OWN", "Node", "Words", "begun", "is_listed", "is_model", "rows", "words_of"]

OWN = "'s"
"""What the plain form of a word with a possessive ends in."""

_TABLE = Path(__file__).with_name("eponyms.txt")
_WORD = re.compile(r"([^\W_]+)")
_MARKS = re.compile("[\u0300-\u036f]")
_QUOTES = frozenset("'’")
_MODEL = 6  # characters of a number of a model


class _Row(NamedTuple):
    """Some terms of one section."""

    kind: str
    words: frozenset[str]
    terms: tuple[str, ...]


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
def _inside() -> frozenset[str]:
    """Every word that can stand in a term, in plain form: not those that are only looked for."""
    parts: list[str] = []
    for section in _TABLE.read_text(encoding="utf-8").split("\n[")[1:]:
        header, body = section.split("]\n", 1)
        parts.append(body if header.startswith(("near", "beside")) else section)
    text = unicodedata.normalize("NFKD", "\n".join(parts).lower())
    return frozenset(_WORD.findall(_MARKS.sub("", text)))


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
def rows() -> dict[str, list[_Row]]:
    """The table by the first words of its terms in plain form, read on first use."""
    found: dict[str, list[_Row]] = {}
    for section in _TABLE.read_text(encoding="utf-8").split("\n[")[1:]:
        header, body = section.split("]\n", 1)
        kind, _, rest = header.partition(" ")
        words = frozenset(_plain(word) for word in rest.split("|"))
        words |= {word + "s" for word in words}
        terms = body.replace("\n", "|").strip("|").split("|")
        if kind == "after":
            for lead in rest.split("|"):
                row = _Row(kind, words, tuple(f"{lead} {term}" for term in terms))
                found.setdefault(_first(lead), []).append(row)
            continue
        for term in terms:
            found.setdefault(_first(term), []).append(_Row(kind, words, (term,)))
    return found | {first + OWN: some for first, some in found.items()}


@cache
def begun(first: str) -> Node | None:
    """What the terms with the first word `first`, one of `rows()`, go on with."""
    root = Node()
    for row in rows()[first]:
        for term in row.terms:
            _plant(root, term, row.kind, row.words)
    return root.ways.get(first)


def _first(term: str) -> str:
    word = term.split(" ", 1)[0]
    return word.lower() if word.isascii() and word.isalpha() else _plain(_WORD.findall(term)[0])


def _split(term: str) -> list[str]:
    if term.isascii() and term.replace(" ", "").isalpha():
        return term.lower().split()
    return words_of(term, 0, len(term)).keys


def _reached(node: Node, keys: list[str]) -> Node:
    for key in keys:
        way = node.ways.get(key)
        if way is None:
            way = node.ways[key] = Node()
        node = way
    return node


def _plant(root: Node, term: str, kind: str, words: frozenset[str]) -> None:
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
