"""The shape of LangChain's reversible anonymizer, on a vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import ConfigurationError, LocalVault
from llm_guard_protecto.integrations.presidio_names import NAMES, policy_for
from llm_guard_protecto.integrations.reversible import ReversibleAnonymizer

TEXT = "Call Sarah Johnson, (555) 987-6543, card 4111 1111 1111 1111, passport P12345678."
FIELDS = ["PERSON", "CREDIT_CARD"]


@pytest.fixture
def vault() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}) as one:
        yield one


def test_what_it_anonymizes_it_turns_back(vault: LocalVault) -> None:
    anonymizer = ReversibleAnonymizer(FIELDS, faker_seed=42, vault=vault)
    sent = anonymizer.anonymize(TEXT, language="en")
    assert "Sarah" not in sent
    assert "4111" not in sent
    assert "(555) 987-6543" in sent
    assert anonymizer.deanonymize(sent) == TEXT
    assert anonymizer.deanonymize(sent.lower()).startswith("call Sarah Johnson")


def test_its_mappings_tell_both_ways(vault: LocalVault) -> None:
    anonymizer = ReversibleAnonymizer(FIELDS, vault=vault)
    sent = anonymizer.anonymize(TEXT)
    mapping = anonymizer.deanonymizer_mapping
    assert {*mapping} == {*FIELDS}
    for pairs in mapping.values():
        for token, value in pairs.items():
            assert token in sent
            assert value in TEXT
    assert anonymizer.anonymizer_mapping["PERSON"]["Sarah Johnson"] in sent
    anonymizer.reset_deanonymizer_mapping()
    assert anonymizer.deanonymize(sent) == sent


def test_a_mapping_is_saved_without_a_file(vault: LocalVault, tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    first = ReversibleAnonymizer(FIELDS, vault=vault)
    sent = first.anonymize(TEXT)
    first.save_deanonymizer_mapping(path)
    assert not path.exists()
    second = ReversibleAnonymizer(vault=vault)
    second.load_deanonymizer_mapping(path)
    assert second.deanonymize(sent) == TEXT
    with pytest.raises(ConfigurationError, match="no mapping"):
        second.load_deanonymizer_mapping("other.json")


def test_words_can_be_allowed(vault: LocalVault) -> None:
    sent = ReversibleAnonymizer(vault=vault).anonymize(TEXT, allow_list=["Sarah Johnson"])
    assert "Sarah Johnson" in sent
    assert "987" not in sent


def test_operators_are_refused(vault: LocalVault) -> None:
    with pytest.raises(ConfigurationError, match="policy"):
        ReversibleAnonymizer(operators={"PERSON": "x"}, vault=vault)
    with pytest.raises(ConfigurationError, match="policy"):
        ReversibleAnonymizer(add_default_faker_operators=False, vault=vault)


class Forgetful:
    """A vault that keeps no maps."""

    def __init__(self, vault: LocalVault) -> None:
        self.mask: Any = vault.mask
        self.unmask: Any = vault.unmask


def test_a_vault_that_keeps_nothing_says_so(vault: LocalVault) -> None:
    with pytest.raises(ConfigurationError, match="keeps no maps"):
        ReversibleAnonymizer(vault=Forgetful(vault)).save_deanonymizer_mapping("x")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_of_theirs_makes_a_policy(name: str) -> None:
    policy = policy_for([name])
    masked = {e for e, rule in policy.entities.items() if rule.action == "pseudonymize"}
    assert masked == {*NAMES[name]}
