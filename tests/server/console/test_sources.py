"""A policy as a short file, and back: nothing is lost, and nothing foreign comes in."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import BUILT_IN, Policy
from llm_guard_protecto.server.console.sources import policy_from, reads_files, source_of

RULES = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["pseudonymize", "anonymize", "exclude"]),
        "prefix": st.sampled_from(["{Person ", "<P>", '"', "\\"]),
        "suffix": st.sampled_from(["}", "</P>", "é\n"]),
        "unit": st.just("value"),
        "min_length": st.integers(3, 5),
        "threshold": st.sampled_from([0.2, 0.5, 1]),
        "alphabet": st.just("base62"),
    },
)
CUSTOM = st.fixed_dictionaries(
    {},
    optional={
        "patterns": st.lists(st.sampled_from(["EMP-[0-9]{6}", "T/[a-z][0-9]"]), max_size=2),
        "values": st.lists(st.sampled_from(["heron", "Grau & Söhne"]), max_size=2),
        "description": st.text("abc \n", max_size=5),
        "fold": st.booleans(),
    },
)
RESTORE = st.fixed_dictionaries(
    {},
    optional={
        "text": st.booleans(),
        "urls": st.sampled_from(["own", "never", "always"]),
        "tools": st.one_of(
            st.booleans(),
            st.dictionaries(
                st.sampled_from(["send", "look up"]),
                st.one_of(
                    st.booleans(),
                    st.fixed_dictionaries(
                        {}, optional={"arguments": st.just(["to"]), "except": st.just(["cc"])}
                    ),
                ),
                max_size=2,
            ),
        ),
    },
)
SAID = st.fixed_dictionaries(
    {"name": st.sampled_from(["mine", "ours & theirs", "default"])},
    optional={
        "extends": st.sampled_from(BUILT_IN),
        "description": st.text("abc\n'\"", max_size=9),
        "allow": st.lists(st.sampled_from(["Acme", "Protecto", "Łódź"]), max_size=3),
        "allow_famous_places": st.booleans(),
        "toxicity": st.booleans(),
        "hint": st.sampled_from([True, "Keep the tokens."]),
        "entities": st.dictionaries(
            st.sampled_from(["PERSON", "EMAIL_ADDRESS", "URL", "AGE"]), RULES, max_size=3
        ),
        "custom": st.dictionaries(st.sampled_from(["CASE", "EMPLOYEE"]), CUSTOM, max_size=2),
        "restore": RESTORE,
        "mask": st.just({"roles": ["user", "tool"]}),
    },
)


@settings(deadline=None, max_examples=40)
@given(said=SAID)
def test_a_policy_survives_being_written_down(said: dict[str, Any]) -> None:
    policy = Policy.parse(said)
    assert policy_from(source_of(policy)) == policy


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_policy_is_two_lines(name: str) -> None:
    source = tomllib.loads(source_of(Policy.built_in(name)))
    assert source == {
        "name": name,
        "extends": name,
        "description": Policy.built_in(name).description,
    }


def test_only_what_differs_is_said() -> None:
    said = {
        "name": "clinic",
        "extends": "strict",
        "entities": {"PERSON": {"prefix": "{", "suffix": "}"}, "URL": {"action": "exclude"}},
        "custom": {"CASE": {"patterns": ["C-[0-9]+"]}},
    }
    assert tomllib.loads(source_of(Policy.parse(said))) == said


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, ["empty"]),
        (7, ["empty"]),
        (" \n", ["empty"]),
        ("name = ", ["no TOML", "end of document"]),
        ('name = "\ud800"', ["surrogate"]),
        ("a = " + "[" * 5000, ["no TOML"]),
        ("extends = 'default'", ["name: Field required"]),
        ("name = 'x'\nextends = 'gone'", ["unknown policy 'gone'", "known: default"]),
        ("name = 'x'\n[entities.PERSO]", ["entities.PERSO: unknown entity"]),
        ("name = 'x'\n[entities.URL]\naction = 'drop'", ["entities.URL.action"]),
        ("name = '\\u0001x'".replace("'", '"'), ["name: must be readable"]),
        ("name = 'x'\n[custom.A]\nvalues_file = '/etc/passwd'", ["custom.A.values_file"]),
        ("name = 'x'\n[custom.A]\npatterns = ['(?=a)b']", ["custom.A.patterns"]),
        ("name = 'x'\n" + "#" * 50_001, ["at most 50000"]),
    ],
)
def test_a_mistake_is_named(source: object, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        policy_from(source)
    for word in words:
        assert word in str(caught.value)


def test_no_file_of_the_server_is_opened() -> None:
    """Not even to say whether it is there."""
    said = set()
    for path in ("/etc/passwd", "/nowhere/at/all"):
        with pytest.raises(ConfigurationError) as caught:
            policy_from(f"name = 'x'\n[custom.A]\nvalues_file = '{path}'")
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_policy_that_reads_a_file_is_known() -> None:
    said = {"name": "x", "custom": {"A": {"values_file": "names.txt"}}}
    assert reads_files(Policy.parse(said))
    assert not reads_files(Policy.built_in())
