"""What the provider keeps: maps under the ids it reveals, and what is done without one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from llm_guard_protecto.errors import UnknownMap, VaultUnavailable
from llm_guard_protecto.guard import Exchange, Guard, Outgoing, adrive, drive
from llm_guard_protecto.guard.stored import REMEMBERED
from llm_guard_protecto.models import Masked
from llm_guard_protecto.wire.json_text import JsonText
from tests.clients.tiny_vault import AsyncKeepingVault, AsyncTinyVault, KeepingVault, TinyVault

NAME = "Sarah Jönsson"
OTHER = "Olga Brandt"
JSON = "application/json"
Json = dict[str, Any]


class Keeping(KeepingVault):
    """A vault that keeps maps, in a dictionary."""

    def __init__(self) -> None:
        super().__init__(NAME, OTHER)


def request(path: str, body: Json | None = None, host: str = "api.example") -> Outgoing:
    data = b"" if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    return Outgoing(method, path, JSON, data, host=host)


class Side:
    """One process: a guard of its own, and a vault that may be shared."""

    def __init__(self, vault: Any = None) -> None:
        self.guard, self.vault = Guard(), vault or Keeping()

    def call(self, path: str, body: Json | None, reply: Any, **more: Any) -> Any:
        """What the program gets; `reply` is what the provider says of what it was sent."""
        opened = self.opened(path, body, **more)
        said = reply(json.loads(opened.body)) if callable(reply) else reply
        raw = json.dumps(said, ensure_ascii=False).encode()
        return json.loads(drive(opened.answered(JSON, raw), self.vault))

    def opened(self, path: str, body: Json | None = None, **more: Any) -> Exchange:
        return drive(self.guard.open(request(path, body, **more)), self.vault)

    def respond(self, text: str, name: str = "resp_1", *repeats: str, **more: Any) -> Any:
        """A response that repeats its input, and these tokens."""
        return self.call(
            "/v1/responses",
            {"model": "m", "input": text} | more,
            lambda sent: {"id": name, "output": [spoken(" ".join([sent["input"], *repeats]))]},
        )

    def retrieve(self, name: str, text: str, **more: Any) -> str:
        reply = {"id": name, "output": [spoken(text)]}
        return text_of(self.call(f"/v1/responses/{name}", None, reply, **more))


def spoken(text: str) -> Json:
    return {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": text}]}


def text_of(reply: Json) -> str:
    return str(reply["output"][0]["content"][0]["text"])


def token(value: str) -> str:
    return TinyVault(NAME, OTHER).mask([value])[0].token_value


def test_another_process_restores_from_what_the_vault_keeps() -> None:
    vault = Keeping()
    assert text_of(Side(vault).respond(NAME)) == NAME
    assert Side(vault).retrieve("resp_1", f"Dear {token(NAME)}") == f"Dear {NAME}"


def test_a_token_of_another_response_stays_a_token() -> None:
    vault = Keeping()
    one = Side(vault)
    one.respond(NAME)
    one.respond(OTHER, "resp_2")
    assert Side(vault).retrieve("resp_1", token(OTHER)) == token(OTHER)


@pytest.mark.parametrize("vault", [Keeping(), TinyVault(NAME, OTHER)])
def test_a_chain_of_responses_is_restored_from_all_of_it(vault: Any) -> None:
    side = Side(vault)
    side.respond(NAME)
    second = side.respond(OTHER, "resp_2", token(NAME), previous_response_id="resp_1")
    assert text_of(second) == f"{OTHER} {NAME}"
    third = side.respond("go on", "resp_3", token(NAME), previous_response_id="resp_2")
    assert text_of(third) == f"go on {NAME}"
    assert side.retrieve("resp_3", f"{token(OTHER)} {token(NAME)}") == f"{OTHER} {NAME}"


def test_without_a_vault_that_keeps_another_process_is_told_so() -> None:
    vault = TinyVault(NAME, OTHER)
    here = Side(vault)
    here.respond(NAME)
    assert here.retrieve("resp_1", token(NAME)) == NAME
    with pytest.raises(UnknownMap, match="nothing is known here"):
        Side(vault).opened("/v1/responses/resp_1")


def test_two_providers_never_meet() -> None:
    side = Side()
    side.respond(NAME)
    with pytest.raises(UnknownMap):
        side.opened("/v1/responses/resp_1", host="other.example")
    side.call(
        "/v1/responses", {"input": OTHER}, {"id": "resp_1", "output": []}, host="other.example"
    )
    assert side.retrieve("resp_1", token(OTHER)) == token(OTHER)
    assert side.retrieve("resp_1", token(OTHER), host="other.example") == OTHER


def test_what_masks_nothing_can_be_read_all_the_same() -> None:
    vault = Keeping()
    Side(vault).respond("Good day.")
    assert Side(vault).retrieve("resp_1", "Good day.") == "Good day."
    assert vault.maps == {"api.example resp_1": []}


def test_what_the_provider_does_not_store_is_not_kept() -> None:
    side = Side()
    side.respond(NAME, store=False)
    side.respond(NAME, "resp_2", store=None)
    assert list(side.vault.maps) == ["api.example resp_2"]


def test_an_unknown_response_may_be_continued_and_stays_masked() -> None:
    reply = Side().respond(OTHER, "resp_2", token(NAME), previous_response_id="resp_1")
    assert text_of(reply) == f"{OTHER} {token(NAME)}"


def test_only_the_essence_is_kept() -> None:
    side = Side()
    side.respond(f"My sister {NAME} was told nothing.")
    assert [one.value for one in side.vault.maps["api.example resp_1"]] == [f" {NAME} "]


def in_events(side: Side, opened: Exchange, *events: Json) -> str:
    stream = opened.stream("text/event-stream")
    data = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()
    out = stream.feed(data)
    assert opened.tied is not None
    assert opened.tied.waits
    drive(opened.tied.settle(), side.vault)
    assert not opened.tied.waits
    return (out + stream.flush()).decode()


@pytest.mark.parametrize("text", [NAME, "Good day."])
def test_a_stream_reveals_its_id_as_it_begins(text: str) -> None:
    side = Side()
    opened = side.opened("/v1/responses", {"input": text, "stream": True})
    created = {"type": "response.created", "response": {"id": "resp_1", "output": []}}
    again = {"type": "response.in_progress", "response": {"id": "resp_1", "output": []}}
    in_events(side, opened, created, again)
    assert list(side.vault.maps) == ["api.example resp_1"]
    assert Side(side.vault).retrieve("resp_1", token(NAME)) == (
        NAME if text == NAME else token(NAME)
    )


def test_a_stored_response_is_streamed_restored() -> None:
    side = Side()
    side.respond(NAME)
    opened = Side(side.vault).opened("/v1/responses/resp_1")
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    pieces = [token(NAME)[:4], token(NAME)[4:]]
    events = [
        {"type": "response.output_text.delta", "delta": piece, "sequence_number": n} | where
        for n, piece in enumerate(pieces)
    ]
    stream = opened.stream("text/event-stream")
    out = b"".join(stream.feed(f"data: {json.dumps(event)}\n\n".encode()) for event in events)
    said = [
        json.loads(line[6:])["delta"]
        for line in (out + stream.flush()).decode().split("\n\n")
        if line
    ]
    assert "".join(said) == NAME


def test_a_conversation_gathers_what_each_call_masked() -> None:
    side = Side()
    items = [{"role": "user", "content": NAME}]
    side.call("/v1/conversations", {"items": items}, {"id": "conv_1", "object": "conversation"})
    reply = {"id": "resp_1", "conversation": {"id": "conv_1"}, "output": [spoken(token(NAME))]}
    for given in ("conv_1", {"id": "conv_1"}):
        said = side.call("/v1/responses", {"input": OTHER, "conversation": given}, reply)
        assert text_of(said) == NAME
    other = Side(side.vault)
    listed = {"object": "list", "data": [spoken(f"{token(NAME)} {token(OTHER)}")]}
    said = other.call("/v1/conversations/conv_1/items", None, listed)
    assert said["data"][0]["content"][0]["text"] == f"{NAME} {OTHER}"
    assert len(side.vault.maps["api.example conv_1"]) == 3  # each call adds its own, and no more


def test_items_added_to_a_conversation_are_kept_with_it() -> None:
    side = Side()
    side.call("/v1/conversations", {}, {"id": "conv_1"})
    side.call("/v1/conversations/conv_1/items", {"items": [{"role": "user", "content": NAME}]}, {})
    side.call("/v1/conversations/conv_1", {"metadata": {"who": OTHER}}, {"id": "conv_1"})
    reply = {"id": "conv_1", "metadata": {"who": f"{token(NAME)} {token(OTHER)}"}}
    said = Side(side.vault).call("/v1/conversations/conv_1", None, reply)
    assert said["metadata"] == {"who": f"{NAME} {OTHER}"}


def test_a_compaction_brings_back_what_went_into_it() -> None:
    side = Side()
    sealed = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
    side.call("/v1/responses/compact", {"input": NAME}, {"id": "resp_1", "output": [sealed]})
    side.call(
        "/v1/responses",
        {"input": OTHER, "store": False},
        {"id": "r", "output": [sealed | {"id": "cmp_2"}]},
    )
    items = [sealed, sealed | {"id": "cmp_2"}, {"role": "user", "content": "go on"}]
    reply = {"id": "resp_2", "output": [spoken(f"{token(NAME)} {token(OTHER)}")]}
    said = Side(side.vault).call("/v1/responses", {"input": items}, reply)
    assert text_of(said) == f"{NAME} {OTHER}"


def test_a_batch_hands_its_map_from_file_to_file() -> None:
    vault = Keeping()
    Side(vault).call(
        "/v1/batches", {"input_file_id": "file_1", "metadata": {"a": NAME}}, {"id": "b_1"}
    )
    done = {"id": "b_1", "output_file_id": "file_2", "metadata": {"a": token(NAME)}}
    assert Side(vault).call("/v1/batches/b_1", None, done)["metadata"] == {"a": NAME}
    listed = {"data": [done, done | {"id": "b_2"}], "first_id": "b_1"}
    assert Side(vault).call("/v1/batches", None, listed)["data"][0]["metadata"] == {"a": NAME}
    opened = Side(vault).opened("/v1/files/file_2/content")
    line = {"custom_id": token(NAME), "response": {"body": {"object": "chat.completion"}}}
    body = f"{json.dumps(line)}\n\n{json.dumps(line)}\n".encode()
    restored = drive(opened.answered("application/octet-stream", body), vault)
    assert restored.decode() == body.decode().replace(token(NAME), json.dumps(NAME)[1:-1])


def test_a_batch_of_a_known_file_is_known() -> None:
    """One that was started elsewhere, of a file that was masked here."""
    vault = Keeping()
    vault.keep(["api.example file_1"], vault.mask([NAME]))
    done = {"id": "b_9", "input_file_id": "file_1", "output_file_id": "file_2"}
    Side(vault).call("/v1/batches/b_9", None, done)
    assert vault.recall(["api.example file_2"]) == [vault.mask([NAME])]


@pytest.mark.parametrize("content", [b"text", b'{"a": 1}\n'])
def test_a_file_nothing_is_known_of_is_refused_if_it_is_text(content: bytes) -> None:
    side = Side()
    opened = side.opened("/v1/files/file_1/content")
    with pytest.raises(UnknownMap):
        drive(opened.answered("application/octet-stream", content), side.vault)


@pytest.mark.parametrize("content", [b"\x89PNG\xff", b"a\0b", b""])
def test_a_file_nothing_is_known_of_passes_if_it_is_none(content: bytes) -> None:
    side = Side()
    opened = side.opened("/v1/files/file_1/content")
    assert drive(opened.answered("image/png", content), side.vault) == content


def test_an_error_passes_whatever_is_known() -> None:
    side = Side()
    opened = side.opened("/v1/files/file_1/content")
    error = b'{"error": {"message": "no such file"}}'
    assert drive(opened.answered(JSON, error, ok=False), side.vault) == error


def test_a_file_of_text_comes_back_as_it_went() -> None:
    side = Side()
    side.vault.keep(["api.example file_1"], side.vault.mask([OTHER]))
    opened = side.opened("/v1/files/file_1/content")
    for said in ("{0},\n{0}", '{{"a": "{0}"}}\nand {0}', '{{"a":\n"{0}"}}', "[\n"):
        body = said.format(token(OTHER)).encode()
        restored = drive(opened.answered("text/plain", body), side.vault)
        assert restored.decode() == said.format(OTHER)


def test_a_vault_that_cannot_keep_ends_the_call() -> None:
    class Locked(Keeping):
        def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
            raise VaultUnavailable("locked")

    with pytest.raises(VaultUnavailable):
        Side(Locked()).respond(NAME)


def test_nothing_clear_shows_of_what_is_tied() -> None:
    side = Side(TinyVault(NAME, OTHER))
    side.respond(NAME)
    opened = side.opened("/v1/responses", {"input": OTHER, "previous_response_id": "resp_1"})
    assert opened.tied is not None
    opened.tied.heard(JsonText('{"id": "resp_2"}'))
    shown = f"{opened!r} {opened.tied!r} {vars(side.guard)!r}"
    assert not {NAME, OTHER} & {name for name in (NAME, OTHER) if name in shown}


def test_memory_forgets_the_least_recently_used() -> None:
    side = Side(TinyVault(NAME, OTHER))
    for n in range(REMEMBERED + 1):
        side.respond(NAME, f"resp_{n}")
        assert side.retrieve("resp_0", token(NAME)) == NAME
    with pytest.raises(UnknownMap):
        side.opened("/v1/responses/resp_1")
    assert side.retrieve("resp_2", token(NAME)) == NAME


@pytest.mark.anyio
@pytest.mark.parametrize(
    "vault", [AsyncKeepingVault(NAME, OTHER), AsyncTinyVault(NAME, OTHER), Keeping()]
)
async def test_async_vaults_are_asked_in_the_same_way(vault: Any) -> None:
    guard = Guard()
    opened = await adrive(guard.open(request("/v1/responses", {"input": NAME})), vault)
    reply = json.dumps({"id": "resp_1", "output": []}).encode()
    await adrive(opened.answered(JSON, reply), vault)
    opened = await adrive(guard.open(request("/v1/responses/resp_1")), vault)
    body = json.dumps({"id": "resp_1", "output": [spoken(token(NAME))]}).encode()
    assert text_of(json.loads(await adrive(opened.answered(JSON, body), vault))) == NAME


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# Threads of the Messages API ----------------------------------------------------------------------


def message(side: Side, text: str, name: str, said: str, **more: Any) -> str:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]} | more
    reply = {"id": name, "content": [{"type": "text", "text": said}]}
    return str(side.call("/v1/messages", body, reply)["content"][0]["text"])


def continued(name: str) -> Json:
    return {"thread": {"type": "continue", "previous_message_id": name}}


def test_a_thread_is_restored_from_all_its_calls_by_another_process() -> None:
    vault = Keeping()
    message(Side(vault), NAME, "msg_1", "", thread={"type": "create"})
    both = f"{token(NAME)} and {token(OTHER)}"
    said = message(Side(vault), OTHER, "msg_2", both, **continued("msg_1"))
    assert said == f"{NAME} and {OTHER}"
    assert message(Side(vault), "go on", "msg_3", both, **continued("msg_2")) == said


def test_a_streamed_thread_is_kept_too() -> None:
    side = Side()
    body = {"messages": [{"role": "user", "content": NAME}], "thread": {"type": "create"}}
    begun = {"type": "message_start", "message": {"id": "msg_1", "content": []}}
    in_events(side, side.opened("/v1/messages", body), begun)
    assert message(side, "go on", "msg_2", token(NAME), **continued("msg_1")) == NAME


def test_a_message_that_is_no_thread_is_not_kept() -> None:
    side = Side()
    message(side, NAME, "msg_1", "")
    assert side.vault.maps == {}
    assert message(side, OTHER, "msg_2", token(NAME), **continued("msg_1")) == token(NAME)
