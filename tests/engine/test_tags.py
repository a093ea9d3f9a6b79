"""Custom tags in the vault: sealed where they lie, asked again when they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_guard_protecto import DetectionFailed, LocalVault, Policy
from llm_guard_protecto.engine.sources import Sources
from llm_guard_protecto.engine.tag_detector import FRESH, TagDetector
from llm_guard_protecto.engine.tags import Address, Tag
from llm_guard_protecto.errors import Unreadable
from llm_guard_protecto.models import Span
from tests.server.customer import Customer, customer
from tests.wireserver import Script, WireServer

POLICY = Policy.parse({"name": "mine", "custom": {"CUSTOMER_ID": {}}})
KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
SECRET = "Bearer hide-me-7b31"


@pytest.fixture
def theirs() -> Iterator[Customer]:
    with customer() as running:
        yield running


def at(url: str, method: str = "PUT") -> Address:
    return Address(url, method, {"Authorization": SECRET})


def test_a_tag_is_sealed_and_shows_no_secret(tmp_path: Path) -> None:
    sources = Sources(frozenset({"https://ids.example.com"}))
    tag = Tag("mine", "CUSTOMER_ID", at("https://ids.example.com/find"))
    with LocalVault(tmp_path / "v.db", environ=KEY, sources=sources) as vault:
        vault.put_policy(POLICY)
        vault.tags.put(tag)
        assert vault.tags.get("mine", "CUSTOMER_ID") == tag
        assert SECRET not in repr(tag)
        assert vault.policies().count("mine") == 1
        assert not [name for name in vault.policies() if "CUSTOMER_ID" in name]
        other = vault.in_namespace("other")
        assert other.tags.get("mine", "CUSTOMER_ID") is None
        # A document that was carried to another tag does not open.
        [place] = [
            name
            for name in vault.store.policies(vault.keyring.namespace)
            if "CUSTOMER_ID" in name and name != "mine"
        ]
        document = vault.store.policy(vault.keyring.namespace, place)
        assert document is not None
        moved = place.replace("CUSTOMER_ID", "OTHER")
        vault.store.put_policy(vault.keyring.namespace, moved, document)
        with pytest.raises(Unreadable):
            vault.tags.get("mine", "OTHER")
    for file in tmp_path.iterdir():
        assert b"hide-me" not in file.read_bytes()


def test_what_is_changed_acts_on_the_next_request() -> None:
    def finds(word: str) -> Sources:
        return Sources(
            functions={
                name: lambda texts, name=name: [
                    [Span(t.find(name), t.find(name) + len(name), "X")] if name in t else []
                    for t in texts
                ]
                for name in word.split()
            }
        )

    with LocalVault("memory:", environ={}, sources=finds("alpha beta")) as vault:
        vault.put_policy(POLICY)
        text = "alpha or beta"
        assert vault.mask([text], "mine")[0].token_value == text
        for word in ("alpha", "beta"):
            vault.tags.put(Tag("mine", "CUSTOMER_ID", Address(f"local:{word}", "PUT")))
            [found] = vault.mask([text], "mine")[0].individual_tokens
            assert (found.value, found.pii_type) == (word, "CUSTOMER_ID")
        vault.tags.delete_all("mine")
        assert vault.mask([text], "mine")[0].token_value == text


def test_a_list_is_read_again_when_it_is_old(theirs: Customer) -> None:
    now = [0.0]
    detector = TagDetector(
        "CUSTOMER_ID",
        None,
        at(f"{theirs.url}/list", "GET"),
        Sources(frozenset({theirs.url})),
        clock=lambda: now[0],
    )
    theirs.known = ["ID-1001"]
    assert [len(spans) for spans in detector(["ID-1001 ID-2001"])] == [1]
    theirs.known = ["ID-1001", "ID-2001"]
    assert [len(spans) for spans in detector(["ID-1001 ID-2001"])] == [1]
    now[0] = FRESH
    assert [len(spans) for spans in detector(["ID-1001 ID-2001"])] == [2]
    now[0], theirs.status = 2 * FRESH, 500
    with pytest.raises(DetectionFailed, match="CUSTOMER_ID failed"):
        detector(["ID-1001"])
    assert SECRET not in repr(detector)
    detector.close()


def test_a_vault_that_is_closed_closes_the_connections_of_its_tags() -> None:
    """Those of its other namespaces, too, and of tags whose keys were replaced meanwhile."""
    answer = Script(headers={"content-type": "application/json"}, body=[b"[]"])
    with WireServer(lambda _: answer) as server:
        sources = Sources(frozenset({server.url}))
        with LocalVault("memory:", environ={}, sources=sources) as vault:
            for one in (vault, vault.in_namespace("other")):
                one.put_policy(POLICY)
                one.tags.put(Tag("mine", "CUSTOMER_ID", at(f"{server.url}/find")))
                one.mask(["nothing here"], "mine")
            vault.refresh()
            assert server.accepted == 2
        assert server.wait_for_end(2)
