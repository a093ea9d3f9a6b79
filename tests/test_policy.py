"""Policies: what the built-in ones do, and what a mistake is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import BUILT_IN, Policy


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_policy_rules_every_entity(name: str) -> None:
    policy = Policy.built_in(name)
    assert policy.name == name
    assert policy.description
    assert set(policy.entities) == set(ENTITIES)


@pytest.mark.parametrize(
    ("name", "entity", "action"),
    [
        ("default", "PERSON", "pseudonymize"),
        ("default", "DATE_OF_BIRTH", "pseudonymize"),
        ("default", "API_KEY", "pseudonymize"),
        ("default", "DATE_TIME", "exclude"),
        ("default", "NATIONALITY", "exclude"),
        ("strict", "DATE_TIME", "pseudonymize"),
        ("strict", "AGE", "pseudonymize"),
        ("strict", "USER_NAME", "pseudonymize"),
        ("minimal", "ORG", "exclude"),
        ("minimal", "ADDRESS", "exclude"),
        ("minimal", "URL", "exclude"),
        ("minimal", "CREDIT_CARD", "pseudonymize"),
        ("minimal", "PASSWORD", "pseudonymize"),
        ("anonymize", "PERSON", "anonymize"),
        ("anonymize", "DATE_TIME", "exclude"),
    ],
)
def test_what_the_built_in_policies_do(name: str, entity: str, action: str) -> None:
    assert Policy.built_in(name).rule(entity).action == action


def test_wrappers_are_protectos() -> None:
    rule = Policy.built_in().rule("PHONE_NUMBER")
    assert (rule.prefix, rule.suffix, rule.kind, rule.unit) == (
        "<PHN>",
        "</PHN>",
        "digits",
        "digits",
    )


def test_a_policy_is_a_few_lines_on_top_of_another() -> None:
    policy = Policy.parse(
        {"name": "mine", "extends": "strict", "entities": {"PERSON": {"prefix": "{Person Name "}}}
    )
    assert policy.rule("PERSON").prefix == "{Person Name "
    assert policy.rule("PERSON").suffix == "</PER>"
    assert policy.rule("AGE").action == "pseudonymize"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"nme": "x"}, "nme: unknown key; known: name, description"),
        ({"extends": "defualt"}, "unknown policy 'defualt'; known: default, strict"),
        ({"entities": {"PERSN": {}}}, "entities.PERSN: unknown entity 'PERSN'; known: PERSON"),
        ({"entities": {"PERSON": {"acton": "exclude"}}}, "entities.PERSON.acton: unknown key"),
        ({"entities": {"PERSON": {"action": "drop"}}}, "entities.PERSON.action: Input should be"),
        ({"entities": {"PERSON": {"threshold": 2}}}, "entities.PERSON.threshold: Input should be"),
        ({"entities": {"PERSON": {"min_length": 12}}}, "min_length is larger than max_length"),
        ({"entities": {"URL": {"unit": "digits"}}}, 'unit "digits" needs kind "digits"'),
        ({"entities": {"PERSON": "exclude"}}, "entities.PERSON: must be a table"),
        ({"entities": ["PERSON"]}, "entities: must be a table"),
        ({"allow": "Acme"}, "allow: Input should be"),
        ({"name": ""}, "name: String should have at least 1 character"),
    ],
)
def test_a_mistake_is_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy.parse({"name": "mine"} | wrong)
    assert message in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    wrong = {"name": "x", "extends": "y", "entities": {"A": {}, "URL": {"action": 1}}}
    with pytest.raises(ConfigurationError) as caught:
        Policy.parse(wrong)
    assert str(caught.value).count(";") >= 3


def test_files_are_toml_or_json(tmp_path: Path) -> None:
    toml, json_ = tmp_path / "support.toml", tmp_path / "support.json"
    toml.write_text('[entities.URL]\naction = "exclude"\n', encoding="utf-8")
    json_.write_text('{"entities": {"URL": {"action": "exclude"}}}', encoding="utf-8")
    assert Policy.load(toml) == Policy.load(json_)
    assert Policy.load(toml).name == "support"


@pytest.mark.parametrize("text", ["[entities", '{"a"', "\x00", "[1]"])
@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_file_that_is_no_policy(tmp_path: Path, text: str, suffix: str) -> None:
    path = tmp_path / f"p{suffix}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        Policy.load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        Policy.load(tmp_path / "none.toml")


def test_the_fingerprint_follows_the_rules() -> None:
    one = Policy.parse({"name": "a", "allow": ["x", "y"]})
    assert one.fingerprint == Policy.parse({"name": "a", "allow": ["y", "x"]}).fingerprint
    assert one.fingerprint != Policy.parse({"name": "a", "allow": ["x"]}).fingerprint
    assert Policy.model_validate_json(one.model_dump_json()) == one


def test_an_entity_the_policy_does_not_know() -> None:
    with pytest.raises(ConfigurationError, match="unknown entity 'NONE'"):
        Policy.built_in().rule("NONE")


def test_what_is_allowed_does_not_show() -> None:
    assert "Acme" not in repr(Policy.parse({"name": "a", "allow": ["Acme Corp"]}))
