"""What a policy lets be restored where: exactly there and nowhere else, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.policy import Policy
from tests.guard.places_bench import APIS, Api, Said

TOKEN, VALUE = "<PER>cn4Rv PvBCff2</PER>", "Sarah Johnson"
BENT = "[PER]cn4rv pvbcff2[/PER]"

MAIL = {
    "to": TOKEN,
    "cc": [TOKEN, {"name": TOKEN}],
    "body": {"text": f"Dear {TOKEN},", "html": f"<b>{BENT}</b>"},
    "headers": {"x-from": TOKEN, "deep": {"er": [TOKEN]}},
    TOKEN: 1,
}
SAID = Said(
    f"Dear {TOKEN}, hello.",
    [
        ("send_mail", json.dumps(MAIL)),
        ("ping", json.dumps({"q": TOKEN})),
        ("read_file", json.dumps([TOKEN, {"path": TOKEN}])),
    ],
    [("note", f"about {TOKEN}"), ("ping", TOKEN)],
)
MAIL_PLACES = ["to", "cc.0", "cc.1.name", "body.text", "body.html", "headers.x-from"]
MAIL_PLACES += ["headers.deep.er.0", "a key"]
TOOLS = [f"send_mail {place}" for place in MAIL_PLACES]
TOOLS += ["ping q", "read_file 0", "read_file 1.path"]
FREE = ["note free", "ping free"]
EVERYWHERE = {"text", *TOOLS, *FREE}

POLICIES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("default", {}, EVERYWHERE),
    ("all closed", {"text": False, "tools": False, "urls": "never", "images": "never"}, set()),
    ("text only", {"tools": False}, {"text"}),
    ("tools only", {"text": False}, EVERYWHERE - {"text"}),
    ("all open", {"urls": "always", "images": "always"}, EVERYWHERE),
    ("one tool closed", {"tools": {"ping": False}}, EVERYWHERE - {"ping q", "ping free"}),
    (
        "one tool open",
        {"tools": {"*": False, "send_mail": True}},
        {"text"} | {place for place in TOOLS if place.startswith("send_mail")},
    ),
    (
        "some arguments",
        {"tools": {"*": False, "send_mail": {"arguments": ["to", "body.*"]}}},
        {"text", "send_mail to", "send_mail body.text", "send_mail body.html"},
    ),
    (
        "all but some",
        {"tools": {"send_*": {"except": ["$.headers", "cc[1]"]}}},
        EVERYWHERE
        - {"send_mail headers.x-from", "send_mail headers.deep.er.0", "send_mail cc.1.name"},
    ),
    (
        "some of some",
        {"tools": {"*": {"arguments": ["headers", "[0]"], "except": ["**.er"]}}},
        {"text", "send_mail headers.x-from", "read_file 0"},
    ),
    (
        "any depth",
        {"text": False, "tools": {"*": {"arguments": ["**.name", "**.path", "$"], "except": ["cc"]}}},
        EVERYWHERE - {"text", "send_mail cc.0", "send_mail cc.1.name"},
    ),
    (
        "names of members",
        {"tools": {"send_mail": {"arguments": ["*"], "except": ["*.*"]}, "*": False}},
        {"text", "send_mail to", "send_mail a key"},
    ),
]  # fmt: skip


def policy(restore: dict[str, Any]) -> Policy:
    return Policy.parse({"name": "p", "restore": restore})


def at(value: Any, place: str) -> str:
    if place == "a key":
        return next((key for key in value if key in (TOKEN, VALUE)), "gone")
    for step in place.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return str(value)


def restored(said: Said) -> set[str]:
    """The places where the value stands; each holds the value or the very token, nothing else."""
    texts = {"text": said.text}
    texts |= {f"{name} free": text for name, text in said.free}
    for name, arguments in said.calls:
        names = [place for place in TOOLS if place.startswith(f"{name} ")]
        for place in names:
            texts[place] = at(json.loads(arguments), place.removeprefix(f"{name} "))
    for text in texts.values():
        assert (VALUE in text) != (TOKEN in text or BENT in text)
    return {place for place, text in texts.items() if VALUE in text}


def expected(api: str, places: set[str]) -> set[str]:
    return places - set(FREE) if api == "messages" else places


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("restore", "places"), [p[1:] for p in POLICIES], ids=[p[0] for p in POLICIES]
)
def test_exactly_there(api: str, restore: dict[str, Any], places: set[str]) -> None:
    rules, bench = policy(restore), APIS[api]
    assert restored(bench.restored(SAID, rules)) == expected(api, places)
    for size in (1, 5, 1000):
        assert restored(bench.streamed(SAID, rules, size)) == expected(api, places)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("restore", [p[1] for p in POLICIES], ids=[p[0] for p in POLICIES])
@settings(max_examples=15, deadline=None)
@given(size=st.integers(1, 60), step=st.integers(1, 400))
def test_streamed_is_whole(api: str, restore: dict[str, Any], size: int, step: int) -> None:
    rules, bench = policy(restore), APIS[api]
    whole, streamed = bench.restored(SAID, rules), bench.streamed(SAID, rules, size, step)
    assert streamed.text == whole.text
    assert list(streamed.free) == list(whole.free)
    assert [(name, json.loads(text)) for name, text in streamed.calls] == [
        (name, json.loads(text)) for name, text in whole.calls
    ]


@pytest.mark.parametrize("bench", APIS.values(), ids=APIS)
def test_an_unknown_tool_is_closed_where_some_tool_is(bench: Api) -> None:
    said = Said("", [("", json.dumps({"q": TOKEN}))])
    assert VALUE in bench.streamed(said, policy({}), 3).calls[0][1]
    assert VALUE not in bench.streamed(said, policy({"tools": {"ping": False}}), 3).calls[0][1]
    assert VALUE not in bench.restored(said, policy({"tools": {"ping": False}})).calls[0][1]


def test_a_name_that_comes_in_pieces() -> None:
    [*events] = APIS["chat"].events(Said("", [("send_mail", json.dumps({"to": TOKEN}))]), 4)
    for at_, event in enumerate(events):
        calls = event["choices"][0]["delta"].get("tool_calls")
        if calls and "name" in calls[0]["function"]:
            first, second = (json.loads(json.dumps(event)) for _ in range(2))
            first["choices"][0]["delta"]["tool_calls"][0]["function"]["name"] = "send_"
            second["choices"][0]["delta"]["tool_calls"][0]["function"]["name"] = "mail"
            events[at_ : at_ + 1] = [first, second]
            break
    bench = Api(APIS["chat"].format, APIS["chat"].whole, lambda *_: iter(events), APIS["chat"].read)
    for rules, opened in (({"send_mail": False}, False), ({"*": False, "send_mail": True}, True)):
        got = bench.streamed(SAID, policy({"tools": rules}), 4)
        assert got.calls[0][0] == "send_mail"
        assert (VALUE in got.calls[0][1]) == opened


NESTED = json.dumps({"body": json.dumps({"to": TOKEN, "deep": json.dumps({"er": TOKEN})}), "to": 1})


@pytest.mark.parametrize(
    ("arguments", "to", "er"),
    [(["body.to"], True, False), (["body"], True, True), (["**.er"], False, True), (["to"], False, False)],
)  # fmt: skip
def test_json_in_a_string_goes_on_with_the_way_of_the_string(
    arguments: list[str], to: bool, er: bool
) -> None:
    rules = policy({"tools": {"send_mail": {"arguments": arguments}}})
    for name in ("chat", "responses", "messages"):
        said = Said("", [("send_mail", NESTED)])
        for got in (
            APIS[name].restored(said, rules),
            *(APIS[name].streamed(said, rules, size) for size in (1, 7)),
        ):
            body = json.loads(json.loads(got.calls[0][1])["body"])
            assert (VALUE in body["to"]) == to
            assert (VALUE in json.loads(body["deep"])["er"]) == er


def test_what_a_providers_own_tool_is_asked_and_answers() -> None:
    whole = {
        "output": [
            {"type": "code_interpreter_call", "code": TOKEN, "outputs": [{"logs": TOKEN}]},
            {"type": "shell_call", "action": {"commands": [TOKEN]}},
            {"type": "web_search_call", "action": {"query": TOKEN}},
            {
                "type": "mcp_call",
                "name": "get",
                "arguments": f'{{"q": "{TOKEN}"}}',
                "output": TOKEN,
            },
        ]
    }
    bench = Api(APIS["responses"].format, lambda _: whole, APIS["responses"].events, list)  # type: ignore[arg-type]
    got: Any = bench.restored(Said(""), policy({"tools": {"shell": False, "get": False}}))
    code, shell, search, mcp = got[0]["output"]
    assert code == {"type": "code_interpreter_call", "code": VALUE, "outputs": [{"logs": VALUE}]}
    assert shell["action"]["commands"] == [TOKEN]
    assert search["action"]["query"] == VALUE
    assert TOKEN in mcp["arguments"]
    assert mcp["output"] == VALUE


def test_code_that_is_streamed_has_its_tools_rule() -> None:
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "code_interpreter_call"}},
        {"type": "response.code_interpreter_call_code.delta", "output_index": 0, "delta": TOKEN},
        {"type": "response.code_interpreter_call_code.done", "output_index": 0, "code": TOKEN},
        {"type": "response.shell_call_command.delta", "output_index": 1, "delta": TOKEN},
        {"type": "response.shell_call_output_content.delta", "output_index": 1, "delta": {"stdout": TOKEN}},
    ]  # fmt: skip
    base = APIS["responses"]
    bench = Api(base.format, base.whole, lambda *_: iter(events), list)  # type: ignore[arg-type]
    got: Any = bench.streamed(Said(""), policy({"tools": {"code_*": False}}), 1)
    assert [got[1]["delta"], got[2]["code"], got[3]["delta"]] == [TOKEN, TOKEN, VALUE]
    got = bench.streamed(Said(""), policy({"tools": {"shell": False}}), 1)
    assert [got[1]["delta"], got[2]["code"], got[3]["delta"]] == [VALUE, VALUE, TOKEN]
    assert got[4]["delta"]["stdout"] == VALUE
