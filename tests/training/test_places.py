"""Addresses of all countries, their towns, and the templates around them and around firms."""

import re
from random import Random

import pytest

from llm_guard_protecto.training import atlas
from llm_guard_protecto.training.companies import company
from llm_guard_protecto.training.grammar import Marked, expand, join
from llm_guard_protecto.training.material import Material
from llm_guard_protecto.training.postal import POSTAL
from llm_guard_protecto.training.synthesis import templates
from tests.training.material import SMALL

FILES = ("whereabouts", "firms", "dispatch")
ENTITIES = {"PERSON", "ORG", "LOCATION", "ADDRESS"}


def filled(template: str, seed: int) -> Marked:
    return join(expand(template, Random(seed), Material(Random(seed), SMALL)))


def clean(found: Marked) -> None:
    at = 0
    for start, end, entity in found.spans:
        name = found.text[start:end]
        assert at <= start < end
        assert entity in ENTITIES
        assert name == name.strip(" \n\t,;:!?\"'") or name.startswith("'s-") or name[:1] in "'‘"
        assert not re.search(r"[{}|⟦⟧]", name)
        at = end
    assert "[[" not in found.text
    assert "]]" not in found.text


@pytest.mark.parametrize("file", [*FILES, "lookalikes"])
def test_every_template_expands_to_clean_names(file: str) -> None:
    for template in templates(file):
        for seed in range(6):
            found = filled(template, seed)
            assert found.text.strip() or file == "lookalikes"
            clean(found)


@pytest.mark.parametrize("file", FILES)
def test_every_template_marks_something(file: str) -> None:
    for template in templates(file):
        assert any(filled(template, seed).spans for seed in range(20)), template


def test_lookalikes_mark_nothing() -> None:
    for template in templates("lookalikes"):
        assert not any(filled(template, seed).spans for seed in range(20)), template


def test_there_are_many_and_each_is_there_once() -> None:
    every = [t for file in (*FILES, "lookalikes") for t in templates(file)]
    assert len(every) >= 400
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("slot", sorted(POSTAL))
def test_slots(slot: str) -> None:
    found = [join(POSTAL[slot](Random(seed))) for seed in range(80)]
    for one in found:
        clean(one)
        assert one.text.strip()
        assert bool(one.spans) == (slot != "demonym")
    assert len({one.text for one in found}) > 30


def test_the_countries() -> None:
    assert len(atlas.countries()) >= 90
    forms = [one for one in atlas.countries() if "f" in one.lists]
    assert len(forms) >= 60
    for one in atlas.countries():
        assert one.names
        assert one.adjective
        assert set(one.lists) <= set("frqsSpPuztQheghGg")
        assert len(set(one.lists["t"])) >= 4


def test_a_village_is_written_with_capitals_and_is_made_up() -> None:
    listed = {town for one in atlas.countries() for town in one.lists["t"]}
    made = {atlas.town(atlas.country(Random(s)), Random(s)) for s in range(2_000)} - listed
    assert len(made) > 400
    assert all(word[0].isupper() or word[0] == "'" for name in made for word in name.split())


def test_a_tail_holds_a_number() -> None:
    for seed in range(200):
        found = join(POSTAL["tail"](Random(seed)))
        assert any(char.isdigit() for char in found.text)
        assert {entity for *_, entity in found.spans} == {"ADDRESS"}


def test_a_blank_makes_one_part_of_two() -> None:
    seen = {join(POSTAL["world"](Random(seed))) for seed in range(300)}
    single = [one for one in seen if len(one.spans) == 1 and len(one.text) > 25]
    assert len(single) > 20
    assert all(one.spans == ((0, len(one.text), "ADDRESS"),) for one in single)


def test_patterns_of_firms_yield_thousands() -> None:
    kinds = ("solo", "partners", "campus", "clinic", "footy", "press")
    made = {company(kind, Random(s), SMALL, lambda: "Lyon") for kind in kinds for s in range(600)}
    assert len(made) > 1_500
