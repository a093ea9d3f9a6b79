"""Ordinary texts that come with the package: to rehearse with, and to check what was forgotten.

The rehearsal expands the templates that the tagger was trained with and fills their slots roughly.
Nothing of them has to be marked: what the tagger says of a text before is what is to stay. The
check set is another sixty sentences, marked by hand. All people, companies and addresses are
invented.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import llm_guard_protecto.training
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.training.grammar import Marked, Piece, expand, join, unmark

__all__ = ["check_set", "rehearsal"]

_TEXTS = Path(__file__).with_name("texts")
_TEMPLATES = Path(llm_guard_protecto.training.__file__).with_name("templates")
_LONGEST = 1_000  # characters of a template that is used

_SLOTS = {
    "first": "{first}",
    "nick": "{first}",
    "last": "{last}",
    "full": "{first} {last}",
    "titled": "Dr {last}",
    "lastfirst": "{last}, {first}",
    "initialled": "J. {last}",
    **dict.fromkeys(("city", "town", "place", "village", "country", "atown", "spot"), "{place}"),
    **dict.fromkeys(("inplace", "incountry", "inregion", "inspot"), "in {place}"),
    **dict.fromkeys(("org", "company", "firm", "shop", "startup", "academy"), "{company}"),
    **dict.fromkeys(("hospital", "theorg", "orgd", "charity", "bare"), "{company}"),
    **dict.fromkeys(("addr", "street", "road"), "{number} {street}"),
    "addrml": "{number} {street}\n{place}",
    "streetcity": "{number} {street}, {place}",
    "day": "{day}",
    "num": "{number}",
    "year": "20{number}",
    "age": "{number}",
    "zip": "{number}07",
    "id": "K-{number}4",
    "date": "{number} March",
    "time": "9:{number}",
    "money": "${number}.00",
    "phone": "555 01{number}",
    "email": "{lower}@example.com",
    "user": "{lower}",
    "var": "{lower}",
}
"""What stands for a slot of the templates; for any other slot it is a word."""


@cache
def check_set() -> tuple[Marked, ...]:
    """Sixty marked sentences of many kinds. Nothing is ever trained on them."""
    lines = (_TEXTS / "check.txt").read_text(encoding="utf-8").splitlines()
    return tuple(map(unmark, lines))


def rehearsal(seed: int, count: int) -> list[str]:
    """`count` texts, all different in their template as long as there are templates enough.

    The same for the same seed and package. Raises ConfigurationError when the package came
    without its templates.
    """
    templates = _templates()
    if not templates:
        raise ConfigurationError("the texts to rehearse with are not installed")
    rng = Random(seed)  # noqa: S311
    order: list[str] = []
    while len(order) < count:
        order += rng.sample(templates, len(templates))
    return [join(expand(one, rng, lambda slot: _fill(slot, rng))).text for one in order[:count]]


@cache
def _templates() -> tuple[str, ...]:
    """Every template that can be read; in files without lines of `%%` each line is one."""
    found: dict[str, None] = {}
    for file in sorted(_TEMPLATES.glob("*.txt")):
        text = file.read_text(encoding="utf-8")
        for template in text.split("\n%%\n" if "\n%%\n" in text else "\n"):
            template = template.strip("\n").lstrip("^~")
            if template.strip() and template[:2] != "# " and len(template) <= _LONGEST:
                found[template] = None
    return tuple(filter(_readable, found))


def _readable(template: str) -> bool:
    try:
        expand(template, Random(0), lambda slot: [(slot, None)])  # noqa: S311
    except ValueError:
        return False
    return True


@cache
def _fillers() -> dict[str, tuple[str, ...]]:
    lines = (_TEXTS / "fillers.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split(" = ") for line in lines)
    return {name: tuple(values.split(" | ")) for name, values in rows}


def _fill(slot: str, rng: Random) -> list[Piece]:
    name = slot.rstrip("0123456789")
    if name.startswith(("lc", "up")) and name[2:] in _SLOTS:
        text = _filled(_SLOTS[name[2:]], rng)
        return [(text.lower() if name[:2] == "lc" else text.upper(), None)]
    return [(_filled(_SLOTS.get(name, "{word}"), rng), None)]


def _filled(form: str, rng: Random) -> str:
    drawn = {name: rng.choice(values) for name, values in _fillers().items()}
    return form.format(**drawn, lower=drawn["first"].lower(), number=rng.randrange(10, 60))
