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
        ({"custom": ["STAFF"]}, "custom: must be a table of entity names"),
        ({"custom": {"STAFF": "E-[0-9]+"}}, "custom.STAFF: must be a table of settings"),
        ({"custom": {"STAFF NO": {}}}, "custom.STAFF NO: a name is letters, digits and _"),
        ({"custom": {"1ST": {}}}, "custom.1ST: a name is letters"),
        ({"custom": {"STAFF": {"pattern": []}}}, "custom.STAFF.pattern: unknown key; known: desc"),
        ({"custom": {"STAFF": {"patterns": "E"}}}, "custom.STAFF.patterns: Input should be"),
        ({"custom": {"STAFF": {"patterns": [""]}}}, "custom.STAFF.patterns.0: String should have"),
        ({"custom": {"STAFF": {"patterns": ["E"], "score": 0}}}, "custom.STAFF.score: Input"),
        ({"custom": {"STAFF": {"patterns": ["E"], "score": 0.4}}}, "finds nothing without words"),
        ({"custom": {"STAFF": {"near": ["badge"]}}}, "near needs patterns"),
        ({"custom": {"STAFF": {"column": "name"}}}, "column needs values_file"),
        ({"custom": {"STAFF": {"values_file": "x", "column": 0}}}, "columns are counted from 1"),
        ({"custom": {"STAFF": {}}, "entities": {"STAF": {}}}, "entities.STAF: unknown entity"),
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


def test_a_declared_entity_has_a_rule_like_any_other() -> None:
    policy = Policy.parse(
        {
            "name": "mine",
            "custom": {"EMPLOYEE_ID": {"patterns": ["EMP-[0-9]{6}"]}, "PERSON": {"values": ["Xu"]}},
            "entities": {"EMPLOYEE_ID": {"unit": "word", "suffix": "]"}},
        }
    )
    rule = policy.rule("EMPLOYEE_ID")
    assert (rule.prefix, rule.suffix, rule.unit) == ("<EMPLOYEE_ID>", "]", "word")
    assert rule.action == "pseudonymize"
    assert policy.rule("PERSON") == Policy.built_in().rule("PERSON")
    assert ("<EMPLOYEE_ID>", "]") in policy.wrappers


def test_a_declared_entity_does_what_the_parent_does() -> None:
    data = {"name": "mine", "extends": "anonymize", "custom": {"STAFF": {"values": ["Zed Q"]}}}
    assert Policy.parse(data).rule("STAFF").action == "anonymize"


def test_an_entity_nobody_declared_stays_unknown() -> None:
    with pytest.raises(ConfigurationError, match="unknown entity 'EMPLOYEE_ID'"):
        Policy.built_in().rule("EMPLOYEE_ID")


def test_a_policy_with_own_entities_survives_storage() -> None:
    policy = Policy.parse({"name": "mine", "custom": {"STAFF": {"patterns": ["E[0-9]+"]}}})
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    other = Policy.parse({"name": "mine", "custom": {"STAFF": {"patterns": ["F[0-9]+"]}}})
    assert policy.fingerprint != other.fingerprint


def test_a_file_of_values_lies_beside_the_policy(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[custom.STAFF]\nvalues_file = "staff.txt"\n')
    assert Policy.load(file).custom["STAFF"].values_file == str(tmp_path / "staff.txt")


def test_values_do_not_show() -> None:
    policy = Policy.parse({"name": "mine", "custom": {"STAFF": {"values": ["Zed Quill"]}}})
    assert "Quill" not in repr(policy)
