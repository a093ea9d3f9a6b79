"""Where the guard gets its rules from: the policy given, the vault asked, or the built-in ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.errors import ConfigurationError, UnknownFormat, VaultError
from llm_guard_protecto.guard import Exchange, Guard, Outgoing, adrive, drive
from llm_guard_protecto.models import Item, Masked, Unmasked
from llm_guard_protecto.vault import PolicyChoice

PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
BODY = json.dumps({"messages": [{"role": "user", "content": PICTURE}]}).encode()
OPEN = {"surfaces": {"images": True}}


def picture(path: str = "/v1/chat/completions") -> Outgoing:
    return Outgoing("POST", path, "application/json", BODY)


class Plain:
    """A vault with the two methods that a vault needs."""

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> Sequence[Masked]:
        return [Masked(str(text), str(text)) for text in texts]

    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> Sequence[Unmasked]:
        return [Unmasked(text, text) for text in texts]


class Telling(Plain):
    """One that can be asked for its policies."""

    def policy(self, choice: PolicyChoice) -> object:
        return Policy.parse({"name": str(choice)} | OPEN) if choice == "open" else choice


def test_a_policy_that_is_given_is_the_policy() -> None:
    opened = drive(Guard(Policy.parse({"name": "p"} | OPEN)).open(picture()), Plain())
    assert opened.body == BODY
    assert opened.policy.name == "p"


@pytest.mark.parametrize("name", [None, "strict", "a policy of the vault's own"])
def test_a_vault_that_cannot_be_asked_means_the_strict_rules(name: str | None) -> None:
    with pytest.raises(UnknownFormat, match="surfaces.images"):
        drive(Guard(name).open(picture()), Plain())


def test_a_built_in_name_is_known_everywhere() -> None:
    empty = Outgoing("POST", "/v1/chat/completions", "application/json", b'{"messages":[]}')
    assert drive(Guard("strict").open(empty), Plain()).policy.name == "strict"
    assert drive(Guard("unheard").open(empty), Plain()).policy.name == "default"


def test_a_vault_that_can_be_asked_is_asked() -> None:
    assert drive(Guard("open").open(picture()), Telling()).body == BODY
    with pytest.raises(VaultError, match="something else than a policy"):
        drive(Guard("closed").open(picture()), Telling())


def test_an_async_caller_gets_the_same() -> None:
    async def ask(vault: Plain) -> Exchange:
        return await adrive(Guard("open").open(picture()), vault)

    assert asyncio.run(ask(Telling())).body == BODY
    with pytest.raises(UnknownFormat):
        asyncio.run(ask(Plain()))


def test_a_stored_policy_may_change_under_a_guard(tmp_path: Path) -> None:
    """What another process stores acts on the next request."""
    path = str(tmp_path / "vault.db")
    guard = Guard("mine")
    with LocalVault(path, environ={}) as ours, LocalVault(path, environ={}) as theirs:
        with pytest.raises(ConfigurationError, match="unknown policy 'mine'"):
            drive(guard.open(picture()), ours)
        theirs.put_policy(Policy.parse({"name": "mine"}))
        with pytest.raises(UnknownFormat):
            drive(guard.open(picture()), ours)
        theirs.put_policy(Policy.parse({"name": "mine"} | OPEN))
        assert drive(guard.open(picture()), ours).body == BODY
        theirs.put_policy(Policy.parse({"name": "mine"}))
        with pytest.raises(UnknownFormat):
            drive(guard.open(picture()), ours)


MAIL = "sarah.johnson@example.com"


def unknown(rule: str, body: bytes, method: str = "POST", query: str = "") -> Exchange:
    policy = Policy.parse({"name": "p", "surfaces": {"unknown_routes": rule}})
    request = Outgoing(method, "/v1/threads/x/fly", "application/json", body, query)
    with LocalVault("memory:", environ={}) as vault:
        return drive(Guard(policy).open(request), vault)


def test_a_call_that_is_not_covered() -> None:
    body = json.dumps({"model": "gpt-4o", "deep": [{"text": f"mail {MAIL}"}]}).encode()
    with pytest.raises(UnknownFormat, match="surfaces.unknown_routes"):
        unknown("refuse", body)
    assert unknown("send", body).body == body
    masked = unknown("mask", body)
    assert MAIL.encode() not in masked.body
    assert json.loads(masked.body)["model"] == "gpt-4o"
    assert masked.reply("application/json", masked.body) == body


def test_what_passes_unmasked_passes_back_untouched() -> None:
    sent = unknown("send", b"\x00 not JSON at all")
    assert sent.body == b"\x00 not JSON at all"
    assert sent.reply("application/json", b'{"a":"<PER>x</PER>"}') == b'{"a":"<PER>x</PER>"}'


def test_a_call_that_is_masked_has_nothing_that_cannot_be() -> None:
    assert unknown("mask", b"", "GET", "limit=5").body == b""
    for body, method, query in (
        (b"", "GET", "q=sarah johnson"),
        (b"{}", "POST", "q=sarah johnson"),
        (b"\x00", "POST", ""),
    ):
        with pytest.raises(UnknownFormat):
            unknown("mask", body, method, query)
