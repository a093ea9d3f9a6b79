"""The last look at what leaves: it never stops a masked call, and always one with a leak in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import EgressBlocked, LocalVault, Masked, Policy
from llm_guard_protecto.guard import Exchange, Outgoing, drive
from llm_guard_protecto.guard.egress import scan
from llm_guard_protecto.guard.exchange import Guard
from llm_guard_protecto.models import ExcludedEntity
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.packages import Package
from llm_guard_protecto.wire.slots import Format, Slot
from tests.guard.material import mask
from tests.texts import texts

NAME, MAIL, CARD = "Sarah Johnson", "sarah.johnson@example.com", "4111 1111 1111 1111"
PROMPT = f"I am {NAME}, {MAIL}, and my card is {CARD}."
PATH = "/v1/chat/completions"


@cache
def vault() -> LocalVault:
    return LocalVault("memory:", environ={})


@cache
def answer() -> Masked:
    return vault().mask([PROMPT])[0]


def looked_at(path: str = PATH, query: str = "", **more: Any) -> int:
    """What `scan` says of the masked prompt with `more` beside it."""
    said = [{"role": "user", "content": answer().token_value}]
    body = json.dumps({"model": "m", "messages": said, **more}).encode()
    return scan(body, path, query, [answer()]).scanned


class WithAHole:
    """The chat format with a hole in its table: it does not see what `path` says."""

    def __init__(self, hole: Callable[[Slot], bool]) -> None:
        self._hole = hole

    def __getattr__(self, name: str) -> Any:
        return getattr(CHAT, name)

    def request_slots(self, doc: Any) -> list[Slot]:
        return [slot for slot in CHAT.request_slots(doc) if not self._hole(slot)]


class HoleyGuard(Guard):
    """A guard whose formats have a hole."""

    def __init__(self, hole: Callable[[Slot], bool]) -> None:
        super().__init__()
        self._hole = hole

    def _package(self, format_: Format, request: Outgoing) -> Package:
        holey: Any = WithAHole(self._hole)
        return super()._package(holey, request)


def send(guard: Guard, **body: Any) -> Exchange:
    outgoing = Outgoing("POST", PATH, "application/json", json.dumps(body).encode())
    return drive(guard.open(outgoing), vault())


HIDDEN: list[tuple[Callable[[Slot], bool], dict[str, Any]]] = [
    (
        lambda slot: slot.path == ("messages", 1, "content"),
        {"messages": [{"role": "user", "content": PROMPT}, {"role": "user", "content": PROMPT}]},
    ),
    (
        lambda slot: slot.path[-1] == "arguments",
        {
            "messages": [
                {"role": "user", "content": PROMPT},
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "f", "arguments": json.dumps({"to": MAIL})},
                        }
                    ],
                },
            ]
        },
    ),
    (
        lambda slot: slot.path[0] == "metadata",
        {"messages": [{"role": "user", "content": PROMPT}], "metadata": {"for": f"To {NAME}"}},
    ),
    (
        lambda slot: slot.path[0] == "stop",
        {"messages": [{"role": "user", "content": PROMPT}], "stop": [f"{NAME}:"]},
    ),
]


@pytest.mark.parametrize(("hole", "body"), HIDDEN, ids=["content", "arguments", "metadata", "stop"])
def test_a_hole_in_a_table_stops_the_call(
    hole: Callable[[Slot], bool], body: dict[str, Any]
) -> None:
    with pytest.raises(EgressBlocked) as blocked:
        send(HoleyGuard(hole), model="m", **body)
    assert not any(word in str(blocked.value) for word in ("Sarah", "Johnson", "4111"))
    assert send(Guard(), model="m", **body).body


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    before=st.text(st.characters(exclude_categories=["L", "N", "M", "Cs", "Pc"]), max_size=5),
    after=st.text(st.characters(exclude_categories=["L", "N", "M", "Cs", "Pc"]), max_size=5),
    value=st.sampled_from([NAME, MAIL, CARD]),
    spelt=st.sampled_from([json.dumps, lambda text: json.dumps(text, ensure_ascii=False)]),
)
def test_a_value_in_a_sentence_is_always_seen(
    before: str, after: str, value: str, spelt: Callable[[Any], str]
) -> None:
    """Whatever signs stand around it, however they are escaped, in JSON inside JSON too."""
    leak = f"{before} {value} {after}"
    for what in (leak, {"a": [leak]}, spelt({"to": leak}), spelt([{leak: spelt([leak])}])):
        body = spelt({"messages": answer().token_value, "x": what}).encode()
        with pytest.raises(EgressBlocked):
            scan(body, PATH, "", [answer()])


@pytest.mark.parametrize(
    "leak",
    [
        {"user": MAIL},
        {"x": f"mailto:{MAIL}"},
        {"x": f"x{MAIL}x"},
        {"id": "4111111111111111x", "y": CARD},
        {"x": f'{{"half": "\\n{NAME}'},
        {"x": f"“{NAME}”"},
        {"x": {f"about {MAIL}": 1}},
        {"x": {NAME: NAME}},
        {"query": "to=sarah.johnson%40example.com"},
        {"query": "to=Sarah+Johnson"},
        {"path": "/v1/of/Sarah%20Johnson"},
    ],
)
def test_where_a_value_may_not_stand(leak: dict[str, Any]) -> None:
    with pytest.raises(EgressBlocked) as blocked:
        looked_at(**leak)
    assert not any(word in str(blocked.value) for word in ("Sarah", "sarah", "Johnson", "4111"))


@pytest.mark.parametrize(
    "fine",
    [
        {"model": "Sarah"},
        {"tools": [{"function": {"name": "Johnson"}}]},
        {"x": "Johnsons and Sarahs"},
        {"parameters": {"properties": {"Sarah Johnson": {}}, "required": ["Sarah Johnson"]}},
        {"max_tokens": 4111},
        {"path": "/openai/deployments/Sarah-Johnson/chat/completions"},
        {"query": "api-version=2024-10-21"},
    ],
)
def test_where_a_word_may_stand(fine: dict[str, Any]) -> None:
    """Words of the API, names of fields: prompts speak of them."""
    assert looked_at(**fine)


def test_the_bytes_are_counted() -> None:
    body = send(Guard(), model="m", messages=[{"role": "user", "content": PROMPT}]).body
    assert scan(body, PATH, "a=b", [answer()]).scanned == len(body) + len(PATH) + 3


def test_lines_and_bodies_that_are_no_json_are_looked_at() -> None:
    line = json.dumps({"body": {"messages": [{"role": "user", "content": answer().token_value}]}})
    clean = f"--b\r\ncontent-disposition: form-data\r\n\r\n{line}\n{line}\n--b--".encode()
    assert scan(clean, PATH, "", [answer()]).scanned
    for leak in (line.replace("user", "x\\n" + NAME), f"one line: {NAME}"):
        with pytest.raises(EgressBlocked):
            scan(clean + b"\n" + leak.encode(), PATH, "", [answer()])


def test_a_line_ends_where_json_says_so() -> None:
    """A separator of lines within a string ends no line: what was left in it is known."""
    one = mask(f"{NAME} was here", (NAME, "cn4Rv PvBCff2", "PER"))
    left = (ExcludedEntity(NAME, "PERSON", 3, 16),)
    other = Masked(f"by {NAME}\u2028\x85 x", f"by {NAME}\u2028\x85 x", excluded_entities=left)
    lines = [json.dumps([text.token_value], ensure_ascii=False) for text in (one, other)]
    assert scan("\r\n".join(lines).encode(), PATH, "", [one, other])


def test_what_the_vault_says_that_it_left_may_stand() -> None:
    one = mask(f"{NAME} was here", (NAME, "cn4Rv PvBCff2", "PER"))
    other = Masked(f"by {NAME}", f"by {NAME}")
    body = json.dumps([one.token_value, other.token_value]).encode()
    with pytest.raises(EgressBlocked):
        scan(body, PATH, "", [one, other])
    left = Masked(
        other.value, other.value, excluded_entities=(ExcludedEntity(NAME, "PERSON", 3, 16),)
    )
    assert scan(body, PATH, "", [one, left])


def test_a_text_that_is_not_what_its_tokens_say_is_not_believed() -> None:
    one = mask(f"{NAME} was here", (NAME, "cn4Rv PvBCff2", "PER"))
    lying = Masked(one.value, one.value, one.individual_tokens)
    with pytest.raises(EgressBlocked):
        scan(json.dumps([lying.token_value]).encode(), PATH, "", [lying])


def test_a_wrapper_may_spell_a_value() -> None:
    one = mask("PER and ORG", ("PER", "cn4Rv", "ORG"))
    assert scan(json.dumps([one.token_value]).encode(), PATH, "", [one])


def test_what_a_policy_allows_may_stand() -> None:
    policy = Policy.parse({"name": "p", "allow": [NAME]})
    said = [{"role": "user", "content": f"{PROMPT} Ask {NAME} again."}]
    assert NAME.encode() in send(Guard(policy), model="m", messages=said).body


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(texts(), min_size=1, max_size=5), again=st.booleans())
def test_a_masked_call_is_never_stopped(said: list[str], again: bool) -> None:
    """Any texts, in messages and arguments, tokens of an earlier turn among them."""
    if again:
        said = [*said, *(one.token_value for one in vault().mask(said))]
    call = {"name": "f", "arguments": json.dumps({"to": said})}
    messages: list[Any] = [{"role": "user", "content": text} for text in said]
    messages.append(
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": call}]}
    )
    assert send(Guard(), model="m", messages=messages, metadata={"k": said[0]}).body


def test_nothing_masked_is_nothing_to_look_for() -> None:
    body = json.dumps({"messages": PROMPT}).encode()
    assert scan(body, PATH, "", vault().mask(["Hello"])).scanned == len(body) + len(PATH)
