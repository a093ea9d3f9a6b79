"""`docs/entities.md` says what the tables say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from llm_guard_protecto.detect.countries import COUNTRIES
from llm_guard_protecto.detect.cues import TURNS
from llm_guard_protecto.detect.providers import PROVIDERS
from llm_guard_protecto.detect.rules import ALL
from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.policy import Policy

PAGE = (Path(__file__).parents[2] / "docs/entities.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
POLICIES = ("default", "strict", "minimal")
TAGGED = {"PERSON", "LOCATION", "ORG"}


def test_every_entity_has_its_row() -> None:
    assert [row[0].strip("`") for row in ROWS] == list(ENTITIES)
    assert all(len(row) == 6 + len(POLICIES) and all(row) for row in ROWS)


def test_wrappers_categories_and_policies_are_right() -> None:
    said = {True: "left", False: "masked"}
    for row in ROWS:
        entity = ENTITIES[row[0].strip("`")]
        assert row[1:3] == [f"`<{entity.tag}>`", entity.category]
        rules = [Policy.built_in(name).rule(entity.name) for name in POLICIES]
        assert row[6:] == [said[rule.action == "exclude"] for rule in rules]


def test_the_rules_are_counted() -> None:
    counted = Counter(pattern.entity for pattern in ALL)
    assert {row[0].strip("`"): int(row[3]) for row in ROWS} == {e: counted[e] for e in ENTITIES}


def test_whatever_has_no_rule_is_found_in_another_way() -> None:
    without = {row[0].strip("`") for row in ROWS if row[3] == "0"}
    assert without == TAGGED | {becomes for _, _, becomes in TURNS} | {"MAC_NUMBER"}


def test_every_provider_and_state_is_named() -> None:
    _, _, providers = PAGE.partition("## Providers of API keys")
    assert set(re.findall(r"`([a-z0-9_]+)`", providers)) >= set(PROVIDERS)
    assert f"{len(PROVIDERS)} providers" in providers
    states = {module.partition(".")[0].strip("_").upper() for _, module, _, _ in COUNTRIES}
    assert f"{len(states)} states (ISO 3166 codes): {', '.join(sorted(states))}." in PAGE
