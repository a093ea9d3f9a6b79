"""Why something was masked, or was not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llm_guard_protecto import LocalVault, Policy

RULES = Policy.parse(
    {
        "name": "mine",
        "allow": ["Acme Corp"],
        "custom": {
            "CASE_NO": {"patterns": ["[0-9]{5}"], "near": ["case file"], "score": 0.3},
            "WARD": {"patterns": ["W[0-9]{2}"], "score": 0.6},
        },
        "entities": {"URL": {"action": "exclude"}, "WARD": {"threshold": 0.9}},
    }
)

TEXT = "Sarah Johnson at Acme Corp, Case_File 12345, ward W12, https://www.example.com/x"


@pytest.fixture(scope="module")
def vault() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}, policy=RULES) as vault:
        yield vault


def told(vault: LocalVault, text: str) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    return {
        text[one.span.start : one.span.end]: (one.span.entity, one.outcome, one.words)
        for one in vault.explain([text])[0]
    }


def test_each_find_says_what_becomes_of_it(vault: LocalVault) -> None:
    said = told(vault, TEXT)
    assert said["Sarah Johnson"] == ("PERSON", "masked", ())
    assert said["Acme Corp"][1] == "allowed"
    assert said["12345"] == ("CASE_NO", "masked", ("case file",))
    assert said["W12"] == ("WARD", "below threshold", ())
    assert said["https://www.example.com/x"][:2] == ("URL", "excluded")


def test_the_threshold_is_the_policys(vault: LocalVault) -> None:
    thresholds = {one.span.entity: one.threshold for one in vault.explain([TEXT])[0]}
    assert thresholds["WARD"] == 0.9
    assert thresholds["PERSON"] == 0.5


def test_a_find_inside_another_is_covered(vault: LocalVault) -> None:
    said = vault.explain(["see https://www.example.com/?mail=sarah@example.org"])[0]
    assert {one.outcome for one in said} <= {"masked", "excluded", "covered"}
    assert any(one.outcome == "masked" and one.span.entity == "EMAIL_ADDRESS" for one in said)


@pytest.mark.parametrize("text", [TEXT, "Card 4111 1111 1111 1111, call (555) 987-6543", "", "no"])
def test_it_tells_the_truth_about_masking(vault: LocalVault, text: str) -> None:
    [masked] = vault.mask([text])
    [said] = vault.explain([text])
    tokens = [(t.start_pos, t.end_pos, t.pii_type) for t in masked.individual_tokens]
    left = [(e.start_pos, e.end_pos, e.pii_type) for e in masked.excluded_entities]
    spans = [(one.span.start, one.span.end, one.span.entity, one.outcome) for one in said]
    assert [span[:3] for span in spans if span[3] == "masked"] == tokens
    assert [span[:3] for span in spans if span[3] in ("excluded", "allowed")] == left


def test_words_of_our_own_tables_are_told(vault: LocalVault) -> None:
    assert told(vault, "Card 4111 1111 1111 1111")["4111 1111 1111 1111"][2] == ("card",)


def test_context_words_do_not_show(vault: LocalVault) -> None:
    assert "case" not in repr(vault.explain([TEXT])[0]).lower().replace("case_no", "")


def test_a_text_with_tokens_is_explained_in_its_own_places(vault: LocalVault) -> None:
    [masked] = vault.mask(["Sarah Johnson"])
    text = f"{masked.token_value} and W12"
    [one] = [one for one in vault.explain([text])[0] if one.span.entity == "WARD"]
    assert text[one.span.start : one.span.end] == "W12"
