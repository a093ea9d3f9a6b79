"""What the three pages print, asked of our server and read by our client.

The pages' tokens are random, so their shapes are compared: spans, wrappers, separators, keys and
order. That our client reads the pages' own answers is in `tests/protecto/test_recorded.py`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from llm_guard_protecto import Item, Masked, Unmasked
from llm_guard_protecto.models import rebuild
from tests.conformance.served import Caller

TOXICITY = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]
TOKEN = ["value", "pii_type", "token", "prefix", "suffix", "start_pos", "end_pos"]
TRACKING = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(\d{14})"

URL = "https://platform.openai.com/playground/chat?models=gpt-4o"
PHONE = "(408)- 426 - 9989"
LATER = [
    {"value": URL, "format": "URL", "token_name": "Text Token"},
    {"value": PHONE, "format": "Phone Number", "token_name": "Numeric Token"},
]
SHORTER = [LATER[0] | {"value": URL.partition("?")[0]}, LATER[1]]

VISIT = (
    "John Doe, residing at 123 Maple Street, Apt 456, Springfield, owns a device with MAC address "
    "00:1A:2B:3C:4D:5E, works at Acme Corp, and frequently visits https://www.example.com."
)
FOUND = [
    ("John Doe", "PERSON", "<PER>", 0, 8),
    ("123 Maple Street", "ADDRESS", "<ADDRESS>", 22, 38),
    ("Apt 456", "ADDRESS", "<ADDRESS>", 40, 47),
    ("Springfield", "ADDRESS", "<ADDRESS>", 49, 60),
    ("00:1A:2B:3C:4D:5E", "IP_ADDRESS", "<IPA>", 93, 110),
    ("Acme Corp", "ORG", "<ORG>", 121, 130),
]

MOVED = (
    "Sarah Johnson recently moved to 456 Elm Avenue, Boston, and you can reach her at "
    "(555) 987-6543"
)
PREFIXES = "Add Prefix Suffix Policy"


def rebuilt(item: dict[str, Any]) -> str:
    """The masked text as its own list of tokens says it, from the right to the left."""
    text: str = item["value"]
    for token in reversed(item["individual_tokens"]):
        wrapped = token["prefix"] + token["token"] + token["suffix"]
        text = text[: token["start_pos"]] + wrapped + text[token["end_pos"] :]
    return text


@pytest.mark.parametrize("body", [LATER, SHORTER], ids=["curl", "requests"])
@pytest.mark.parametrize("path", ["/mask/async", "/mask/async/"])
def test_mask_async(caller: Caller, path: str, body: list[dict[str, str]]) -> None:
    [job] = caller.put(path, {"mask": body})["data"]
    assert list(job) == ["tracking_id", "status"]
    assert job["status"] == "PENDING"
    found = re.fullmatch(TRACKING, job["tracking_id"])
    assert found is not None
    web, phone = caller.vault().result(job["tracking_id"])
    [status] = caller.put("/async-status", {"status": [{"tracking_id": job["tracking_id"]}]})[
        "data"
    ]
    assert status["status"] == "SUCCESS"
    assert status["input_payload"] == {"mask": body}
    told = datetime.strptime(found[1], "%d%m%Y%H%M%S")
    assert str(told) == status["submitted_time"]
    parts = r"\w{5,}://\w+\.\w+\.\w+/\w+/\w+" + (r"\?\w+=\w+" if "?" in body[0]["value"] else "")
    assert re.fullmatch(parts, web.token_value)
    assert re.fullmatch(r"\(\d{5}\)- \d{5} - \d{5}", phone.token_value)


def test_mask_async_by_our_client(caller: Caller) -> None:
    vault = caller.vault()
    items = [Item(row["value"], row["token_name"], row["format"]) for row in LATER]
    job = vault.submit_mask(items)
    assert re.fullmatch(TRACKING, job.tracking_id)
    done = vault.result(job)
    shown = [(one.value, one.format) for one in done if isinstance(one, Masked)]
    assert shown == [(URL, "URL"), (PHONE, "Phone Number")]
    assert [one.value for one in vault.unmask([one.token_value for one in done])] == [URL, PHONE]


def with_policy(caller: Caller) -> None:
    policy = {"policy_name": "Anonymization-policy-1"}
    caller.put("/metadata/policy/create", {"data": policy})
    change = {**policy, "metadata": {"excluded_entities": ["URL"]}}
    caller.put("/metadata/update-entity-category", {"data": change})


@pytest.mark.parametrize("path", ["/mask", "/mask/"])
def test_mask_with_policy(caller: Caller, path: str) -> None:
    with_policy(caller)
    body = {"policy_name": "Anonymization-policy-1", "mask": [{"value": VISIT}]}
    [item] = caller.put(path, body)["data"]
    assert list(item) == [
        *("value", "token_value", "toxicity_analysis", "individual_tokens", "excluded_entities"),
    ]
    assert item["value"] == VISIT
    assert list(item["toxicity_analysis"]) == TOXICITY
    assert all(0 <= score <= 0.05 for score in item["toxicity_analysis"].values())
    assert all(list(token) == TOKEN for token in item["individual_tokens"])
    shown = [
        (one["value"], one["pii_type"], one["prefix"], one["start_pos"], one["end_pos"])
        for one in item["individual_tokens"]
    ]
    assert shown == FOUND
    for token in item["individual_tokens"]:
        assert token["suffix"] == token["prefix"].replace("<", "</")
    assert rebuilt(item) == item["token_value"]
    words = r"<PER>\w+ \w+</PER>, residing at <ADDRESS>\w+ \w+ \w+</ADDRESS>, "
    assert re.match(
        words + r"<ADDRESS>\w+ \w+</ADDRESS>, <ADDRESS>\w+</ADDRESS>, owns a ", item["token_value"]
    )
    assert item["token_value"].endswith("and frequently visits https://www.example.com.")
    assert item["excluded_entities"] == [
        {
            "value": "https://www.example.com",
            "pii_type": "URL",
            "start_pos": 154,
            "end_pos": 177,
        }
    ]
    body["mask"] = [{"value": "John Doe lives at 123 Maple Street"}]
    [short] = caller.put(path, body)["data"]
    # The same words have the same tokens, and nothing is excluded from it.
    john, street = (item["individual_tokens"][at]["token"] for at in (0, 1))
    assert short["token_value"] == f"<PER>{john}</PER> lives at <ADDRESS>{street}</ADDRESS>"
    assert "excluded_entities" not in short


def test_mask_with_policy_by_our_client(caller: Caller) -> None:
    with_policy(caller)
    vault = caller.vault()
    [masked] = vault.mask([VISIT], "Anonymization-policy-1")
    shown = [
        (one.value, one.pii_type, one.prefix, one.start_pos, one.end_pos)
        for one in masked.individual_tokens
    ]
    assert shown == FOUND
    assert rebuild(VISIT, masked.individual_tokens) == masked.token_value
    [left] = masked.excluded_entities
    assert (left.value, left.start_pos, left.end_pos) == ("https://www.example.com", 154, 177)
    assert vault.unmask([masked.token_value], "Anonymization-policy-1")[0].value == VISIT


def with_prefixes(caller: Caller) -> None:
    """The page's prerequisite: create the policy, and say prefix and suffix."""
    caller.put("/metadata/policy/create", {"data": {"policy_name": PREFIXES}})
    wrappers = [
        {"entity_name": "PERSON", "format_prefix": "{Person Name ", "format_suffix": "}"},
        {
            "entity_name": "PHONE_NUMBER",
            "format_prefix": "{Personal PhoneNumber ",
            "format_suffix": "}",
        },
    ]
    data = {"policy_name": PREFIXES, "metadata": wrappers}
    caller.put("/metadata/update-auto-detect", {"data": data})


def test_prefix_and_suffix(caller: Caller) -> None:
    with_prefixes(caller)
    body = {"policy_name": PREFIXES, "mask": [{"value": MOVED}]}
    [item] = caller.put("/mask/", body)["data"]
    assert list(item) == ["value", "token_value", "toxicity_analysis", "individual_tokens"]
    assert rebuilt(item) == item["token_value"]
    name, *places, phone = item["individual_tokens"]
    assert name == {
        "value": "Sarah Johnson",
        "pii_type": "PERSON",
        "token": name["token"],
        "prefix": "{Person Name ",
        "suffix": "}",
        "start_pos": 0,
        "end_pos": 13,
    }
    # One address or two that are neighbours: both are legal, and all of it is masked.
    assert {one["pii_type"] for one in places} == {"ADDRESS"}
    assert (places[0]["start_pos"], places[-1]["end_pos"]) == (32, 54)
    assert (phone["start_pos"], phone["end_pos"]) == (81, 95)
    assert phone["prefix"] == "{Personal PhoneNumber "
    assert re.fullmatch(r"\(\d{5}\) \d{5}-\d{5}", phone["token"])
    assert item["token_value"].startswith(f"{{Person Name {name['token']}}} recently moved to <ADD")
    assert item["token_value"].endswith(f" at {{Personal PhoneNumber {phone['token']}}}")


@pytest.mark.parametrize("path", ["/mask/", "/mask", "/unmask", "/unmask/"])
def test_unmask_at_either_address(caller: Caller, path: str) -> None:
    with_prefixes(caller)
    masked = caller.put("/mask/", {"policy_name": PREFIXES, "mask": [{"value": MOVED}]})["data"][0]
    token = masked["individual_tokens"][0]["token"]
    asked = {
        token: "Sarah Johnson",
        f"Person Name {token}": "Person Name Sarah Johnson",  # as the page's answer echoes it
        masked["token_value"]: MOVED,
    }
    body = {"policy_name": PREFIXES, "unmask": [{"token_value": one} for one in asked]}
    answers = caller.put(path, body)["data"]
    for (given, value), answer in zip(asked.items(), answers, strict=True):
        assert list(answer) == ["value", "token_value", "toxicity_analysis"]
        assert (answer["value"], answer["token_value"]) == (value, given)
        assert list(answer["toxicity_analysis"]) == TOXICITY


def test_prefix_and_suffix_by_our_client(caller: Caller) -> None:
    vault = caller.vault()
    vault.admin.create_policy(PREFIXES)
    wrappers = {"PERSON": ("{Person Name ", "}"), "PHONE_NUMBER": ("{Personal PhoneNumber ", "}")}
    vault.admin.set_wrappers(PREFIXES, wrappers)
    [masked] = vault.mask([MOVED], PREFIXES)
    name = masked.individual_tokens[0]
    assert name.wrapped == f"{{Person Name {name.token}}}"
    [restored, bare] = vault.unmask([masked.token_value, name.token], PREFIXES)
    assert isinstance(restored, Unmasked)
    assert (restored.value, bare.value) == (MOVED, "Sarah Johnson")


def test_a_change_of_the_policy_acts_on_the_next_request(caller: Caller) -> None:
    with_policy(caller)
    body = {"policy_name": "Anonymization-policy-1", "mask": [{"value": VISIT}]}
    assert "excluded_entities" in caller.put("/mask", body)["data"][0]
    change = {
        "policy_name": "Anonymization-policy-1",
        "metadata": {"pseudonymizable_entities": ["URL"], "anonymizable_entities": ["ORG"]},
    }
    caller.put("/metadata/update-entity-category", {"data": change})
    [item] = caller.put("/mask", body)["data"]
    assert "excluded_entities" not in item
    by_type = {one["pii_type"]: one for one in item["individual_tokens"]}
    assert by_type["ORG"]["reversible"] is False  # our own word for: nobody can turn it back
    assert "reversible" not in by_type["PERSON"]
    [back] = caller.put("/unmask", {"unmask": [{"token_value": item["token_value"]}]})["data"]
    kept = by_type["ORG"]["prefix"] + by_type["ORG"]["token"] + by_type["ORG"]["suffix"]
    assert back["value"] == VISIT.replace("Acme Corp", kept)
    [masked] = caller.vault().mask([VISIT], "Anonymization-policy-1")
    assert [one.pii_type for one in masked.individual_tokens if not one.reversible] == ["ORG"]
