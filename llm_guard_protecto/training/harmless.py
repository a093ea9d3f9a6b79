"""Texts in which nobody is named, without end: code, settings, tables, logs, science, requests.

The templates of `templates/skeletons.txt` are filled with identifiers and messages put together of
words that often look like names (`lists/harmless.txt`); those of the other files stand as they are.
Words whose marking is a matter of convention (the person in "Bayes' theorem") teach nothing: `?`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random

from llm_guard_protecto.training.fillers import filler
from llm_guard_protecto.training.grammar import Marked, Piece, expand, join
from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.phrases import LISTS
from llm_guard_protecto.training.twins import thing

__all__ = ["FILES", "eponym", "harmless", "skeletons"]

_DENSE = ("things", "matters", "topics", "asks")
FILES = (
    "harmless",
    "everyday",
    "technical",
    "science",
    "kitchen",
    "garden",
    "games",
    *_DENSE,
    "headings",
    "prompts",
    "street",
)
"""The template files that name nobody, a sentence a line."""

_TEMPLATES = Path(__file__).with_name("templates")
_ASK = (
    "Explain {}.",
    "What is {}?",
    "{} in simple words",
    "Write a short essay about {}.",
    "Give me three facts about {}.",
    "Why does {} matter?",
    "a poem about {}",
    "Tell me about {} and where it comes from.",
    "Compare {} and {}.",
    "quiz on {}, five questions",
    "Who came up with {}?",
    "Draw {} in ASCII.",
    "I never understood {}.",
)


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    """The sections of `lists/harmless.txt`."""
    found: dict[str, tuple[str, ...]] = {}
    for section in (LISTS / "harmless.txt").read_text(encoding="utf-8").split("\n[")[1:]:
        name, words = section.split("]\n", 1)
        found[name] = tuple(words.replace("\n", "").split("|"))
    return found


@cache
def skeletons() -> tuple[str, ...]:
    """The templates of code and records without people."""
    text = (_TEMPLATES / "skeletons.txt").read_text(encoding="utf-8")
    return tuple(block.strip("\n") for block in text.split("\n%%\n"))


@cache
def _sentences(files: tuple[str, ...] = FILES) -> tuple[str, ...]:
    lines: list[str] = []
    for name in files:
        text = (_TEMPLATES / f"{name}.txt").read_text(encoding="utf-8")
        lines += (line for line in text.splitlines() if line.strip() and line[:2] != "# ")
    return tuple(lines)


def harmless(count: int, rng: Random, names: Names) -> Iterator[Marked]:
    """`count` texts: two in five skeletons, the others one to five lines, some with eponyms.

    `names` only fills addresses of mail and the like, which are not marked.
    """
    for _ in range(count):
        fill = _Fill(rng, names)
        chance = rng.random()
        if chance < 0.4:
            yield join(expand(rng.choice(skeletons()), rng, fill))
        elif chance < 0.46:
            yield join(_asked(rng))
        else:
            yield join(_some(rng, fill))


def eponym(rng: Random) -> list[Piece]:
    """A law, work or landmark; what is a name in it by some conventions is marked `?`."""
    parts = rng.choice(_lists()["eponyms"]).split("?")
    return [(text, "?" if at % 2 else None) for at, text in enumerate(parts) if text]


def _asked(rng: Random) -> list[Piece]:
    pieces: list[Piece] = []
    for at, text in enumerate(rng.choice(_ASK).split("{}")):
        pieces += [*(eponym(rng) if at else []), (text, None)]
    return pieces


def _some(rng: Random, fill: _Fill) -> list[Piece]:
    joint = rng.choice((" ", " ", "\n", "\n\n", "\n- "))
    pieces: list[Piece] = []
    for at in range(rng.choice((1, 1, 1, 2, 3, 5))):
        # A line of the dense files has dozens of things to choose from: it is drawn more often.
        sentences = _sentences(_DENSE if rng.random() < 0.35 else FILES)
        pieces += [(joint if at else "", None), *expand(rng.choice(sentences), rng, fill)]
    return pieces


class _Fill:
    """Fills the slots of skeletons, all others as `fillers` does; `{var1}` keeps its text."""

    def __init__(self, rng: Random, names: Names) -> None:
        self._rng = rng
        self._names = names
        self._kept: dict[str, str] = {}

    def __call__(self, slot: str) -> Sequence[Piece]:
        kind = slot.rstrip("0123456789")
        if kind == slot:
            return [(self._text(kind), None)]
        if slot not in self._kept:
            self._kept[slot] = self._text(kind)
        return [(self._kept[slot], None)]

    def _text(self, slot: str) -> str:
        rng, lists = self._rng, _lists()
        nouns = [rng.choice(lists["nouns"]) for _ in range(rng.choice((1, 1, 2)))]
        verb = rng.choice(lists["verbs"])
        match slot:
            case "type":
                tail = rng.choice((*lists["types"], ""))
                return "".join(noun.capitalize() for noun in nouns) + tail
            case "snake":
                return "_".join([verb, *nouns] if rng.random() < 0.6 else nouns)
            case "camel":
                return verb + "".join(noun.capitalize() for noun in nouns)
            case "dashed":
                return "-".join(nouns)
            case "const":
                return "_".join([*nouns, rng.choice(lists["nouns"])]).upper()
            case "var":
                return nouns[0]
            case "short":
                return nouns[0][0]
            case "value":
                return self._value()
            case "module" | "word" | "message" | "comment" | "label" | "font":
                return rng.choice(lists[f"{slot}s"])
            case "css":
                return rng.choice(lists["css"])
            case "thing":
                return thing(rng)
            case _:
                return filler(slot, rng, self._names)

    def _value(self) -> str:
        rng, lists = self._rng, _lists()
        return rng.choice(
            (
                str(rng.randint(0, 4096)),
                f'"{rng.choice(lists["words"])}"',
                f"'{rng.choice(lists['words'])}'",
                f'"{rng.choice(lists["labels"])}"',
                rng.choice(lists["nouns"]),
                f"{rng.random():.2f}",
                f"0x{rng.randint(0, 65535):04X}",
            )
        )
