"""Mask and unmask over the API: shapes, modes, and the exact words of every refusal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.models import IndividualToken, rebuild
from tests.server.desk import Desk, opened

LETTER = (
    "Sarah Johnson recently moved to 456 Elm Avenue, Boston, "
    "and you can reach her at (555) 987-6543"
)
URL = "https://platform.openai.com/playground/chat?models=gpt-4o"
SCORES = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]
WRAPPERS = {
    "data": {
        "policy_name": "Add Prefix Suffix Policy",
        "metadata": [
            {"entity_name": "PERSON", "format_prefix": "{Person Name ", "format_suffix": "}"},
            {
                "entity_name": "PHONE_NUMBER",
                "format_prefix": "{Personal PhoneNumber ",
                "format_suffix": "}",
            },
        ],
    }
}


def with_policy(desk: Desk) -> None:
    desk.put("/metadata/policy/create", {"data": {"policy_name": "Add Prefix Suffix Policy"}})
    desk.put("/metadata/update-auto-detect", WRAPPERS)


def test_an_automatic_answer_has_every_key_of_the_printed_one(desk: Desk) -> None:
    [item] = desk.put("/mask", {"mask": [{"value": LETTER}]})
    assert list(item) == ["value", "token_value", "toxicity_analysis", "individual_tokens"]
    assert item["value"] == LETTER
    assert list(item["toxicity_analysis"]) == SCORES
    assert all(0 <= score <= 1 for score in item["toxicity_analysis"].values())
    assert item["individual_tokens"][0]["pii_type"] == "PERSON"
    for token in item["individual_tokens"]:
        assert list(token) == [
            *("value", "pii_type", "token", "prefix", "suffix", "start_pos", "end_pos")
        ]
        assert LETTER[token["start_pos"] : token["end_pos"]] == token["value"]
    tokens = [IndividualToken(**token) for token in item["individual_tokens"]]
    assert rebuild(LETTER, tokens) == item["token_value"]
    for clear in ("Sarah", "Johnson", "Elm", "987"):
        assert clear not in item["token_value"]


def test_the_wrappers_of_a_policy_stand_around_its_tokens(desk: Desk) -> None:
    with_policy(desk)
    body = {"policy_name": "Add Prefix Suffix Policy", "mask": [{"value": LETTER}]}
    [item] = desk.put("/mask", body)
    masked = item["token_value"]
    assert re.match(r"\{Person Name \w+ \w+\} recently moved to <ADDRESS>", masked)
    assert re.search(r"\{Personal PhoneNumber \(\d{5}\) \d{5}-\d{5}\}$", masked)
    for path in ("/unmask", "/mask"):  # one seed prints the second
        [back] = desk.put(path, {"unmask": [{"token_value": masked}]})
        assert back["value"] == LETTER
        assert back["token_value"] == masked
        assert list(back) == ["value", "token_value", "toxicity_analysis"]


def test_a_bare_token_and_one_that_lost_its_braces_are_unmasked(desk: Desk) -> None:
    with_policy(desk)
    body = {"policy_name": "Add Prefix Suffix Policy", "mask": [{"value": LETTER}]}
    [item] = desk.put("/mask", body)
    token = item["individual_tokens"][0]["token"]
    asked = [token, f"Person Name {token}"]
    back = desk.put(
        "/mask",
        {
            "policy_name": "Add Prefix Suffix Policy",
            "unmask": [{"token_value": one} for one in asked],
        },
    )
    assert [one["value"] for one in back] == ["Sarah Johnson", "Person Name Sarah Johnson"]
    assert [one["token_value"] for one in back] == asked


def test_each_word_of_a_token_can_be_unmasked_alone(desk: Desk) -> None:
    [item] = desk.put("/mask", {"mask": [{"value": "George Washington is happy"}]})
    words = item["individual_tokens"][0]["token"].split()
    back = desk.put("/unmask", {"unmask": [{"token_value": word} for word in words]})
    assert [one["value"] for one in back] == ["George", "Washington"]


def test_what_a_policy_excludes_is_told(desk: Desk) -> None:
    change = {"policy_name": "open", "metadata": {"excluded_entities": ["URL"]}}
    desk.put("/metadata/policy/create", {"data": {"policy_name": "open"}})
    desk.put("/metadata/update-entity-category", {"data": change})
    text = "Sarah Johnson often visits https://www.example.com."
    [item] = desk.put("/mask", {"policy_name": "open", "mask": [{"value": text}]})
    assert item["excluded_entities"] == [
        {
            "value": "https://www.example.com",
            "pii_type": "URL",
            "start_pos": 27,
            "end_pos": 50,
        }
    ]
    assert item["token_value"].endswith("</PER> often visits https://www.example.com.")


def test_the_modes_may_mix_in_one_request_and_keep_their_order(desk: Desk) -> None:
    entries: list[dict[str, Any]] = [
        {"value": URL, "format": "URL", "token_name": "Text Token"},
        {"value": "(408)- 426 - 9989", "format": "Phone Number", "token_name": "numeric token"},
        {"value": "George Williams", "token_name": "Text Token"},
        {"value": "Ask Sarah Johnson about it"},
    ]
    items = desk.put("/mask", {"mask": entries})
    assert [item["value"] for item in items] == [entry["value"] for entry in entries]
    assert list(items[0]) == ["value", "token_name", "format", "token_value"]
    assert re.fullmatch(r"\w+://\w+\.\w+\.\w+/\w+/\w+\?\w+=\w+", items[0]["token_value"])
    assert items[1]["token_name"] == "Numeric Token"
    assert items[1]["format"] == "Phone Number"
    assert re.fullmatch(r"\(\d+\)- \d+ - \d+", items[1]["token_value"])
    assert list(items[2]) == ["value", "token_name", "token_value"]
    assert items[2]["token_value"].isalnum()
    assert "individual_tokens" in items[3]
    back = desk.put("/unmask", {"unmask": [{"token_value": i["token_value"]} for i in items]})
    assert [one["value"] for one in back] == [entry["value"] for entry in entries]


NAMES = ("Default", "Text", "Numeric", "Special", "Person", "Date", "State", "City", "Address")
FORMATS = {
    "URL": "https://www.example.com/a?b=c",
    "Address": "123/899 - Main Street, Anytown, USA-12345",
    "Phone Number": "(408)-426-9989",
    "Email address": "kumar@ss.example.com",
    "Person Name": "George Williams",
    "IP Address": "192.168.0.1",
    "Social Identification Numbers": "856-45-6789",
    "Credit Card": "5000236879543214",
    "Default Format": "anything at all",
}


def fitting(name: str, form: str | None) -> bool:
    """A token that looks like a date, a name or a place has no e-mail address or card in it."""
    also = {"Person": "Person Name", "Date": ""}
    also |= {place: "Address" for place in ("State", "City", "Address")}
    return name not in also or form in (None, "Default Format", also[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [None, *FORMATS])
def test_every_token_type_in_every_format_comes_back(name: str, form: str | None) -> None:
    values = [FORMATS.get(form or "", "George Williams"), "7", "x", "ß 名", "a-b_c"]
    entries = [{"value": v, "token_name": f"{name} Token", "format": form} for v in values]
    with opened() as desk:
        if not fitting(name, form):
            said = (400, "Token and Format Metadata not available")
            assert desk.refused("/mask", {"mask": entries}) == said
            return
        items = desk.put("/mask", {"mask": entries})
        for value, item in zip(values, items, strict=True):
            assert item["token_name"] == f"{name} Token"
            assert value != item["token_value"]
            [back] = desk.put("/unmask", {"unmask": [{"token_value": item["token_value"]}]})
            assert back["value"] == value


def test_the_separators_of_a_format_stay(desk: Desk) -> None:
    asked = {"IP Address": r"\d+\.\d+\.\d+\.\d+", "Social Identification Numbers": r"\w+-\w+-\w+"}
    for form, shape in asked.items():
        entry = {"value": FORMATS[form], "token_name": "Text Token", "format": form}
        [item] = desk.put("/mask", {"mask": [entry]})
        assert re.fullmatch(shape, item["token_value"])


def test_attributes_come_back_as_they_were_sent(desk: Desk) -> None:
    entries: list[dict[str, Any]] = [
        {"value": "Sarah Johnson", "attributes": {"Key1": "1", "n": [1.5, None]}},
        {"value": "Sarah Johnson", "attribute": {"row": 2}, "token_name": "Text Token"},
        {"value": "Sarah Johnson", "attribute": None, "attributes": "plain"},
    ]
    items = desk.put("/mask", {"mask": entries})
    back = desk.put(
        "/unmask",
        {
            "unmask": [
                entry | {"token_value": item["token_value"]}
                for entry, item in zip(entries, items, strict=True)
            ]
        },
    )
    for entry, *answers in zip(entries, items, back, strict=True):
        for item in answers:
            for key in ("attributes", "attribute"):
                assert (key in item) == (key in entry)
                assert item.get(key) == entry.get(key)


def test_numbers_count_as_their_text(desk: Desk) -> None:
    entries = [{"value": v, "token_name": "Numeric Token"} for v in (42, 4.5, True)]
    items = desk.put("/mask", {"mask": entries})
    assert [item["value"] for item in items] == ["42", "4.5", "true"]
    [token] = desk.put("/mask", {"mask": [{"value": 4085551234, "token_name": "Numeric Token"}]})
    [back] = desk.put("/unmask", {"unmask": [{"token_value": token["token_value"]}]})
    assert back["value"] == "4085551234"


def test_equal_values_have_equal_tokens_and_a_second_call_changes_nothing(desk: Desk) -> None:
    once = desk.put("/mask", {"mask": [{"value": LETTER}]})
    assert desk.put("/mask", {"mask": [{"value": LETTER}]}) == once
    again = desk.put("/mask", {"mask": [{"value": once[0]["token_value"]}]})
    assert again[0]["token_value"] == once[0]["token_value"]


@settings(deadline=None, max_examples=60)
@given(text=st.text(min_size=1).filter(str.strip))
def test_any_text_comes_back(text: str) -> None:
    with opened() as desk:
        [item] = desk.put("/mask", {"mask": [{"value": text}]})
        answer = desk.call("PUT", "/unmask", {"unmask": [{"token_value": item["token_value"]}]})
        if answer.status == 200:
            assert answer.content["data"][0]["value"] == text
        else:  # the text itself is written like a token that nobody knows
            assert item["token_value"] == text


MASK = [
    (b"", "Payload is empty"),
    (b" \n", "Payload is empty"),
    ({"mask": []}, "Payload is empty"),
    ({}, "mask data missing"),
    ([{"value": "x"}], "mask data missing"),
    ({"mask": {"value": "x"}}, "mask data missing"),
    ({"mask": [{}]}, "Missing value"),
    ({"mask": [{"value": ""}]}, "Missing value"),
    ({"mask": [{"value": None}]}, "Missing value"),
    ({"mask": [{"value": ["x"]}]}, "Missing value"),
    ({"mask": ["x"]}, "Missing value"),
    ({"mask": [{"value": "x", "token_name": ""}]}, "Missing token_name"),
    ({"mask": [{"value": "x", "token_name": 1}]}, "Missing token_name"),
    ({"mask": [{"value": "x", "format": "URL"}]}, "Missing token_name"),
    ({"mask": [{"value": "x", "token_name": "dfdfd"}]}, "token_name not defined: {dfdfd}"),
    ({"mask": [{"value": "x", "token_name": "Text Token", "format": ""}]}, "Missing format"),
    (
        {"mask": [{"value": "x", "token_name": "Text Token", "format": "phone_number"}]},
        "format name not defined: {phone_number}",
    ),
    ({"mask": [{"value": "x"}], "policy_name": "nope"}, "Policy doesn't exist."),
    ({"mask": [{"value": "x"}], "policy_name": 7}, "Policy doesn't exist."),
    (b"{", "Payload is not valid JSON"),
    (b'{"mask": [{"value": NaN}]}', "Payload is not valid JSON"),
    (b'{"mask": [{"value": 1e999}]}', "Payload is not valid JSON"),
    (b'{"mask": [{"value": "\xff"}]}', "Payload is not valid JSON"),
    (b"[" * 100_000, "Payload is not valid JSON"),
    (b"[" * 65 + b"]" * 65, "Payload is not valid JSON"),
    (b'{"mask": [{"value": ' + b"1" * 5000 + b"}]}", "Payload is not valid JSON"),
]


@pytest.mark.parametrize(("body", "message"), MASK, ids=range(len(MASK)))
def test_what_mask_refuses_and_how(desk: Desk, body: Any, message: str) -> None:
    assert desk.refused("/mask", body) == (400, message)


UNMASK = [
    (b"", "Payload is empty"),
    ({"unmask": []}, "Payload is empty"),
    ({"unmask": [{}]}, "Payload is empty"),
    ({}, "unmask data missing"),
    ({"mask": [{"value": "x"}]}, "unmask data missing"),
    ({"unmask": [{"token": "x"}]}, "Missing token value field"),
    ({"unmask": ["x"]}, "Missing token value field"),
    ({"unmask": [{"token_value": ""}]}, "Missing token value"),
    ({"unmask": [{"token_value": " "}]}, "Missing token value"),
    ({"unmask": [{"token_value": None}]}, "Missing token value"),
    ({"unmask": [{"token_value": "mTiygJz7Tf"}]}, "Unmasking of given token values failed."),
    (
        {"unmask": [{"token_value": " <PER>mTiygJz7Tf x</PER>"}]},
        "Unmasking of given token values failed.",
    ),
]


@pytest.mark.parametrize(("body", "message"), UNMASK, ids=range(len(UNMASK)))
def test_what_unmask_refuses_and_how(desk: Desk, body: Any, message: str) -> None:
    assert desk.refused("/unmask", body) == (400, message)


def test_unmask_reads_value_where_token_value_is_missing(desk: Desk) -> None:
    [item] = desk.put("/mask", {"mask": [{"value": LETTER}]})
    [back] = desk.put("/unmask", {"unmask": [{"value": item["token_value"]}]})
    assert back["value"] == LETTER


def test_unknown_tokens_stay_where_others_are_known_and_plain_text_stays(desk: Desk) -> None:
    [item] = desk.put("/mask", {"mask": [{"value": "Sarah Johnson"}]})
    asked = [item["token_value"], "<PER>mTiygJz7Tf</PER> lives", "no token here", "mTiygJz7Tf"]
    back = desk.put("/unmask", {"unmask": [{"token_value": one} for one in asked]})
    assert [one["value"] for one in back] == ["Sarah Johnson", *asked[1:]]
    [plain] = desk.put("/unmask", {"unmask": [{"token_value": "no token here"}]})
    assert plain["value"] == "no token here"


def test_what_was_anonymised_fails_like_an_unknown_token(desk: Desk) -> None:
    [item] = desk.put("/mask", {"policy_name": "anonymize", "mask": [{"value": "Sarah Johnson"}]})
    unknown = desk.refused("/unmask", {"unmask": [{"token_value": "<PER>mTiygJz7Tf</PER>"}]})
    body = {"unmask": [{"token_value": item["token_value"]}]}
    assert desk.refused("/unmask", body) == unknown


def test_the_limit_on_what_comes_out(desk: Desk) -> None:
    assert len(desk.put("/mask", {"mask": [{"value": "a " * 400}]})[0]["token_value"]) == 800
    with opened(output_limit=600) as small:
        message = "Masked data exceeds the approved limit of 600 characters"
        assert small.refused("/mask", {"mask": [{"value": "a " * 301}]}) == (400, message)
        small.put("/mask", {"mask": [{"value": "a " * 300}]})


def test_the_limit_on_how_many(desk: Desk) -> None:
    with opened(items_limit=3) as small:
        entries = [{"value": "x"}] * 4
        assert small.refused("/mask", {"mask": entries})[0] == 413
        small.put("/mask", {"mask": entries[:3]})
