"""Slots for words that are names only sometimes: `Will`, `Rose`, `Baker`, `Boston`, `Bell`.

The lines of `templates/twins.txt` come in pairs: a frame in which such a word is no name, and a like
frame in which it is. The second kind has slots: a class of `lists/twins.txt` and what is made of
its word, `{verbname}` (the word alone), `{verbfull}` (with a family name after it) or `{verblast}`
(with a given name before it); `{townname}` is a LOCATION, `{firmname}` an ORG, all others a PERSON.
`{thing}` is several words that name a thing, out of the first choice of a line of the harmless
templates (`Boston ferns`, `Addison's disease`); it is not marked. Lines whose words could be a
person's as they stand begin with another choice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from llm_guard_protecto.training.grammar import Piece
from llm_guard_protecto.training.wordlists import wordlists

if TYPE_CHECKING:
    from llm_guard_protecto.training.english import Slot
    from llm_guard_protecto.training.names import Names

__all__ = ["TWINS", "thing", "things"]

_TEMPLATES = Path(__file__).with_name("templates")
_FIRST_CHOICE = re.compile(r"\[\[([^\[\]{}]+)\]\]((?: [A-Za-z]+)*) ?\[\[")

_ENTITIES = {"town": "LOCATION", "firm": "ORG"}
_FORMS = ("name", "full", "last")


def _word(kind: str, form: str, rng: Random, names: Names) -> list[Piece]:
    word = rng.choice(wordlists("twins")[kind])
    origin = names.english if rng.random() < 0.6 else rng.choice(names.origins)
    if form == "full":
        word = f"{word} {rng.choice(origin.family)}"
    elif form == "last":
        word = f"{rng.choice(origin.given)} {word}"
    return [(word, _ENTITIES.get(kind, "PERSON"))]


@cache
def things() -> tuple[str, ...]:
    """All things that `{thing}` draws from."""
    found: dict[str, None] = {}
    for name in ("things", "matters"):
        for line in (_TEMPLATES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            if first := _FIRST_CHOICE.match(line):
                whole = (option + first[2] for option in first[1].split("|"))
                found.update((text, None) for text in whole if len(text.split()) > 1)
    return tuple(found)


def thing(rng: Random) -> str:
    """Several words, most with capitals, that name a thing."""
    return rng.choice(things())


TWINS: Mapping[str, Slot] = {
    "thing": lambda rng, _: [(thing(rng), None)],
    **{
        kind + form: partial(_word, kind, form)
        for kind in wordlists("twins")
        for form in (("name",) if kind in _ENTITIES else _FORMS)
    },
}
"""What draws a slot, by its name."""
