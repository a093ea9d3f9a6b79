"""The routes of the console: who may call them, and what they say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llm_guard_protecto import Policy
from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.policy import BUILT_IN
from llm_guard_protecto.server.console.calls import CONSOLE
from llm_guard_protecto.server.gateway.calls import Recent
from llm_guard_protecto.server.gateway.configuration import Gateway
from tests.server.desk import Desk, opened

TEXT = "Ask Sarah Johnson, 44, at sarah.johnson@example.com"
EVERY = [(verb, path) for path, verbs in CONSOLE.items() for verb in verbs]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened(console=True) as made:
        yield made


@pytest.mark.parametrize(("verb", "path"), EVERY)
def test_without_the_console_there_are_no_such_routes(verb: str, path: str) -> None:
    with opened() as plain:
        assert plain.refused(path, method=verb)[0] == 404


@pytest.mark.parametrize(("verb", "path"), EVERY)
def test_each_wants_a_token_with_one_of_its_permissions(desk: Desk, verb: str, path: str) -> None:
    assert desk.of(None).refused(path, {}, verb) == (403, "Permission denied")
    desk.token, token = "", desk.token
    assert desk.refused(path, {}, verb)[0] == 401
    desk.token = token
    permissions = CONSOLE[path][verb].permissions
    for one in {"mask", "unmask", "metadata_change"} - permissions:
        assert desk.of("acme", one).refused(path, {}, verb) == (403, "Permission denied")


def test_a_session_says_who_one_is(desk: Desk) -> None:
    said = desk.get("/console/session")
    assert said["namespace"] == "acme"
    assert said["owner"] == "someone"
    assert said["permissions"] == ["mask", "metadata_change", "unmask"]
    assert said["families"]["PERSON"] == "person"
    assert (said["default_policy"], said["gateway"]) == ("default", None)


def test_only_who_may_list_policies_is_told_their_names(desk: Desk) -> None:
    source = 'name = "layoffs"\nextends = "strict"'
    desk.put("/console/policy", {"source": source})
    assert desk.get("/console/session")["policies"] == [*BUILT_IN, "layoffs"]
    assert desk.of("acme", "mask").get("/console/session")["policies"] == [*BUILT_IN]


def test_a_session_knows_the_gateway_and_no_address_of_it(desk: Desk) -> None:
    said = {
        "upstreams": {"openai": {"url": "https://api.openai.com/v1", "key_env": "OPENAI_KEY"}},
        "policies": {"default": "strict", "allowed": ["minimal"]},
        "shadow": True,
    }
    desk.service.gateway_file = Gateway.model_validate(said)
    assert desk.get("/console/session")["gateway"] == {
        "providers": [{"name": "openai", "kind": "openai"}],
        "policies": ["strict", "minimal"],
        "shadow": True,
    }


def test_finds_are_explained_and_nothing_is_kept(desk: Desk) -> None:
    vault = desk.service.namespaces.get("acme")
    assert vault is not None
    before = vault.keys_status()["keys"]
    found = desk.put("/console/explain", {"text": TEXT, "policy_name": "default"})
    person = next(one for one in found if one["outcome"] == "masked")
    assert TEXT[person["start_pos"] : person["end_pos"]] == "Sarah Johnson"
    assert person["pii_type"] == "PERSON"
    assert person["score"] >= person["threshold"]
    assert {one["outcome"] for one in found} <= {"masked", "excluded", "covered", "allowed"}
    assert vault.keys_status()["keys"] == before


def test_a_policy_is_tried_before_it_is_kept(desk: Desk) -> None:
    source = (
        'name = "x"\n[custom.CASE]\npatterns = ["C-[0-9]{4}"]\n[entities.PERSON]\naction="exclude"'
    )
    found = desk.put("/console/explain", {"text": "C-1234 of Sarah Johnson", "source": source})
    assert {one["pii_type"]: one["outcome"] for one in found} == {
        "CASE": "masked",
        "PERSON": "excluded",
    }
    assert "x" not in desk.get("/console/session")["policies"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing text"),
        ({"text": 7}, "Missing text"),
        ([], "Payload is not an object"),
        ({"text": "a", "policy_name": "gone"}, "Policy doesn't exist."),
        ({"text": "a", "policy_name": ["x"]}, "Policy doesn't exist."),
        ({"text": "a", "source": "name ="}, "this is no TOML"),
    ],
)
def test_a_question_that_cannot_be_answered(desk: Desk, body: object, message: str) -> None:
    status, said = desk.refused("/console/explain", body)
    assert status == 400
    assert said.startswith(message)


def test_a_policy_is_written_read_and_changed(desk: Desk) -> None:
    made = desk.put("/console/policy", {"source": 'name = "clinic"\nextends = "strict"'})
    shown = desk.get("/console/policy", policy_name="clinic")
    assert shown["fingerprint"] == made["fingerprint"]
    source = shown["source"] + '\n[entities.URL]\naction = "exclude"\n'
    desk.put("/console/policy", {"source": source, "replaces": shown["fingerprint"]})
    vault = desk.service.namespaces.get("acme")
    assert vault is not None
    assert vault.policy("clinic").rule("URL").action == "exclude"
    assert vault.policy("clinic").rule("AGE").action == "pseudonymize"


def test_nobody_overwrites_what_they_have_not_seen(desk: Desk) -> None:
    mine = desk.put("/console/policy", {"source": 'name = "clinic"'})
    theirs = 'name = "clinic"\nallow = ["Acme"]'
    desk.put("/console/policy", {"source": theirs, "replaces": mine["fingerprint"]})
    for replaces in (None, mine["fingerprint"], 7):
        status, said = desk.refused(
            "/console/policy", {"source": 'name = "clinic"\ntoxicity = false', "replaces": replaces}
        )
        assert status == 409
        assert "by now" in said
    assert "Acme" in desk.get("/console/policy", policy_name="clinic")["source"]


def test_a_built_in_policy_is_replaced_only_by_who_has_loaded_it(desk: Desk) -> None:
    source = 'name = "default"\nallow = ["Acme"]'
    assert desk.refused("/console/policy", {"source": source})[0] == 409
    shown = desk.get("/console/policy", policy_name="default")
    desk.put("/console/policy", {"source": source, "replaces": shown["fingerprint"]})
    assert "Acme" in desk.get("/console/policy", policy_name="default")["source"]


def test_a_policy_is_checked_and_every_mistake_told(desk: Desk) -> None:
    said = desk.put("/console/policy/check", {"source": 'name = "x"'})
    assert said == {"name": "x", "mistakes": []}
    source = 'name = "x"\nextends = "gone"\ncolour = 1\n[entities.PERSO]'
    said = desk.put("/console/policy/check", {"source": source})
    assert said["name"] is None
    assert [one.split(":")[0] for one in said["mistakes"]] == [
        "extends",
        "entities.PERSO",
        "colour",
    ]
    assert desk.put("/console/policy/check", {})["mistakes"] == ["the policy is empty"]


def test_a_policy_with_a_file_of_the_server_is_not_shown(desk: Desk, tmp_path: object) -> None:
    names = f"{tmp_path}/names.txt"
    with open(names, "w") as file:
        file.write("heron\n")
    vault = desk.service.namespaces.get("acme")
    assert vault is not None
    vault.put_policy(Policy.parse({"name": "lists", "custom": {"BIRD": {"values_file": names}}}))
    answer = desk.call("GET", "/console/policy", policy_name="lists")
    assert answer.status == 400
    assert names not in str(answer.content)


def test_calls_are_counts_of_ones_own_namespace(desk: Desk) -> None:
    assert desk.get("/console/calls") == []
    desk.service.recent = Recent(desk.clock)
    receipt = Receipt("whole", "default", masked={"PERSON": 1}, restored=1)
    for namespace in ("acme", "other"):
        desk.service.recent.add(namespace, "bot", "openai", "/chat/completions", False, receipt)
    [call] = desk.get("/console/calls")
    assert call["time"] == "2026-03-04 05:06:07"
    assert (call["owner"], call["provider"], call["path"]) == ("bot", "openai", "/chat/completions")
    assert call["receipt"]["masked"] == {"PERSON": 1}
