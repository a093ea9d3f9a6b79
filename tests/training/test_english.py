"""English templates and slots: all can be expanded, and what is marked is a name and no more."""

import re
from collections.abc import Sequence
from random import Random

import pytest

from llm_guard_protecto.training.companies import KINDS, company, spelled_out
from llm_guard_protecto.training.english import SLOTS
from llm_guard_protecto.training.grammar import Marked, Piece, expand, join
from llm_guard_protecto.training.material import Material
from llm_guard_protecto.training.phrases import phrases
from llm_guard_protecto.training.synthesis import TEMPLATES
from tests.training.material import SMALL

SENTENCES = (
    "orgs",
    "places",
    "slang",
    "news",
    "care",
    "legal",
    "life",
    "pairs",
    "talk",
    "desk",
    "passages",
)
WHOLE = ("mail", "minutes")
ENTITIES = {"PERSON", "ORG", "LOCATION", "ADDRESS"}
TITLES = {title.strip(".") for title in phrases("material_titles")} - {"Don", "M"}


def templates(file: str) -> list[str]:
    text = (TEMPLATES / f"{file}.txt").read_text(encoding="utf-8")
    if file in WHOLE:
        return [block.strip("\n") for block in text.split("\n%%\n")]
    return [line for line in text.splitlines() if line.strip() and line[:2] != "# "]


def filled(template: str, seed: int) -> Marked:
    rng = Random(seed)
    material = Material(rng, SMALL)

    def fill(slot: str) -> Sequence[Piece]:
        own = SLOTS.get(slot.rstrip("0123456789"))
        return own(rng, SMALL) if own else material(slot)

    return join(expand(template, rng, fill))


def check(found: Marked) -> None:
    at, before = 0, ""
    for start, end, entity in found.spans:
        name = found.text[start:end]
        assert at <= start < end
        assert entity in ENTITIES
        assert name == name.strip(" \n\t,;:.!?()\"'")
        assert "{" not in name
        if entity == "PERSON":
            assert name.split()[0].strip(".") not in TITLES
            assert before != "PERSON" or found.text[at:start] != " "  # one name, two marks
        if entity == "ORG":
            assert not name.startswith("The ")
        at, before = end, entity


@pytest.mark.parametrize("file", [*SENTENCES, *WHOLE])
def test_every_template_expands_to_clean_names(file: str) -> None:
    for template in templates(file):
        for seed in range(6):
            found = filled(template, seed)
            assert found.text.strip()
            check(found)


def test_there_are_many_and_each_is_there_once() -> None:
    every = [t for file in (*SENTENCES, *WHOLE) for t in templates(file)]
    assert len(every) >= 900
    assert len(set(every)) == len(every)


def test_a_template_yields_many_texts() -> None:
    deep = [t for file in SENTENCES for t in templates(file) if t.count("[[") >= 2]
    assert len(deep) > 300
    for template in deep[::25]:
        assert len({filled(template, seed).text for seed in range(60)}) > 20


@pytest.mark.parametrize("slot", sorted(SLOTS))
def test_slots(slot: str) -> None:
    for seed in range(40):
        found = join(SLOTS[slot](Random(seed), SMALL))
        assert found.spans
        check(found)


@pytest.mark.parametrize("kind", KINDS)
def test_organisations_are_whole(kind: str) -> None:
    made = {company(kind, Random(seed), SMALL, lambda: "Lyon") for seed in range(60)}
    assert all(name == name.strip() and not re.search(r"[{}|\n]", name) for name in made)
    assert len(made) > 10 or kind == "brand"


def test_initials_are_those_of_the_long_name() -> None:
    for seed in range(50):
        full, short = spelled_out(Random(seed), lambda: "New York")
        assert short == "".join(word[0] for word in full.split() if word != "for")


def test_an_address_without_commas_is_one_part() -> None:
    seen = {join(SLOTS["uk"](Random(seed), SMALL)) for seed in range(200)}
    single = [m for m in seen if "," not in m.text]
    assert single
    assert all(m.spans == ((0, len(m.text), "ADDRESS"),) for m in single)
