"""Policies over the API."""

from __future__ import annotations

from typing import Any

import pytest

from llm_guard_protecto.entities import ENTITIES
from tests.server.desk import Desk

NAME = {"policy_name": "Testing_Default_Policy"}
TEXT = "Sarah Johnson works at Acme Corp, call (555) 987-6543"


def create(desk: Desk) -> None:
    said = desk.put("/metadata/policy/create", {"data": NAME})
    assert said == {"message": "Testing_Default_Policy created successfully."}


def masked(desk: Desk, text: str = TEXT) -> Any:
    return desk.put("/mask", NAME | {"mask": [{"value": text}]})[0]


def entities(desk: Desk, category: str) -> dict[str, Any]:
    got = desk.get("/metadata/personal-data-entities/list", **NAME)
    assert got["next_page_token"] is None
    [details] = got["details"]
    assert details["policy_name"] == NAME["policy_name"]
    assert list(details["metadata"]) == [
        *("anonymizable_entities", "pseudonymizable_entities", "excluded_entities")
    ]
    return {one["entity_name"]: one for one in details["metadata"][category]}


def test_a_new_policy_pseudonymises_everything_in_the_default_wrappers(desk: Desk) -> None:
    create(desk)
    found = entities(desk, "pseudonymizable_entities")
    assert set(found) == set(ENTITIES)
    assert found["DISCHARGE_DATE"] == {
        "entity_name": "DISCHARGE_DATE",
        "entity_type": "PHI",
        "prefix": "<DISCHARGE_DATE>",
        "suffix": "</DISCHARGE_DATE>",
        "description": "Discharge date",
    }
    assert found["PERSON"]["prefix"] == "<PER>"
    assert entities(desk, "anonymizable_entities") == {}
    assert entities(desk, "excluded_entities") == {}


def test_policies_are_listed_and_deleted(desk: Desk) -> None:
    create(desk)
    assert desk.refused("/metadata/policy/create", {"data": NAME}) == (400, "Policy already exists")
    assert NAME["policy_name"] in desk.get("/metadata/policy/list")["policies"]
    every = desk.get("/metadata/personal-data-entities/list")["details"]
    assert [one["policy_name"] for one in every] == desk.get("/metadata/policy/list")["policies"]
    item = masked(desk)
    said = desk.put("/metadata/policy/delete", {"data": NAME})
    assert said == {"message": "Testing_Default_Policy deleted successfully."}
    gone = desk.refused("/metadata/policy/delete", {"data": NAME})
    assert gone == (400, "Policy doesn't exists.")
    refused = desk.refused("/mask", NAME | {"mask": [{"value": TEXT}]})
    assert refused == (400, "Policy doesn't exist.")
    [back] = desk.put("/unmask", {"unmask": [{"token_value": item["token_value"]}]})
    assert back["value"] == TEXT


def test_a_policy_is_of_one_namespace(desk: Desk) -> None:
    create(desk)
    other = desk.of("other", "mask", "metadata_change")
    assert NAME["policy_name"] not in other.get("/metadata/policy/list")["policies"]
    assert other.refused("/mask", NAME | {"mask": [{"value": TEXT}]})[0] == 400


def test_new_wrappers_act_at_once_and_change_no_token(desk: Desk) -> None:
    create(desk)
    before = masked(desk)
    change = NAME | {
        "metadata": [
            {"entity_name": "PERSON", "format_prefix": "{Person ", "format_suffix": "}"},
            {"entity_name": "PHONE_NUMBER", "prefix": "{Phone ", "suffix": "}"},
            {"entity_name": "ORGANIZATION", "format_prefix": "[[", "format_suffix": "]]"},
        ]
    }
    desk.put("/metadata/update-auto-detect", {"data": change})
    after = masked(desk)
    tokens = [[t["token"] for t in one["individual_tokens"]] for one in (before, after)]
    assert tokens[0] == tokens[1]
    assert after["token_value"].startswith("{Person ")
    assert " works at [[" in after["token_value"]
    assert "call {Phone " in after["token_value"]
    plain = desk.put("/mask", {"mask": [{"value": TEXT}]})[0]
    assert plain["token_value"].startswith("<PER>")
    for one in (before, after, plain):
        for policy in ({}, NAME):
            body = policy | {"unmask": [{"token_value": one["token_value"]}]}
            assert desk.put("/unmask", body)[0]["value"] == TEXT


def test_a_place_named_alone_has_the_wrapper_of_addresses(desk: Desk) -> None:
    create(desk)
    wrapper = {"entity_name": "ADDRESS", "format_prefix": "{At ", "format_suffix": "}"}
    desk.put("/metadata/update-auto-detect", {"data": NAME | {"metadata": [wrapper]}})
    item = masked(desk, "I moved to 456 Elm Avenue, Boston last week; I like Boston.")
    assert item["token_value"].count("{At ") >= 2
    assert "<ADDRESS>" not in item["token_value"]


def test_entities_move_between_the_categories(desk: Desk) -> None:
    create(desk)
    change = {
        "metadata": {
            "anonymizable_entities": ["PERSON"],
            "excluded_entities": ["ORGANIZATION"],
            "pseudonymizable_entities": [],
        }
    }
    desk.put("/metadata/update-entity-category", {"data": NAME | change})
    assert set(entities(desk, "anonymizable_entities")) == {"PERSON"}
    assert set(entities(desk, "excluded_entities")) == {"ORG"}
    item = masked(desk)
    assert [one["pii_type"] for one in item["excluded_entities"]] == ["ORG"]
    [back] = desk.put("/unmask", {"unmask": [{"token_value": item["token_value"]}]})
    assert "Sarah" not in back["value"]
    assert back["value"].endswith("works at Acme Corp, call (555) 987-6543")
    moved = {"metadata": {"pseudonymizable_entities": ["PERSON"]}}
    desk.put("/metadata/update-entity-category", {"data": NAME | moved})
    assert set(entities(desk, "excluded_entities")) == {"ORG"}
    assert "PERSON" in entities(desk, "pseudonymizable_entities")


def test_the_default_policy_of_a_namespace_can_be_changed(desk: Desk) -> None:
    change = {"policy_name": "default", "metadata": {"excluded_entities": ["PHONE_NUMBER"]}}
    desk.put("/metadata/update-entity-category", {"data": change})
    [item] = desk.put("/mask", {"mask": [{"value": TEXT}]})
    assert item["token_value"].endswith("(555) 987-6543")
    [there] = desk.of("other", "mask").put("/mask", {"mask": [{"value": TEXT}]})
    assert "987" not in there["token_value"]


CREATE, WRAP, MOVE = "policy/create", "update-auto-detect", "update-entity-category"
WRONG: list[tuple[str, Any, str]] = [
    (CREATE, {}, "data missing"),
    (CREATE, {"data": []}, "data missing"),
    (CREATE, {"data": {}}, "Missing policy_name"),
    (CREATE, {"data": {"policy_name": ""}}, "Missing policy_name"),
    (CREATE, {"data": {"policy_name": "x" * 201}}, "Missing policy_name"),
    (CREATE, {"data": {"policy_name": "\ud800"}}, "Missing policy_name"),
    (CREATE, {"data": {"policy_name": "strict"}}, "Policy already exists"),
    (WRAP, {"data": NAME}, "metadata missing"),
    (WRAP, {"data": NAME | {"metadata": [{}]}}, "Missing entity_name"),
    (
        WRAP,
        {"data": NAME | {"metadata": [{"entity_name": "PERSON"}]}},
        "Missing format_prefix or format_suffix",
    ),
    (
        WRAP,
        {"data": NAME | {"metadata": [{"entity_name": "PERSON", "prefix": 5}]}},
        "Missing format_prefix or format_suffix",
    ),
    (
        WRAP,
        {"data": NAME | {"metadata": [{"entity_name": "PERSON", "prefix": "x" * 65}]}},
        "A prefix or suffix has at most 64 characters",
    ),
    (
        WRAP,
        {"data": NAME | {"metadata": [{"entity_name": "PERSON", "prefix": "\ud800"}]}},
        "A prefix or suffix has at most 64 characters",
    ),
    (
        WRAP,
        {"data": NAME | {"metadata": [{"entity_name": "NOBODY", "prefix": "x"}]}},
        "Entity doesn't exist.",
    ),
    (
        WRAP,
        {"data": {"policy_name": "no", "metadata": [{"entity_name": "PERSON", "prefix": "x"}]}},
        "Policy doesn't exist.",
    ),
    (MOVE, {"data": NAME | {"metadata": []}}, "metadata missing"),
    (
        MOVE,
        {"data": NAME | {"metadata": {"excluded_entities": [["PERSON"]]}}},
        "Missing entity_name",
    ),
    (
        MOVE,
        {
            "data": NAME
            | {"metadata": {"excluded_entities": ["URL"], "anonymizable_entities": ["URL"]}}
        },
        "An entity is in one category only",
    ),
]


@pytest.mark.parametrize(("path", "body", "message"), WRONG, ids=range(len(WRONG)))
def test_what_is_refused(desk: Desk, path: str, body: Any, message: str) -> None:
    create(desk)
    before = entities(desk, "pseudonymizable_entities")
    assert desk.refused(f"/metadata/{path}", body) == (400, message)
    assert entities(desk, "pseudonymizable_entities") == before


@pytest.mark.parametrize("path", [CREATE, WRAP, MOVE])
def test_no_body_can_name_a_file_of_the_server(desk: Desk, path: str) -> None:
    """A policy file may name another file; over the network that would read any of them."""
    create(desk)
    file = {"values_file": "/etc/hostname"}
    data = {
        "policy_name": "sneaky" if path == CREATE else NAME["policy_name"],
        "custom": {"HOST": file},
        **file,
        "metadata": {"custom": {"HOST": file}, "excluded_entities": ["URL"]}
        if path == MOVE
        else [{"entity_name": "PERSON", "prefix": "x", "suffix": "y", "custom": file, **file}],
    }
    desk.call("PUT", f"/metadata/{path}", {"data": data})
    vault = desk.service.namespaces.get("acme")
    assert vault is not None
    for name in vault.policies():
        assert vault.policy(name).custom == {}
