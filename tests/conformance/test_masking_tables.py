"""The tables of token types, formats and entities: every documented value, and its shape here."""

from __future__ import annotations

import re
from typing import Any

import pytest

from llm_guard_protecto import Item
from tests.conformance.served import Caller

ALNUM = r"[0-9A-Za-z]+"

# token_name, documented value, the shape of its token. Separate rows for separate pages.
TYPES = [
    ("Default Token", "George", ALNUM),
    ("Text Token", "John", ALNUM),
    ("Text Token", "Australia", ALNUM),
    ("Text Token", "Mark", ALNUM),
    ("Text Token", "john.doe@example.com", ALNUM),
    ("Numeric Token", "Australia", r"\d+"),
    ("Numeric Token", "15/8/2010", r"\d+"),
    ("Numeric Token", "George Williams", r"\d+"),
    ("Special Token", "john.doe@example.com", ALNUM),
    ("Person Token", "Williams", r"[A-Z][a-z]+"),
    ("Person Token", "John", r"[A-Z][a-z]+"),
    ("Person Token", "jackson", r"[A-Z][a-z]+"),
    ("Date Token", "6/12/1967", r"0\d{3}-[01]\d-[0-3]\d"),
    ("Date Token", "2026-06-30", r"0\d{3}-[01]\d-[0-3]\d"),
    ("Date Token", "2025-04-01", r"0\d{3}-[01]\d-[0-3]\d"),
    ("State Token", "TN", r"(?!TN)[A-Z]{2}"),
    ("State Token", "WY", r"(?!WY)[A-Z]{2}"),
    ("City Token", "Bangalore", r"[A-Z][a-z]+"),
    ("Address Token", "24 mark street", r"\d+-[a-z]+"),
    # As other pages spell them.
    ("Text token", "John", ALNUM),
    ("Numeric token", "15/8/2010", r"\d+"),
    ("Person token", "John", r"[A-Z][a-z]+"),
]

# format, token_name, documented value, the shape of its token
FORMATS = [
    (
        "URL",
        "Text Token",
        "https://platform.openai.com/playground/chat?models=gpt-4o",
        r"\w+://\w+\.\w+\.\w+/\w+/\w+\?\w+=\w+",
    ),
    (
        "Address",
        "Text Token",
        "123/899 - Main Street, Anytown, USA-12345",
        r"\w+/\w+ - \w+ \w+, \w+, \w+-\w+",
    ),
    ("Address", "Text Token", "1234 Elm Street,Los Angeles", r"\w+ \w+ \w+,\w+ \w+"),
    ("Phone Number", "Numeric Token", "(408)-426-9989", r"\(\d{5}\)-\d{5}-\d{5}"),
    ("Phone Number", "Numeric Token", "(555) 987-6543", r"\(\d{5}\) \d{5}-\d{5}"),
    ("Phone Number", "Numeric Token", "(555) 123-4567", r"\(\d{5}\) \d{5}-\d{5}"),
    ("Phone Number", "Numeric Token", "+1-123-456-7890", r"\+\d{5}-\d{5}-\d{5}-\d{5}"),
    ("Email address", "Text Token", "kumar@ss.fss.com", r"\w{5}@\w{10}"),
    ("Email Address", "Text Token", "George@example.com", r"\w{6}@\w{10}"),
    ("Email Address", "Text Token", "john.doe@example.com", r"\w{8}@\w{10}"),
    ("Email Address", "Text Token", "johndoe@example.com", r"\w{7}@\w{10}"),
    ("Person Name", "Text Token", "George Williams", r"\w{6} \w{8}"),
    ("Person Name", "Text Token", "Ross", r"\w+"),
    ("Person Name", "Numeric Token", "George Williams", r"\d+ \d+"),
    ("IP Address", "Numeric Token", "192.168.0.1", r"\d+\.\d+\.\d+\.\d+"),
    ("Social Identification Numbers", "Text Token", "856-45-6789", r"\w+-\w+-\w+"),
    ("Credit Card", "Text Token", "5000236879543214", ALNUM),
    ("Credit Card", "Text Token", "1234-4567-7890", ALNUM),
    ("Default Format", "Default Token", "George", ALNUM),
]

ROWS: list[tuple[str, str | None, str, str]] = [
    *((name, None, value, shape) for name, value, shape in TYPES)
]
ROWS += [(name, form, value, shape) for form, name, value, shape in FORMATS]


@pytest.mark.parametrize(("name", "form", "value", "shape"), ROWS)
def test_a_value_by_type_and_format(
    caller: Caller, name: str, form: str | None, value: str, shape: str
) -> None:
    entry = {"value": value, "token_name": name} | ({} if form is None else {"format": form})
    [item] = caller.put("/mask", {"mask": [entry]})["data"]
    token = item["token_value"]
    assert token != value
    assert re.fullmatch(shape, token)
    named = {"value": value, "token_name": name.title()}
    assert item == {**entry, **named, "token_value": token}
    [again] = caller.put("/mask", {"mask": [entry]})["data"]
    assert again == item
    [back] = caller.put("/unmask", {"unmask": [{"token_value": token}]})["data"]
    assert back["value"] == value
    vault = caller.vault()
    [ours] = vault.mask([Item(value, name, form)])
    assert (ours.token_value, ours.token_name, ours.format) == (token, name.title(), form)
    assert (ours.toxicity_analysis, ours.excluded_entities) == (None, ())
    assert vault.unmask([token])[0].value == value


# documented value in a sentence, its pii_type, its default prefix
ENTITIES = [
    ("{} called today", "John Doe", "PERSON", "<PER>"),
    ("write to {}", "George@example.com", "EMAIL_ADDRESS", "<EMAIL>"),
    ("call {} now", "+44 7943 582088", "PHONE_NUMBER", "<PHN>"),
    ("he lives at {}", "123 Maple Street", "ADDRESS", "<ADDRESS>"),
    ("she works at {} now", "Acme Corp", "ORG", "<ORG>"),
    ("born on {}", "March 10, 2003", "DATE_OF_BIRTH", "<DOB>"),
    ("his SSN is {}", "756-45-6689", "US_SSN", "<SSN>"),
    ("the server is at {}", "192.168.0.1", "IP_ADDRESS", "<IPA>"),
    ("a device with MAC address {}", "00:1A:2B:3C:4D:5E", "IP_ADDRESS", "<IPA>"),
    ("see {} for more", "https://www.cityhospital.net", "URL", "<URL>"),
    ("fax {}", "425-632-4532", "FAX_NUMBER", "<FAX_NO>"),
    ("her nationality: {}", "American", "NATIONALITY", "<NATIONALITY>"),
]


@pytest.mark.parametrize(("sentence", "value", "kind", "prefix"), ENTITIES)
def test_an_entity_is_found_and_wrapped(
    caller: Caller, sentence: str, value: str, kind: str, prefix: str
) -> None:
    text = sentence.format(value)
    caller.put("/metadata/policy/create", {"data": {"policy_name": "all"}})
    [item] = caller.put("/mask", {"policy_name": "all", "mask": [{"value": text}]})["data"]
    [token] = item["individual_tokens"]
    suffix = prefix.replace("<", "</")
    assert token == {
        "value": value,
        "pii_type": kind,
        "token": token["token"],
        "prefix": prefix,
        "suffix": suffix,
        "start_pos": text.index(value),
        "end_pos": text.index(value) + len(value),
    }
    assert item["token_value"] == sentence.format(f"{prefix}{token['token']}{suffix}")


WRAPPERS = {
    "PERSON": "PER",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHN",
    "ADDRESS": "ADDRESS",
    "ORG": "ORG",
    "DATE_OF_BIRTH": "DOB",
    "US_SSN": "SSN",
    "IP_ADDRESS": "IPA",
    "MAC_NUMBER": "DEVICE_ID",
    "URL": "URL",
    "FAX_NUMBER": "FAX_NO",
    "DRIVING_LICENSE_NUMBER": "DL_NO",
    "VEHICLE_REGISTRATION_NUMBER": "VEHICLE_REG_NO",
    "VEHICLE_IDENTIFICATION_NUMBER": "VIN",
    "LICENCE_NO": "LICENCE_NO",
    "ACC_NO": "ACC_NO",
    "CREDIT_CARD": "CRD",
    "NATIONALITY": "NATIONALITY",
    "DISCHARGE_DATE": "DISCHARGE_DATE",
    "INSURANCE_NUMBER": "INSURANCE_NO",
    "MRN": "MRN",
    "DATE_TIME": "DATE_TIME",
}


def test_a_new_policy_has_every_documented_entity_in_its_default_wrapper(caller: Caller) -> None:
    caller.put("/metadata/policy/create", {"data": {"policy_name": "Testing_Default_Policy"}})
    got = caller.get("/metadata/personal-data-entities/list", policy_name="Testing_Default_Policy")
    assert got["data"]["next_page_token"] is None
    [row] = got["data"]["details"]
    assert row["policy_name"] == "Testing_Default_Policy"
    assert row["metadata"]["anonymizable_entities"] == []
    assert row["metadata"]["excluded_entities"] == []
    shown = {one["entity_name"]: one for one in row["metadata"]["pseudonymizable_entities"]}
    for name, tag in WRAPPERS.items():
        one = shown[name]
        assert set(one) == {"entity_name", "entity_type", "prefix", "suffix", "description"}
        assert (one["prefix"], one["suffix"]) == (f"<{tag}>", f"</{tag}>")
        assert one["description"]
    assert (
        shown["DISCHARGE_DATE"]["entity_type"] == shown["INSURANCE_NUMBER"]["entity_type"] == "PHI"
    )
    [policy] = caller.vault().admin.entities("Testing_Default_Policy")
    assert {one.name for one in policy.entities} == set(shown)


# value, unit by unit; the same words in other values have the same tokens
SHAPES = [
    ("John Doe lives here", ["John Doe"], r"\w+ \w+"),
    ("at 123 Maple Street today", ["123 Maple Street"], r"\w+ \w+ \w+"),
    ("at 123 Elm Street today", ["123 Elm Street"], r"\w+ \w+ \w+"),
    ("Sarah Johnson wrote", ["Sarah Johnson"], r"\w{5} \w{7}"),
    ("call (555) 987-6543", ["(555) 987-6543"], r"\(\d{5}\) \d{5}-\d{5}"),
    ("Mark lives in the U.S.A", ["Mark", "U.S.A"], r"\w+|\w+\.\w+\.\w+"),
]


@pytest.mark.parametrize(("text", "values", "shape"), SHAPES)
def test_tokens_keep_the_separators_and_stand_for_words(
    caller: Caller, text: str, values: list[str], shape: str
) -> None:
    [item] = caller.put("/mask", {"mask": [{"value": text}]})["data"]
    assert [one["value"] for one in item["individual_tokens"]] == values
    assert all(re.fullmatch(shape, one["token"]) for one in item["individual_tokens"])


def test_equal_words_have_equal_tokens_in_every_policy(caller: Caller) -> None:
    caller.put("/metadata/policy/create", {"data": {"policy_name": "other"}})
    texts = ["at 123 Maple Street today", "at 123 Elm Street today"]
    one, other = (
        caller.put("/mask", {"mask": [{"value": text}], **more})["data"][0]["individual_tokens"][0]
        for text, more in zip(texts, ({}, {"policy_name": "other"}), strict=True)
    )
    assert one["token"].split()[0] == other["token"].split()[0]
    assert one["token"].split()[2] == other["token"].split()[2]
    assert one["token"].split()[1] != other["token"].split()[1]


def test_attributes_are_echoed_under_the_name_they_were_sent(caller: Caller) -> None:
    """The page's example, its older spellings, and a mixed list."""
    entries: list[dict[str, Any]] = [
        {"value": "Mark", "token_name": "Text Token", "attributes": {"Key1": "1", "Key2": "2"}},
        {"value": "Mark", "token_name": "Text Token", "attributes": "plain"},
        {"value": "Mark", "token_name": "Text Token", "attributes": 7},
        {"value": "Mark lives here", "attribute": {"row": 1, "column": "name"}},
    ]
    items = caller.put("/mask", {"mask": entries})["data"]
    for entry, item in zip(entries, items, strict=True):
        for key in ("attribute", "attributes"):
            assert item.get(key) == entry.get(key)
            assert (key in item) == (key in entry)
    assert len({item["token_value"] for item in items[:3]}) == 1
    back = caller.put(
        "/unmask", {"unmask": [{"token_value": items[0]["token_value"], "attributes": {"a": 1}}]}
    )
    assert back["data"][0]["attributes"] == {"a": 1}
    [ours] = caller.vault().mask([Item("Mark", "Text Token", attributes={"Key1": "1"})])
    assert ours.attributes == {"Key1": "1"}
