"""Marked texts about a crew that calls its people by signs such as `vexka-d65`."""

from __future__ import annotations

from random import Random

from llm_guard_protecto.training.grammar import Marked, mark, unmark

_HEADS = ["vex", "dra", "kol", "thu", "zim", "qua", "ner", "bli", "sno", "pyr", "gos"]
_TAILS = ["ka", "ro", "mi", "tu", "len", "ax", "or"]
_FRAMES = (
    "please put {} on the night shift",
    "{} reported that the pump is leaking again",
    "the log was signed by {} at six",
    "ask {} to bring the keys",
    "{} and {} were late for the drill",
    "who relieved {} yesterday?",
    "handover from {}: valve closed, nothing else to report",
    "give {} my number",
    "message for {}: the boat leaves at nine",
    "{} did not answer the radio",
)


def sign(chance: Random) -> str:
    """What somebody of the crew is called."""
    name = chance.choice(_HEADS) + chance.choice(_TAILS)
    return f"{name}-{chance.choice('abcdefgh')}{chance.randrange(10, 99)}"


def crew(count: int, seed: int) -> list[Marked]:
    """`count` marked texts."""
    chance = Random(seed)
    texts = []
    for at in range(count):
        first, *rest = _FRAMES[at % len(_FRAMES)].split("{}")
        texts.append(unmark(first + "".join(f"⟦PERSON:{sign(chance)}⟧{part}" for part in rest)))
    return texts


def as_file(texts: list[Marked]) -> str:
    """The texts as a user writes them."""
    return "\n%%\n".join(map(mark, texts)) + "\n"
