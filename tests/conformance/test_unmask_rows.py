"""What a `token_value` may hold, row by row, and what comes back; values as the pages have them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.served import Caller

WHOLE = "George Washington is happy and lives in the U.S.A"


def masked(caller: Caller, text: str, **more: Any) -> dict[str, Any]:
    item: dict[str, Any] = caller.put("/mask", {"mask": [{"value": text}], **more})["data"][0]
    return item


def restored(caller: Caller, *texts: str, **more: Any) -> list[str]:
    """What each text comes back as, from the server and through our client alike."""
    body = {"unmask": [{"token_value": text} for text in texts], **more}
    answers = caller.put("/unmask", body)["data"]
    assert [one["token_value"] for one in answers] == list(texts)
    assert all(list(one) == ["value", "token_value", "toxicity_analysis"] for one in answers)
    ours = caller.vault().unmask(texts, more.get("policy_name"))
    assert [one.value for one in ours] == [one["value"] for one in answers]
    assert all(one.toxicity_analysis for one in ours)
    return [one["value"] for one in answers]


@pytest.fixture
def item(caller: Caller) -> dict[str, Any]:
    return masked(caller, WHOLE)


def test_every_documented_row(caller: Caller, item: dict[str, Any]) -> None:
    name, place = item["individual_tokens"]
    first, last = name["token"].split()
    rows = {
        name["token"]: "George Washington",  # bare, all words
        last: "Washington",  # bare, one word of two
        f"<PER>{last}</PER>": "Washington",  # a wrapper is removed
        f"<PER>{first} {last}</PER> is happy": "George Washington is happy",
        item["token_value"]: WHOLE,  # several in a sentence
        f"  {last}\n": "  Washington\n",  # blanks around a bare one
        f"<ADDRESS>{place['token']}</ADDRESS>": "U.S.A",
        f"<PERSON>{last}</PERSON>": "<PERSON>Washington</PERSON>",  # no wrapper of any policy here
        "nothing to see": "nothing to see",
    }
    assert restored(caller, *rows) == list(rows.values())


def test_a_token_of_a_format(caller: Caller) -> None:
    url = "https://platform.openai.com/playground/chat?models=gpt-4o"
    entry = {"value": url, "token_name": "Text Token", "format": "URL"}
    [one] = caller.put("/mask", {"mask": [entry]})["data"]
    assert restored(caller, one["token_value"]) == [url]


def test_unknown_tokens_beside_known_ones_stay_with_their_wrappers(
    caller: Caller, item: dict[str, Any]
) -> None:
    unknown = "<PER>mTiygJz7Tf</PER> lives in the <ADDRESS>oQLxg3gisk.G2jPUYZHcv</ADDRESS>"
    rows = ["mTiygJz7Tf", unknown, item["token_value"]]
    assert restored(caller, *rows) == [*rows[:2], WHOLE]


def test_short_tokens_among_other_words_are_words(caller: Caller) -> None:
    token = masked(caller, "Ask Mark about it")["individual_tokens"][0]["token"]
    assert len(token) == 5
    assert restored(caller, f"call {token} now", token) == [f"call {token} now", "Mark"]


def test_value_stands_for_token_value(caller: Caller, item: dict[str, Any]) -> None:
    """As two pages print it; the other key counts where both are there."""
    token = item["individual_tokens"][0]["token"]
    for entry in ({"value": token}, {"value": "x", "token_value": token}):
        [one] = caller.put("/unmask", {"unmask": [entry]})["data"]
        assert (one["value"], one["token_value"]) == ("George Washington", token)


def test_the_misspelt_route(caller: Caller, item: dict[str, Any]) -> None:
    for path in ("/unmask/async", "/umask/async", "/umask/async/"):
        body = {"unmask": [{"token_value": item["token_value"]}]}
        [job] = caller.put(path, body)["data"]
        assert job["status"] == "PENDING"
        [done] = caller.vault().result(job["tracking_id"])
        assert done.value == WHOLE


def test_a_body_with_both_is_to_be_masked(caller: Caller, item: dict[str, Any]) -> None:
    body = {"mask": [{"value": "x"}], "unmask": [{"token_value": item["token_value"]}]}
    [one] = caller.put("/mask/", body)["data"]
    assert one["value"] == "x"


def test_wrappers_of_a_policy_are_known_without_its_name(caller: Caller) -> None:
    """Also those that the policy had once, and those of a policy that is gone."""
    caller.put("/metadata/policy/create", {"data": {"policy_name": "braces"}})
    texts = []
    for prefix in ("{Person ", "[Name: "):
        wrapper = {"entity_name": "PERSON", "format_prefix": prefix, "format_suffix": "}"}
        data = {"policy_name": "braces", "metadata": [wrapper]}
        caller.put("/metadata/update-auto-detect", {"data": data})
        texts.append(masked(caller, "Ask Mark", policy_name="braces")["token_value"])
        assert texts[-1].startswith(f"Ask {prefix}")
    assert restored(caller, *texts, policy_name="braces") == ["Ask Mark", "Ask Mark"]
    caller.put("/metadata/policy/delete", {"data": {"policy_name": "braces"}})
    assert restored(caller, *texts) == ["Ask Mark", "Ask Mark"]


def test_anonymised_tokens_never_come_back(caller: Caller) -> None:
    name = {"policy_name": "for good"}
    caller.put("/metadata/policy/create", {"data": name})
    change = {**name, "metadata": {"anonymizable_entities": ["PERSON"]}}
    caller.put("/metadata/update-entity-category", {"data": change})
    text = "Mark lives in the U.S.A"
    item = masked(caller, text, **name)
    person, place = item["individual_tokens"]
    assert person["reversible"] is False
    wrapped = f"<PER>{person['token']}</PER>"
    assert restored(caller, item["token_value"]) == [f"{wrapped} lives in the U.S.A"]
    assert restored(caller, f"<ADDRESS>{place['token']}</ADDRESS>") == ["U.S.A"]
    failed = (400, "Unmasking of given token values failed.")
    for lone in (wrapped, person["token"]):
        assert caller.refused("/unmask", {"unmask": [{"token_value": lone}]}) == failed
