"""Two tenants with the same values: no token in common, and nothing of the other's ever resolves."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.engine.looks import PIECE
from tests.conformance.served import Caller, Served

PEOPLE = ("Sarah Johnson", "Mark", "John Doe", "Øystein Brandvold", "李雷")
PLACES = ("Boston", "456 Elm Avenue", "the U.S.A", "Springfield")
NUMBERS = ("(555) 987-6543", "sarah.johnson@example.com", "4111 1111 1111 1111", "192.168.0.1")
NAMES = ("Default", "Text", "Numeric", "Special", "Person", "Date", "City", "Address")

TEXTS = st.lists(
    st.sampled_from((*PEOPLE, *PLACES, *NUMBERS)) | st.text(max_size=12), min_size=1, max_size=5
).map(", then ".join)
ENTRIES = st.lists(
    st.fixed_dictionaries({"value": TEXTS.filter(bool)})
    | st.fixed_dictionaries(
        {
            "value": st.sampled_from((*PEOPLE, *NUMBERS)) | st.text(min_size=1, max_size=12),
            "token_name": st.sampled_from([f"{name} Token" for name in NAMES]),
        }
    ),
    min_size=1,
    max_size=4,
)


def tokens(items: list[dict[str, Any]]) -> list[str]:
    """Every token of an answer by itself, and every token as it stands in its text."""
    found: list[str] = []
    for item in items:
        if "individual_tokens" not in item:
            found.append(item["token_value"])
        for one in item.get("individual_tokens", ()):
            found += [one["token"], one["prefix"] + one["token"] + one["suffix"]]
    return found


def pieces(items: list[dict[str, Any]]) -> set[str]:
    """The runs of all tokens: what the store keeps."""
    return {run for token in tokens(items) for run in PIECE.findall(token) if len(run) > 4}


def resolved(caller: Caller, texts: list[str]) -> list[str]:
    """What comes back for each text; a refusal is nothing."""
    back: list[str] = []
    for text in texts:
        answer = caller.send("PUT", "/unmask", {"unmask": [{"token_value": text}]})
        if answer.status_code == 200:
            back.append(answer.json()["data"][0]["value"])
        else:
            assert answer.status_code == 400
            assert answer.json()["data"] is None
            back.append(text)
    return back


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(entries=ENTRIES)
def test_nothing_of_another_tenant_resolves(served: Served, entries: list[dict[str, Any]]) -> None:
    one, other = served.caller("tenant one"), served.caller("tenant two")
    ours = one.put("/mask", {"mask": entries})["data"]
    theirs = other.put("/mask", {"mask": entries})["data"]
    shared = pieces(ours) & pieces(theirs)
    # Two words of the wrapper, or what stood in the text and was masked on neither side.
    said = " ".join(entry["value"] for entry in entries)
    assert {run for run in shared if run not in said} <= {"ADDRESS", "EMAIL", "PASSWORD"}
    asked = [*tokens(ours), *(item["token_value"] for item in ours)]
    for text, back in zip(asked, resolved(other, asked), strict=True):
        assert back == text
    for item in ours:
        assert resolved(one, [item["token_value"]]) == [item["value"]]


def test_no_token_of_one_is_a_token_of_the_other(served: Served) -> None:
    """A thousand equal values; jobs and policies are apart as well."""
    one, other = served.caller("many one"), served.caller("many two")
    entries = [
        {"value": f"user-{number}@example.com", "token_name": "Text Token"}
        for number in range(1000)
    ]
    ours, theirs = (c.put("/mask", {"mask": entries})["data"] for c in (one, other))
    assert not {i["token_value"] for i in ours} & {i["token_value"] for i in theirs}
    asked = {"unmask": [{"token_value": item["token_value"]} for item in ours]}
    failed = (400, "Unmasking of given token values failed.")
    assert other.refused("/unmask", asked) == failed
    assert [i["value"] for i in one.put("/unmask", asked)["data"]] == [e["value"] for e in entries]
    one.put("/metadata/policy/create", {"data": {"policy_name": "mine"}})
    assert "mine" not in other.get("/metadata/policy/list")["data"]["policies"]
    body = {"policy_name": "mine", "mask": [{"value": "x"}]}
    assert other.refused("/mask", body) == (400, "Policy doesn't exist.")
