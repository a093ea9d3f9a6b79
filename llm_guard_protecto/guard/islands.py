"""The letters and digits around a place in a text, and how they may belong together.

A *fragment* is a piece of a run: letters and digits, look-alikes folded, invisible signs skipped.
Fragments with only a joiner between them may be one run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from llm_guard_protecto.guard.bent import ALNUM, JOINER, plain

__all__ = [
    "ESCAPE",
    "ESCAPE_BEGUN",
    "FRAGMENTS",
    "HARD",
    "JOINER_BEGUN",
    "TRAILING",
    "WORD",
    "Fragment",
    "emphasis_end",
    "fragments",
    "joined",
    "row_of_fragments",
    "split_begun",
    "splits",
]

Fragment = tuple[int, int, str]
"""Where a fragment stands, and what it folds to (the case kept)."""

FRAGMENTS = 4
"""Into how many pieces a run may be cut."""
WORD = re.compile(r"[0-9A-Za-z]+")
ESCAPE = re.compile(r"%[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[nrtbf]")
ESCAPE_BEGUN = re.compile(r"(?:%[0-9a-fA-F]?|\\(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?)\Z")
HARD = frozenset("\\*_~`\n\r")
TRAILING = "\\*_~`-\r\n \t>\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
JOINER_BEGUN = re.compile(r"(?:\\|[*_~`]{1,3}|-?[ \t]{0,3}\r?(?:\n[ \t]{0,3}(?:>[ \t]?)?)?)?")


def fragments(text: str, low: int, high: int) -> list[Fragment | None]:
    """The pieces of runs in `low:high`; None where a run cannot go on."""
    found: list[Fragment | None] = []
    at = low
    while at < high:
        start, end, word = at, at, ""
        while at < high:
            like = text[at] if text[at] < "\x80" else plain(text[at])
            if like and like not in ALNUM:
                break
            if like:
                start = start if word else at
                word += like
                end = at + 1
            at += 1
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


def joined(text: str, start: int, end: int) -> bool:
    """Whether something that may stand inside a run adjoins `start:end`."""
    if JOINER.match(text, end):
        return True
    near = text[max(0, start - 9) : start]
    return near[-1:] in HARD or ("\n" in near and not near[near.rindex("\n") :].strip(" \t>\n"))


def row_of_fragments(text: str, digit: int, low: int) -> tuple[list[Fragment], int]:
    """The fragments joined to the one that holds `digit`, and which of them that is."""
    row: list[Fragment] = []
    here = -1
    for part in fragments(text, max(low, digit - 48), min(len(text), digit + 48)):
        if part is None:
            if here >= 0:
                break
            row = []
            continue
        row.append(part)
        if part[0] <= digit < part[1]:
            here = len(row) - 1
    return row, here


def emphasis_end(text: str, start: int, end: int) -> int:
    """`end`, moved over a closing emphasis whose opening half was inside `start:end`."""
    for mark in ("***", "**", "*", "__", "_", "~~", "`"):
        if text.startswith(mark, end) and text[start:end].count(mark) % 2:
            return end + len(mark)
    return end


def splits(word: str, runs: Mapping[str, object]) -> list[str] | None:
    """The only way to write `word` as two or more runs, or None."""
    ways: list[list[list[str]]] = [[] for _ in range(len(word) + 1)]
    ways[0].append([])
    for end in range(1, len(word) + 1):
        for start in range(end):
            if ways[start] and word[start:end] in runs:
                ways[end] += [[*way, word[start:end]] for way in ways[start]][:2]
        del ways[end][2:]
    whole = ways[-1]
    return whole[0] if len(whole) == 1 and len(whole[0]) > 1 else None


def split_begun(word: str, runs: Mapping[str, object], prefixes: frozenset[str]) -> bool:
    """Whether `word` is one run or more followed by the beginning of another."""
    reached = {0}
    for end in range(1, len(word)):
        if any(word[start:end] in runs for start in reached):
            reached.add(end)
            if word[end:] in prefixes:
                return True
    return len(word) > 0 and any(at and word[at:] in runs for at in reached)
