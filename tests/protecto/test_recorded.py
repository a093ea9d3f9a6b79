"""Recorded exchanges of the documented examples: what the pages print is what we send and read.

The cassettes were written by hand from the pages; a request that differs from its page in method,
address or JSON finds no answer there and fails.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import vcr

from llm_guard_protecto import (
    ConfigurationError,
    IndividualToken,
    Item,
    Masked,
    ProtectoVault,
    VaultError,
    VaultUnavailable,
)
from llm_guard_protecto.models import rebuild
from llm_guard_protecto.protecto.faults import NotAuthenticated, QuotaExceeded, RateLimited

CASSETTES = Path(__file__).parent / "cassettes"
TRIAL = "https://protecto-trial.protecto.ai/api/vault"
URL = "https://platform.openai.com/playground/chat?models=gpt-4o"
RECORDER = vcr.VCR(
    cassette_library_dir=str(CASSETTES), record_mode="none", match_on=("method", "uri", "body")
)


@pytest.fixture(autouse=True)
def quiet_recorder() -> Iterator[None]:
    """The recorder logs every body it plays, and no log of a test run may hold a value."""
    logger = logging.getLogger("vcr")
    level = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(level)


def played(name: str) -> vcr.cassette.CassetteContextDecorator:
    return RECORDER.use_cassette(f"{name}.yaml")


def a_vault(url: str = TRIAL) -> ProtectoVault:
    return ProtectoVault(url, "YOUR_AUTH_TOKEN", retries=0, size=None, sleep=lambda _: None)


def test_mask_async() -> None:
    with played("mask_async") as cassette, a_vault() as vault:
        job = vault.submit_mask(
            [
                Item(URL, "Text Token", "URL"),
                Item("(408)- 426 - 9989", "Numeric Token", "Phone Number"),
            ]
        )
        assert job.tracking_id == "17079670-e3a1-4643-b821-59f7b3c7824a26092024151238"
        web, phone = vault.result(job)
        assert cassette.all_played
    assert web.token_value == "r0bdA://T6RibV8u.xfN6s8.NTr/AIUQHZV5NB/Yp46?18NnDq=of0YY6"
    assert isinstance(phone, Masked)
    assert (phone.token_value, phone.format) == ("(07432)- 29915 - 56713", "Phone Number")


def test_mask_with_policy() -> None:
    text = (
        "John Doe, residing at 123 Maple Street, Apt 456, Springfield, owns a device with MAC "
        "address 00:1A:2B:3C:4D:5E, works at Acme Corp, and frequently visits "
        "https://www.example.com."
    )
    with played("mask_with_policy"), a_vault() as vault:
        [masked] = vault.mask([text], "Anonymization-policy-1")
        with pytest.raises(VaultError, match="other texts"):
            vault.mask(["John Doe lives at 123 Maple Street"], "Anonymization-policy-1")
    assert masked.token_value.startswith("<PER>VJYe 03W</PER>, residing at <ADDRESS>0ht B4P2z")
    assert [token.pii_type for token in masked.individual_tokens] == [
        *("PERSON", "ADDRESS", "ADDRESS", "ADDRESS", "IP_ADDRESS", "ORG"),
    ]
    assert rebuild(text, masked.individual_tokens) == masked.token_value
    [left] = masked.excluded_entities
    assert (left.pii_type, left.start_pos, left.end_pos) == ("URL", 154, 177)
    assert masked.toxicity_analysis is not None
    assert list(masked.toxicity_analysis) == [
        *("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"),
    ]


def test_prefix_and_suffix() -> None:
    text = (
        "Sarah Johnson recently moved to 456 Elm Avenue, Boston, and you can reach her at "
        "(555) 987-6543"
    )
    with played("prefix_and_suffix"), a_vault("https://portal.protecto.ai/api/vault/") as vault:
        [masked] = vault.mask([text], "Add Prefix Suffix Policy")
        [restored] = vault.unmask(["cn1AU PevBCff"], "Add Prefix Suffix Policy")
    assert masked.individual_tokens[0] == IndividualToken(
        "Sarah Johnson", "PERSON", "cn1AU PevBCff", "{Person Name ", "}", 0, 13
    )
    assert masked.individual_tokens[2].wrapped == "{Personal PhoneNumber (14720) 09570-47785}"
    assert masked.excluded_entities == ()
    assert restored.value == "Person Name Sarah Johnson"
    assert restored.token_value == "cn1AU PevBCff"


def test_token_and_format() -> None:
    items = [
        Item("John", "Text Token"),
        Item("John", "Person Token"),
        Item("TN", "State Token"),
        Item("6/12/1967", "Date Token"),
        Item("George@example.com", "Text Token", "Email Address"),
        Item("(555) 123-4567", "Numeric Token", "Phone Number"),
        Item(URL, "Text token", "URL", {"row": "1"}),
    ]
    with played("token_and_format"), a_vault() as vault:
        masked = vault.mask(items)
    assert [one.token_value for one in masked[:4]] == ["t9Eyj", "Shilo", "IL", "0001-06-22"]
    assert (masked[6].token_name, masked[6].format) == ("Text Token", "Url")
    assert masked[6].attributes == {"row": "1"}
    assert all(one.toxicity_analysis is None for one in masked)
    for item, one in zip(items, masked, strict=True):
        assert rebuild(item.value, one.individual_tokens) == one.token_value


def test_older_answers() -> None:
    """Without positions they are found; without tokens, what differs is one token."""
    texts = [
        "George Washington is happy and lives in the U.S.A",
        "John Doe lives at 123 Main Street",
    ]
    with played("older_answers"), a_vault() as vault:
        washington, doe = vault.mask(texts)
    assert [(t.value, t.start_pos, t.end_pos) for t in washington.individual_tokens] == [
        ("George Washington", 0, 17),
        ("U.S.A", 44, 49),
    ]
    assert washington.toxicity_analysis is None
    for text, one in zip(texts, (washington, doe), strict=True):
        assert rebuild(text, one.individual_tokens) == one.token_value


def test_unmask() -> None:
    tokens = ["8oGEcGVEkj 700ZSgo1pA", "vUc7DruuWm", "<PER>wRePE302Qx vUc7DruuWm</PER> is happy"]
    with played("unmask"), a_vault() as vault:
        restored = vault.unmask([*tokens, "mTiygJz7Tf"])
    assert [one.value for one in restored] == [
        *("George Williams", "Washington", "George Washington is happy", "mTiygJz7Tf"),
    ]
    assert restored[0].toxicity_analysis == {"toxicity": 0.0007}


def test_metadata() -> None:
    with played("metadata") as cassette, a_vault() as vault:
        admin = vault.admin
        admin.create_policy("Testing_Default_Policy")
        with pytest.raises(ConfigurationError, match="Policy already exists"):
            admin.create_policy("Testing_Default_Policy")
        assert admin.policies() == ["Testing_Default_Policy", "Anonymization-policy-2"]
        [policy] = admin.entities()
        assert [(one.name, one.prefix, one.kind) for one in policy.entities] == [
            ("DISCHARGE_DATE", "<DISCHARGE_DATE>", "PHI"),
            ("INSURANCE_NUMBER", "<INSURANCE_NO>", "PHI"),
        ]
        wrappers = {"PERSON": ("{Person ", "}"), "PHONE_NUMBER": ("{Phone ", "}")}
        admin.set_wrappers("custom-format-policy", wrappers)
        admin.delete_custom_entity("CUSTOMER_ID")
        assert cassette.all_played


def test_super_admin() -> None:
    with played("super_admin") as cassette, a_vault() as vault:
        made = vault.admin.create_token(
            "customer_ns_1",
            "alice@company.com",
            ["mask", "unmask", "metadata_change"],
            start_date="2024-07-11",
            end_date="2025-07-10",
        )
        assert made.job is not None
        assert made.job.tracking_id.endswith("02012024045532")
        vault.admin.revoke_token(made.token)
        assert vault.admin.delete_namespace("customer_ns_1").job_type == "namespace-deletion"
        assert vault.admin.erase_mappings(days=90).job_type == "data-deletion"
        assert cassette.all_played


def test_errors() -> None:
    expected = [
        (Item("1"), NotAuthenticated, "Authentication failed"),
        (Item("2"), NotAuthenticated, "Access token has expired or is not yet valid."),
        (Item("3", "dfdfd"), ConfigurationError, "token_name not defined"),
        (Item("4", "Text Token", "dfdfd"), ConfigurationError, "format name not defined"),
        (Item("5"), QuotaExceeded, "maximum number of token creation"),
        (Item("6"), RateLimited, "fewer calls"),
    ]
    with played("errors"), a_vault() as vault:
        for item, kind, message in expected:
            with pytest.raises(kind, match=message) as caught:
                vault.mask([item])
            assert type(caught.value) is kind


def test_a_request_that_is_not_on_the_page_finds_no_answer() -> None:
    """Guards the tests above: the recorder compares the bodies."""
    unplayed = (VaultUnavailable, vcr.errors.CannotOverwriteExistingCassetteException)
    with played("unmask"), a_vault() as vault, pytest.raises(unplayed):
        vault.unmask(["another"])
