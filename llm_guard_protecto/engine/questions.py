"""A question about masked documents, with the tokens that the documents have.

A question is short and written in haste: a name alone, in lower case, in capitals. The documents
were masked as they are written. So before a question is masked its words are looked up, by their
blind index, in the spellings a document may have; nothing is written by that. A word that the vault
holds is masked in that spelling, also where the detectors alone would not have seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from llm_guard_protecto.detect.known import EVERYDAY
from llm_guard_protecto.engine.tokenise import UnitKey, split, units
from llm_guard_protecto.models import Masked, Span, rebuild
from llm_guard_protecto.policy import EntityRule, Policy

__all__ = ["Spelled", "as_asked", "spelled"]

Find = Callable[[str], Sequence[Span]]
Holds = Callable[[Iterable[UnitKey]], "set[UnitKey]"]

SHORTEST = 3
"""Letters of a word that is looked up though no detector found it."""

_NAME = "PERSON"


@dataclass(frozen=True, slots=True)
class Spelled:
    """A question as the documents may spell it, as long as it was; `known` are its held names."""

    text: str = field(repr=False)
    known: dict[str, str] = field(default_factory=dict, repr=False)


def spelled(question: str, rules: Policy, find: Find, holds: Holds) -> Spelled:
    """Put each word of `question` into the spelling that the vault holds.

    `find` gives what the detectors find in a text, `holds` which units have a token.
    """
    found = find(question)
    chosen: dict[int, str] = {}
    for span in found:
        rule = rules.rule(span.entity)
        if _is_kept(rule):
            chosen |= _held(question, span.start, span.end, rule, holds)
    named = rules.rule(_NAME)
    if not (_is_kept(named) and named.unit == "word"):
        return Spelled(_written(question, chosen))
    alone: dict[int, str] = {}
    for start, end in _words(question):
        word = question[start:end]
        if (
            end - start >= SHORTEST
            and word.lower() not in EVERYDAY
            and not any(span.start < end and start < span.end for span in found)
        ):
            alone |= _held(question, start, end, named, holds)
    text = _written(question, chosen | alone)
    # Somebody may be called What or Report. A word that is not written as a name, or begins the
    # question, is one only if it reads like one once it is.
    seen = find(text) if alone else ()
    known: dict[str, str] = {}
    for start, word in alone.items():
        end = start + len(word)
        sure = question[start].isupper() and _goes_on(question, start)
        if sure or any(span.start <= start and end <= span.end for span in seen):
            known[word] = _NAME
            chosen[start] = word
    return Spelled(_written(question, chosen), known)


def as_asked(question: str, masked: Masked) -> Masked:
    """What was masked of a `Spelled` text, as the answer for the question itself."""
    if masked.value == question:
        return masked
    tokens = tuple(
        replace(one, value=question[one.start_pos : one.end_pos])
        for one in masked.individual_tokens
    )
    excluded = tuple(
        replace(one, value=question[one.start_pos : one.end_pos])
        for one in masked.excluded_entities
    )
    return replace(
        masked,
        value=question,
        token_value=rebuild(question, tokens),
        individual_tokens=tokens,
        excluded_entities=excluded,
    )


def _is_kept(rule: EntityRule) -> bool:
    """Whether tokens of this rule are the same in every call."""
    return rule.action == "pseudonymize"


def _held(text: str, start: int, end: int, rule: EntityRule, holds: Holds) -> dict[int, str]:
    """Where the held units of `text[start:end]` begin, each in the spelling that is held."""
    held: dict[int, str] = {}
    at = start
    for number, piece in enumerate(split(text[start:end], rule.unit)):
        if number % 2:
            ways = {way: units(way, rule)[1] for way in _spellings(piece, rule)}
            there = holds(key for keys in ways.values() for key in keys)
            for way, keys in ways.items():
                if there.issuperset(keys):
                    held[at] = way
                    break
        at += len(piece)
    return held


def _spellings(piece: str, rule: EntityRule) -> list[str]:
    """The ways a document may write it, the likeliest first; all as long as it is."""
    if rule.unit in ("email", "url"):
        ways = [piece.lower(), piece]
    elif piece.islower():
        ways = [piece.title(), piece, piece.upper()]
    elif piece.isupper() and len(piece) > 1:
        ways = [piece, piece.title()]
    else:
        ways = [piece]
    return [way for way in dict.fromkeys(ways) if len(way) == len(piece)]


def _words(text: str) -> Iterable[tuple[int, int]]:
    at = 0
    for number, piece in enumerate(split(text, "word")):
        if number % 2:
            yield at, at + len(piece)
        at += len(piece)


def _goes_on(question: str, at: int) -> bool:
    """Whether a capital letter at `at` says something: no sentence begins there, nor shouts all."""
    before = question[:at].rstrip()
    return bool(before) and before[-1] not in ".!?:…" and not question.isupper()


def _written(text: str, words: dict[int, str]) -> str:
    for start, word in words.items():
        text = text[:start] + word + text[start + len(word) :]
    return text
