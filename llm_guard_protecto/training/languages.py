"""Marked texts without end in German, French, Spanish, Italian, Portuguese and Dutch.

About two texts in five hold no name at all: there the tagger learns that a capital at the head of
a sentence, or on a German noun, says little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from random import Random

from llm_guard_protecto.training.grammar import Marked, Piece, expand, join
from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.noise import to_pieces
from llm_guard_protecto.training.sandhi import smooth
from llm_guard_protecto.training.synthesis import synthetic
from llm_guard_protecto.training.tongues import LANGUAGES, Tongue, tongue
from llm_guard_protecto.training.vernacular import Speaker

__all__ = ["LANGUAGES", "everyday", "foreign", "speak"]

_PLAIN = 0.42  # share of texts without a name
_MIXED = 0.05  # share of texts in two languages


def foreign(count: int, rng: Random, names: Names) -> Iterator[Marked]:
    """`count` texts, the languages in turn, so that each has an equal share."""
    for at in range(count):
        yield next(speak(LANGUAGES[at % len(LANGUAGES)], 1, rng, names))


def speak(code: str, count: int, rng: Random, names: Names) -> Iterator[Marked]:
    """`count` texts in one language. Raises FileNotFoundError for one we do not have."""
    spoken = tongue(code)
    for _ in range(count):
        speaker = Speaker(spoken, rng, names)
        plain = rng.random() < _PLAIN
        pieces = _text(spoken, rng, speaker, plain)
        if rng.random() < _MIXED:
            pieces = _mixed(spoken, rng, names, pieces)
        yield join(pieces)


def _text(spoken: Tongue, rng: Random, speaker: Speaker, plain: bool) -> list[Piece]:
    sentences = rng.choice((1, 1, 1, 2, 2, 3, 4))
    # The sentence with the name is not always the first.
    named = set() if plain else {rng.randrange(sentences)}
    joint = rng.choice((" ", " ", " ", "\n", "\n\n"))
    pieces: list[Piece] = []
    for at in range(sentences):
        with_name = at in named or (not plain and rng.random() < 0.6)
        found = _sentence(spoken, rng, speaker, spoken.named if with_name else spoken.plain)
        # A letter or a form does not run on in the same line.
        gap = "\n\n" if pieces and "\n" in found[0][0] + pieces[-1][0] else joint
        pieces += [(gap, None), *found] if pieces else found
    return pieces


def _sentence(
    spoken: Tongue, rng: Random, speaker: Speaker, templates: Sequence[str]
) -> list[Piece]:
    def fill(slot: str) -> Sequence[Piece]:
        if slot in {"say", "tell"}:  # a sentence of the same language within a form or letter
            inner = spoken.plain if slot == "say" else spoken.named
            return _sentence(spoken, rng, speaker, [t for t in inner if "\n" not in t])
        return speaker(slot)

    template = rng.choice(templates)
    low = template[0] == "~"  # chat: no capitals at all
    pieces = smooth(expand(template[1:] if low else "^" + template, rng, fill), spoken.code)
    return [(text.lower(), entity) for text, entity in pieces] if low else pieces


def _mixed(spoken: Tongue, rng: Random, names: Names, pieces: list[Piece]) -> list[Piece]:
    """An English request about the text, or a request in the language about English text."""
    gap = rng.choice((":\n\n", ": ", "\n\n", ":\n"))
    chance = rng.random()
    if chance < 0.45:
        return [(rng.choice(_REQUESTS), None), (gap, None), *pieces]
    if chance < 0.75:
        return [(rng.choice(spoken.lists["task"]), None), (gap, None), *pieces]
    if all(entity is None for _, entity in pieces):
        return pieces
    english = to_pieces(next(islice(synthetic(1, rng, names), 1)))
    return [(rng.choice(spoken.lists["task"]), None), (gap, None), *english]


_REQUESTS = (
    "Please translate this into English",
    "Summarize the following message",
    "What does this mean?",
    "Reply politely in the same language",
    "Can you correct the grammar here",
    "Here is what the customer wrote",
    "Translate, and keep the tone",
    "My landlord sent me this",
    "Explain this letter to me",
    "Rewrite it more formally",
)

_CHOICES = re.compile(r"\{[a-z]+\d?\}|\[\[|\]\]|\||\n")
_WORD = re.compile(r"[^\W\d_]{2,}")
# Sections whose entries are names, or parts of them.
_ORDINARY = ("imp", "inf", "ich", "adv", "thing", "adj", "job", "day", "month", "greet", "bye")
_NOUNS = ("noun_m", "noun_f", "noun_n", "plural", "fore", "heads_m", "heads_f", "heads_n", "task")


@cache
def everyday(language: str) -> frozenset[str]:
    """The ordinary words of our templates and lists, in lower case; German nouns among them."""
    spoken = tongue(language)
    found: set[str] = set()
    for section in (*_ORDINARY, *_NOUNS):
        for entry in spoken.lists.get(section, ()):
            found.update(word.lower() for word in _WORD.findall(entry))
    for template in (*spoken.plain, *spoken.named):
        words = _WORD.findall(_CHOICES.sub(" ", template))
        # Elsewhere a capital within a sentence may belong to a product or an abbreviation.
        found.update(w.lower() for w in words if language == "de" or not w.isupper())
    return frozenset(found)
