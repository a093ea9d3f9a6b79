"""Words that are names only sometimes: marked by their slot, unmarked where they are things."""

from random import Random

import pytest

from llm_guard_protecto.training.grammar import expand, join, mark
from llm_guard_protecto.training.material import Material
from llm_guard_protecto.training.synthesis import templates
from llm_guard_protecto.training.twins import TWINS, things
from llm_guard_protecto.training.wordlists import wordlists
from tests.training.material import SMALL


def filled(template: str, seed: int) -> str:
    return mark(join(expand(template, Random(seed), Material(Random(seed), SMALL))))


@pytest.mark.parametrize("slot", sorted(TWINS))
def test_slots(slot: str) -> None:
    for seed in range(20):
        text = filled(f"{{{slot}}}", seed)
        entity = {"townname": "LOCATION", "firmname": "ORG", "thing": None}.get(slot, "PERSON")
        assert ("⟦" in text) == (entity is not None)
        assert entity is None or text.startswith(f"⟦{entity}:")
        words = text.strip("⟦⟧").partition(":")[2].split() if entity else []
        if slot.endswith(("full", "last")):
            assert len(words) >= 2


def test_the_same_words_are_learned_both_ways() -> None:
    texts = [filled(line, seed) for line in templates("twins") for seed in range(25)]
    both = 0
    for word in wordlists("twins")["verb"] + wordlists("twins")["flower"]:
        named = any(f"⟦PERSON:{word}" in text or f" {word}⟧" in text for text in texts)
        plain = any(f" {word} " in f" {text} " for text in texts if f":{word}" not in text)
        both += named and plain
    assert both >= 30


def test_things_are_several_words_and_nobody() -> None:
    found = things()
    assert len(found) >= 800
    assert len(set(found)) == len(found)
    assert all(len(thing.split()) > 1 and "{" not in thing for thing in found)
    given = {*SMALL.english.given}
    assert not [thing for thing in found if thing.split()[0] in given]
