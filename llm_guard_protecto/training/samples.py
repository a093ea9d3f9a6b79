"""Marked texts as the words and tag numbers that the network learns from."""

from __future__ import annotations

from dataclasses import dataclass, field

from llm_guard_protecto.detect.network import TAGS
from llm_guard_protecto.detect.words import split
from llm_guard_protecto.training.grammar import Marked

__all__ = ["IGNORE", "Sample", "sample"]

IGNORE = -100  # the tag that teaches nothing


@dataclass(frozen=True, slots=True)
class Sample:
    """One text as words and tag numbers."""

    forms: list[str] = field(repr=False)
    layouts: list[int]
    tags: list[int]


def sample(found: Marked) -> Sample:
    """Words and tags of a marked text; a word belongs to the span it overlaps."""
    words = split(found.text)
    tags = [0] * len(words)
    at = 0
    for start, end, entity in found.spans:
        while at < len(words) and words.ends[at] <= start:
            at += 1
        first = at
        while at < len(words) and words.starts[at] < end:
            at += 1
        if entity == "?":
            tags[first:at] = [IGNORE] * (at - first)
        elif at - first == 1:
            tags[first] = TAGS.index(f"S-{entity}")
        elif at > first:
            inside = TAGS.index(f"I-{entity}")
            tags[first:at] = [inside] * (at - first)
            tags[first], tags[at - 1] = TAGS.index(f"B-{entity}"), TAGS.index(f"E-{entity}")
    return Sample(words.forms, words.layouts, tags)
