"""Custom tags over HTTP: a detector and a list of the customer's, and nowhere else to call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.sources import Sources
from llm_guard_protecto.models import Span
from llm_guard_protecto.server.service import Service
from tests.server.customer import Customer, customer
from tests.server.desk import ALL, Clock, Desk, opened

FIND = "/metadata/add-or-update/custom-tag/identification-endpoint"
LIST = "/metadata/add-or-update/custom-tag/pi-list-endpoint"
DETAILS = "/metadata/custom-tag/details"
DELETE = "/metadata/delete/custom-tag"
SECRET = "Bearer hide-me-7b31"
TEXT = "Order of ID-1001 and ID-2001"


@pytest.fixture
def theirs() -> Iterator[Customer]:
    with customer() as running:
        yield running


@pytest.fixture
def desk(theirs: Customer) -> Iterator[Desk]:
    with opened(environ={"LLM_GUARD_ENDPOINTS": f"https://ids.example.com, {theirs.url}"}) as desk:
        yield desk


def tag(url: str, kind: str = FIND, **more: Any) -> dict[str, Any]:
    key = "identification" if kind == FIND else "pi_elements_list"
    said = {"url": url, "method": "PUT" if kind == FIND else "GET"}
    at = said | {"headers": {"Authorization": SECRET}}
    return {"data": {"tag_type": "CUSTOMER_ID", f"{key}_endpoint_details": at, **more}}


def found(desk: Desk, text: str = TEXT, **more: Any) -> list[tuple[str, str]]:
    [item] = desk.put("/mask", {"mask": [{"value": text}], **more})
    return [(one["pii_type"], one["value"]) for one in item["individual_tokens"]]


def test_a_detector_finds_a_tag_until_it_is_deleted(desk: Desk, theirs: Customer) -> None:
    assert found(desk) == []
    said = desk.put(FIND, tag(f"{theirs.url}/find"))
    assert said == {"message": "custom tag CUSTOMER_ID added or updated successfully."}
    [item] = desk.put("/mask", {"mask": [{"value": TEXT}]})
    assert re.fullmatch(
        r"Order of <CUSTOMER_ID>\w+</CUSTOMER_ID> and <CUSTOMER_ID>\w+</CUSTOMER_ID>",
        item["token_value"],
    )
    assert item["individual_tokens"][0]["start_pos"] == 9
    verb, path, headers = theirs.asked[-1]
    assert (verb, path, headers["authorization"]) == ("PUT", "/find", SECRET)
    assert desk.put(DELETE, {"data": {"tag_type": "CUSTOMER_ID"}}) == {
        "message": "custom tag CUSTOMER_ID deleted successfully."
    }
    assert found(desk) == []
    [back] = desk.put("/unmask", {"unmask": [{"token_value": item["token_value"]}]})
    assert back["value"] == TEXT  # what was masked stays valid
    desk.put(FIND, tag(f"{theirs.url}/find"))
    assert [value for _, value in found(desk)] == ["ID-1001", "ID-2001"]


def test_a_tag_belongs_to_one_policy_of_one_namespace(desk: Desk, theirs: Customer) -> None:
    desk.put("/metadata/policy/create", {"data": {"policy_name": "own"}})
    desk.put(FIND, tag(f"{theirs.url}/find", policy_name="own"))
    assert found(desk) == []
    assert found(desk, policy_name="own") == [
        ("CUSTOMER_ID", "ID-1001"),
        ("CUSTOMER_ID", "ID-2001"),
    ]
    other = desk.of("other", *ALL)
    assert other.refused(DETAILS, {"data": {"tag_type": "CUSTOMER_ID"}}) == (
        400,
        "Custom tag doesn't exist.",
    )
    rows = desk.get("/metadata/personal-data-entities/list", policy_name="own")["details"]
    names = [one["entity_name"] for one in rows[0]["metadata"]["pseudonymizable_entities"]]
    assert "CUSTOMER_ID" in names
    desk.put("/metadata/policy/delete", {"data": {"policy_name": "own"}})
    desk.put("/metadata/policy/create", {"data": {"policy_name": "own"}})
    assert found(desk, policy_name="own") == []
    about = {"data": {"tag_type": "CUSTOMER_ID", "policy_name": "own"}}
    assert desk.refused(DETAILS, about) == (400, "Custom tag doesn't exist.")


def test_known_values_are_found_and_the_unknown_count_less(desk: Desk, theirs: Customer) -> None:
    desk.put(FIND, tag(f"{theirs.url}/find"))
    desk.put(LIST, tag(f"{theirs.url}/list", LIST))
    assert found(desk, TEXT + ", ID-3001!") == [
        ("CUSTOMER_ID", "ID-2001"),
        ("CUSTOMER_ID", "ID-3001"),
    ]
    assert ("GET", "/list") in {asked[:2] for asked in theirs.asked}


@pytest.mark.parametrize(
    "said",
    [["ID-1001"], {"data": ["ID-1001"]}, {"data": {"elements": ["ID-1001"]}, "success": True}],
)
def test_a_list_alone_is_enough(desk: Desk, theirs: Customer, said: Any) -> None:
    theirs.known = said
    desk.put(LIST, tag(f"{theirs.url}/list", LIST))
    assert found(desk) == [("CUSTOMER_ID", "ID-1001")]


@pytest.mark.parametrize("wrong", ["status", "shape"])
@pytest.mark.parametrize("kind", [FIND, LIST])
def test_when_a_tag_cannot_be_asked_nothing_is_masked(
    desk: Desk, theirs: Customer, kind: str, wrong: str
) -> None:
    desk.put(kind, tag(f"{theirs.url}/{'find' if kind == FIND else 'list'}", kind))
    if wrong == "status":
        theirs.status = 302
    else:
        theirs.known = {"data": [1]}
        theirs.answer = lambda path, body: {"data": "nothing"}  # type: ignore[method-assign]
    assert desk.refused("/mask", {"mask": [{"value": TEXT}]}) == (
        503,
        "Detection did not finish, nothing was masked",
    )


def test_details_show_no_secret(desk: Desk, theirs: Customer) -> None:
    desk.put(FIND, tag(f"{theirs.url}/find"))
    desk.put(LIST, tag(f"{theirs.url}/list", LIST))
    hidden = {"Authorization": "***"}
    assert desk.put(DETAILS, {"data": {"tag_type": "CUSTOMER_ID"}}) == {
        "token_name": "Default Token",
        "format_name": "Default Format",
        "tag_type": "CUSTOMER_ID",
        "prefix": "<CUSTOMER_ID>",
        "suffix": "</CUSTOMER_ID>",
        "description": "CUSTOMER_ID",
        "identification_endpoint_details": {
            "headers": hidden,
            "method": "PUT",
            "url": f"{theirs.url}/find",
        },
        "pi_elements_list_endpoint_details": {
            "headers": hidden,
            "method": "GET",
            "url": f"{theirs.url}/list",
        },
    }


REFUSED = [
    "http://169.254.169.254/latest/meta-data",
    "http://localhost:1/find",
    "https://ids.example.com.evil.example/find",
    "https://ids.example.com@evil.example/find",
    "https://evil.example/https://ids.example.com",
    "https://ids.example.com:8443/find",
    "http://ids.example.com/find",
    "https://ids.example.com\\@evil.example/",
    "https://ids.example.com\t.evil.example/",
    " https://ids.example.com/find",
    "https:ids.example.com/find",
    "https://ids.example.com?x",
    "file:///etc/passwd",
    "ftp://ids.example.com/",
    "local:find",
    "//ids.example.com/",
    "https://[::1]/",
    "https://ids.example.com/" + "x" * 2000,
    "https://ıds.example.com/",
]


@pytest.mark.parametrize("url", REFUSED)
@pytest.mark.parametrize("kind", [FIND, LIST])
def test_no_address_but_the_allowed_ones(desk: Desk, kind: str, url: str) -> None:
    assert desk.refused(kind, tag(url, kind)) == (400, "url is not one that this server may call")
    assert desk.refused(DETAILS, {"data": {"tag_type": "CUSTOMER_ID"}})[0] == 400


@pytest.mark.parametrize("url", ["https://ids.example.com", "https://IDS.example.com:443/a/b?c=d"])
def test_an_allowed_address_in_other_words(desk: Desk, url: str) -> None:
    desk.put(FIND, tag(url))


def test_what_was_allowed_once_is_not_asked_where_it_is_not(
    theirs: Customer, tmp_path: Path
) -> None:
    """The list of addresses is the process's own; a stored tag does not get round it."""
    key = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
    with opened(tmp_path / "v.db", key | {"LLM_GUARD_ENDPOINTS": theirs.url}) as desk:
        desk.put(FIND, tag(f"{theirs.url}/find"))
        assert len(found(desk)) == 2
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in file.read_bytes()
    asked = len(theirs.asked)
    with opened(tmp_path / "v.db", key) as desk:
        assert desk.refused("/mask", {"mask": [{"value": TEXT}]})[0] == 503
    assert len(theirs.asked) == asked


def test_a_function_of_the_program_may_find_a_tag() -> None:
    def ids(texts: Any, /) -> list[list[Span]]:
        return [
            [Span(t.find("ID-"), t.find("ID-") + 7, "ANY")] if "ID-" in t else [] for t in texts
        ]

    with LocalVault("memory:", environ={}, sources=Sources(functions={"ids": ids})) as vault:
        desk = Desk(Service(vault, clock=Clock()), Clock(), "").of("acme", *ALL)
        desk.put(FIND, tag("local:ids"))
        assert found(desk) == [("CUSTOMER_ID", "ID-1001")]
        assert desk.refused(FIND, tag("local:other"))[0] == 400


BAD: list[tuple[Any, str]] = [
    ({}, "data missing"),
    ({"data": {}}, "Missing tag_type"),
    ({"data": {"tag_type": ""}}, "Missing tag_type"),
    ({"data": {"tag_type": 7}}, "Missing tag_type"),
    ({"data": {"tag_type": "a b"}}, "tag_type has letters, digits and _ only, and a letter first"),
    ({"data": {"tag_type": "X"}}, "identification_endpoint_details missing"),
    ({"data": {"tag_type": "X", "identification_endpoint_details": {}}}, "Missing url"),
]


@pytest.mark.parametrize(("body", "message"), BAD)
def test_what_is_refused_and_how(desk: Desk, body: Any, message: str) -> None:
    assert desk.refused(FIND, body) == (400, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "DELETE"}, "method is one of PUT, POST"),
        ({"method": 1}, "method is one of PUT, POST"),
        ({"headers": []}, "headers are an object of strings"),
        ({"headers": {"X": 1}}, "headers are an object of strings"),
        ({"headers": {"X": "a\r\nHost: evil"}}, "headers are an object of strings"),
        ({"headers": {"X Y": "a"}}, "headers are an object of strings"),
        ({"headers": {"hoST": "evil.example"}}, "headers cannot say how a request is sent"),
    ],
)
def test_an_address_that_cannot_be_asked(
    desk: Desk, theirs: Customer, change: dict[str, Any], message: str
) -> None:
    body = tag(f"{theirs.url}/find")
    body["data"]["identification_endpoint_details"] |= change
    assert desk.refused(FIND, body) == (400, message)


def test_an_entity_of_ours_is_no_custom_tag(desk: Desk, theirs: Customer) -> None:
    body = tag(f"{theirs.url}/find")
    body["data"]["tag_type"] = "PERSON"
    assert desk.refused(FIND, body)[1].startswith("tag_type is the name of an entity")
    assert desk.refused(FIND, tag(f"{theirs.url}/find", policy_name="no"))[1] == (
        "Policy doesn't exist."
    )


def test_it_needs_the_permission_to_change_metadata(desk: Desk, theirs: Customer) -> None:
    other = desk.of("acme", "mask", "unmask")
    for path in (FIND, LIST, DETAILS, DELETE):
        assert other.refused(path, tag(theirs.url)) == (403, "Permission denied")
