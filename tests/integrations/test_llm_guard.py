"""LLM Guard's shape: its scanners, its vault of pairs, its two functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import ConfigurationError, LocalVault, Policy
from llm_guard_protecto.integrations.llm_guard import (
    Anonymize,
    Deanonymize,
    Vault,
    scan_output,
    scan_prompt,
)

PROMPT = "Write to Sarah Johnson, (555) 987-6543, sarah@mail.example, about Project Falcon T-123."


@pytest.fixture
def tokens() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}) as one:
        yield one


@pytest.fixture
def vault(tokens: LocalVault) -> Vault:
    return Vault(tokens=tokens)


def test_a_prompt_goes_out_masked_and_its_reply_comes_back(vault: Vault) -> None:
    sent, valid, risk = scan_prompt([Anonymize(vault)], PROMPT)
    assert (valid, risk) == ({"Anonymize": False}, {"Anonymize": 1.0})
    for clear in ("Sarah", "987", "sarah@"):
        assert clear not in sent
    said, valid, risk = scan_output([Deanonymize(vault)], sent, f"As you asked: {sent}")
    assert said == f"As you asked: {PROMPT}"
    assert (valid, risk) == ({"Deanonymize": True}, {"Deanonymize": -1.0})


def test_nothing_found_is_valid_and_no_risk(vault: Vault) -> None:
    assert Anonymize(vault, preamble="Mind: ").scan("The boiler leaks.") == (
        "The boiler leaks.",
        True,
        -1.0,
    )
    assert vault.get() == []
    assert scan_prompt([Anonymize(vault)], " ") == (" ", {}, {})


def test_the_arguments_of_the_original_are_understood(vault: Vault) -> None:
    scanner = Anonymize(
        vault,
        hidden_names=["Falcon"],
        allowed_names=["Sarah Johnson"],
        entity_types=["PERSON", "EMAIL_ADDRESS_RE"],
        preamble="Mind the tokens. ",
        regex_patterns=[{"name": "TICKET", "expressions": [r"T-\d+"], "languages": ["en"]}],
        language="en",
    )
    sent, _, _ = scanner.scan(PROMPT)
    assert sent.startswith("Mind the tokens. Write to Sarah Johnson, (555) 987-6543, <EMAIL>")
    assert "Falcon" not in sent
    assert "T-123" not in sent
    assert Deanonymize(vault).scan("", sent.removeprefix("Mind the tokens. "))[0] == PROMPT


def test_a_policy_says_it_all_at_once(vault: Vault) -> None:
    sent, _, _ = Anonymize(vault, policy=Policy.built_in("minimal")).scan(PROMPT)
    assert "Sarah" not in sent


@pytest.mark.parametrize("given_", [{"use_faker": True}, {"recognizer_conf": {"a": 1}}])
def test_what_there_is_none_of_here_is_refused(vault: Vault, given_: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(given_))):
        Anonymize(vault, **given_)


def test_an_unknown_entity_is_a_mistake(vault: Vault) -> None:
    with pytest.raises(ConfigurationError, match="PERSN"):
        Anonymize(vault, entity_types=["PERSN"])


def test_pairs_of_an_older_vault_are_restored(tokens: LocalVault) -> None:
    pairs = [("[REDACTED_PERSON_1]", "Ada Moss"), ("[REDACTED_PERSON_10]", "Bo Lund")]
    vault = Vault(pairs[:1], tokens=tokens)
    vault.append(pairs[1])
    assert vault.get() == pairs
    assert vault.placeholder_exists("[REDACTED_PERSON_10]")
    said, _, _ = Deanonymize(vault).scan("", "[REDACTED_PERSON_10] met [REDACTED_PERSON_1].")
    assert said == "Bo Lund met Ada Moss."
    vault.remove(pairs[0])
    assert vault.get() == pairs[1:]
    with pytest.raises(ValueError, match="no such pair"):
        vault.remove(pairs[0])


def test_a_value_that_reads_like_a_placeholder_stays_a_value(tokens: LocalVault) -> None:
    vault = Vault([("[A]", "[B]"), ("[B]", "Ada")], tokens=tokens)
    assert vault.restored("[A] [B]") == "[B] Ada"


def test_a_reply_shows_nothing_of_another_conversation(tokens: LocalVault) -> None:
    ours, others = Vault(tokens=tokens), Vault(tokens=tokens)
    theirs, _, _ = Anonymize(others).scan("I am Ada Lindqvist.")
    Anonymize(ours).scan(PROMPT)
    assert Deanonymize(ours).scan("", theirs)[0] == theirs


def test_a_masked_pair_can_be_forgotten(vault: Vault) -> None:
    sent, _, _ = Anonymize(vault).scan("I am Sarah Johnson.")
    [pair] = vault.get()
    assert "Sarah" not in repr(vault)
    assert vault.placeholder_exists(pair[0])
    vault.remove(pair)
    assert Deanonymize(vault).scan("", sent)[0] == sent


class Refusing:
    """A scanner of somebody else."""

    def scan(self, prompt: str, output: str = "") -> tuple[str, bool, float]:
        return output or prompt, False, 0.9


def test_scanning_can_stop_at_the_first_refusal(vault: Vault) -> None:
    for fast, names in ((True, {"Refusing"}), (False, {"Refusing", "Anonymize"})):
        _, valid, risk = scan_prompt([Refusing(), Anonymize(vault)], PROMPT, fail_fast=fast)
        assert {*valid} == {*risk} == names
        _, valid, _ = scan_output([Refusing(), Deanonymize(vault)], "", "Hello", fail_fast=fast)
        assert len(valid) == len(names)


@given(prompt=st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_prompt_comes_back(prompt: str) -> None:
    vault = Vault(tokens=_TOKENS)
    sent, _, _ = Anonymize(vault).scan(prompt)
    assert Deanonymize(vault).scan(prompt, sent)[0] == prompt


_TOKENS = LocalVault("memory:", environ={})
