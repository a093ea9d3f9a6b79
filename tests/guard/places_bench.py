"""Replies of three APIs, whole and streamed, with a token in every kind of place; and what came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llm_guard_protecto.guard import Exchange
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.wire.anthropic_messages import MESSAGES
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.openai_responses import RESPONSES
from llm_guard_protecto.wire.slots import Format
from tests.guard.material import MAP

Call = tuple[str, str]
"""A tool's name and its arguments as JSON text."""


@dataclass(frozen=True)
class Said:
    """What a model says: a text, calls of tools, and calls of tools that take free text."""

    text: str
    calls: Sequence[Call] = ()
    free: Sequence[Call] = ()


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]


# Chat completions ---------------------------------------------------------------------------------


def chat_whole(said: Said) -> Any:
    calls = [
        {"id": str(n), "type": "function", "function": {"name": name, "arguments": text}}
        for n, (name, text) in enumerate(said.calls)
    ]
    calls += [
        {"id": str(n), "type": "custom", "custom": {"name": name, "input": text}}
        for n, (name, text) in enumerate(said.free, len(calls))
    ]
    message = {"role": "assistant", "content": said.text, "tool_calls": calls}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def chat_events(said: Said, size: int) -> Iterator[Any]:
    def chunk(finish: str | None = None, **delta: Any) -> Any:
        return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    for piece in cut(said.text, size):
        yield chunk(content=piece)
    rows = [("function", "arguments", call) for call in said.calls]
    rows += [("custom", "input", call) for call in said.free]
    for n, (kind, _, (name, _)) in enumerate(rows):
        yield chunk(tool_calls=[{"index": n, "id": str(n), "type": kind, kind: {"name": name}}])
    cuts = [cut(text, size + n) for n, (_, _, (_, text)) in enumerate(rows)]
    for turn in range(max(map(len, cuts), default=0)):  # parallel calls, interleaved
        for n, (kind, field, _) in enumerate(rows):
            if turn < len(cuts[n]):
                yield chunk(tool_calls=[{"index": n, kind: {field: cuts[n][turn]}}])
    yield chunk(finish="stop")


def chat_read(bodies: Sequence[Any]) -> Said:
    text, calls, free = "", dict[int, list[str]](), dict[int, list[str]]()
    for body in bodies:
        choice = body["choices"][0]
        delta = choice.get("message") or choice["delta"]
        text += delta.get("content") or ""
        for n, call in enumerate(delta.get("tool_calls") or ()):
            kind = "function" if "function" in call else "custom"
            row = (calls if kind == "function" else free).setdefault(call.get("index", n), ["", ""])
            row[0] += call[kind].get("name", "")
            row[1] += call[kind].get("arguments" if kind == "function" else "input", "")
    return Said(text, _rows(calls), _rows(free))


# Responses ----------------------------------------------------------------------------------------


def _items(said: Said) -> list[Any]:
    part = {"type": "output_text", "text": said.text, "annotations": []}
    items: list[Any] = [{"type": "message", "role": "assistant", "content": [part]}]
    for name, text in said.calls:
        items.append({"type": "function_call", "name": name, "arguments": text})
    for name, text in said.free:
        items.append({"type": "custom_tool_call", "name": name, "input": text})
    return [item | {"id": f"item_{n}"} for n, item in enumerate(items)]


def responses_whole(said: Said) -> Any:
    return {"id": "resp_1", "object": "response", "output": _items(said)}


_KINDS = {
    "message": ("output_text", "text"),
    "function_call": ("function_call_arguments", "arguments"),
    "custom_tool_call": ("custom_tool_call_input", "input"),
}


def responses_events(said: Said, size: int) -> Iterator[Any]:
    number = 0

    def event(kind: str, **fields: Any) -> Any:
        nonlocal number
        number += 1
        return {"type": f"response.{kind}", "sequence_number": number, **fields}

    for n, item in enumerate(_items(said)):
        where = {"output_index": n, "item_id": item["id"]}
        kind, field = _KINDS[item["type"]]
        empty: Any = {"content": []} if kind == "output_text" else {field: ""}
        begun = item | empty
        yield event("output_item.added", output_index=n, item=begun)
        text = said.text if kind == "output_text" else item[field]
        where |= {"content_index": 0} if kind == "output_text" else {}
        for piece in cut(text, size):
            yield event(f"{kind}.delta", **where, delta=piece)
        yield event(f"{kind}.done", **where, **{field: text})
        yield event("output_item.done", output_index=n, item=item)
    yield event("completed", response=responses_whole(said))


def _responses_said(items: Sequence[Any]) -> Said:
    calls = [(i["name"], i["arguments"]) for i in items if i["type"] == "function_call"]
    free = [(i["name"], i["input"]) for i in items if i["type"] == "custom_tool_call"]
    return Said(items[0]["content"][0]["text"], calls, free)


def responses_read(bodies: Sequence[Any]) -> Said:
    """What the last event says, after seeing that every other copy says the same."""
    said = _responses_said(bodies[-1].get("response", bodies[-1])["output"])
    texts = [said.text, *(text for _, text in (*said.calls, *said.free))]
    for event in bodies[:-1]:
        n = event["output_index"]
        if event["type"].endswith(".delta"):
            pieces = [e["delta"] for e in bodies if e.get("output_index") == n and "delta" in e]
            assert "".join(pieces) == texts[n]
        elif event["type"] == "response.output_item.done":
            item = event["item"]
            kind, field = _KINDS[item["type"]]
            copy = item["content"][0]["text"] if kind == "output_text" else item[field]
            assert copy == texts[n]
        elif event["type"].endswith(".done"):
            [copy] = [event[name] for name in ("text", "arguments", "input") if name in event]
            assert copy == texts[n]
    return said


# Messages -----------------------------------------------------------------------------------------


def messages_whole(said: Said) -> Any:
    blocks: list[Any] = [{"type": "text", "text": said.text}]
    for n, (name, text) in enumerate(said.calls):
        kind = ("tool_use", "server_tool_use")[n % 2]
        blocks.append({"type": kind, "id": str(n), "name": name, "input": json.loads(text)})
    return {"type": "message", "id": "msg_1", "content": blocks}


def messages_events(said: Said, size: int) -> Iterator[Any]:
    yield {"type": "message_start", "message": {"id": "msg_1", "content": []}}
    for n, block in enumerate(messages_whole(said)["content"]):
        tool = block["type"] != "text"
        text = said.calls[n - 1][1] if tool else block["text"]
        empty: Any = {"input": {}} if tool else {"text": ""}
        begun = block | empty
        yield {"type": "content_block_start", "index": n, "content_block": begun}
        for piece in cut(text, size):
            delta = {"type": "input_json_delta", "partial_json": piece} if tool else {
                "type": "text_delta", "text": piece}  # fmt: skip
            yield {"type": "content_block_delta", "index": n, "delta": delta}
        yield {"type": "content_block_stop", "index": n}
    yield {"type": "message_stop"}


def messages_read(bodies: Sequence[Any]) -> Said:
    if bodies[0]["type"] == "message":
        text, *tools = bodies[0]["content"]
        calls = [(tool["name"], json.dumps(tool["input"], ensure_ascii=False)) for tool in tools]
        return Said(text["text"], calls)
    texts, rows = "", dict[int, list[str]]()
    for event in bodies:
        if event["type"] == "content_block_start" and event["content_block"]["type"] != "text":
            rows[event["index"]] = [event["content_block"]["name"], ""]
        elif event["type"] == "content_block_delta" and event["index"] in rows:
            rows[event["index"]][1] += event["delta"]["partial_json"]
        elif event["type"] == "content_block_delta":
            texts += event["delta"]["text"]
    return Said(texts, _rows(rows))


def _rows(rows: Mapping[int, list[str]]) -> list[Call]:
    return [(name, text) for _, (name, text) in sorted(rows.items())]


@dataclass(frozen=True)
class Api:
    """One API: how it says something, and what a program reads of it."""

    format: Format
    whole: Callable[[Said], Any]
    events: Callable[[Said, int], Iterator[Any]]
    read: Callable[[Sequence[Any]], Said]

    def restored(self, said: Said, policy: Policy) -> Said:
        """What a program reads of a whole reply."""
        body = json.dumps(self.whole(said), ensure_ascii=False).encode()
        reply = Exchange(b"", self.format, MAP, policy=policy).reply("application/json", body)
        return self.read([json.loads(reply)])

    def streamed(self, said: Said, policy: Policy, size: int, step: int = 1 << 20) -> Said:
        """What a program reads of a stream: texts in pieces of `size`, bytes in pieces of `step`."""
        events = [json.dumps(e, ensure_ascii=False) for e in self.events(said, size)]
        data = "".join(f"data: {event}\n\n" for event in events).encode()
        stream = Exchange(b"", self.format, MAP, policy=policy).stream("text/event-stream")
        parts = [stream.feed(data[at : at + step]) for at in range(0, len(data), step)]
        out = b"".join([*parts, stream.flush()]).decode()
        lines = [line.removeprefix("data: ") for line in out.split("\n") if line]
        return self.read([json.loads(line) for line in lines])


APIS = {
    "chat": Api(CHAT, chat_whole, chat_events, chat_read),
    "responses": Api(RESPONSES, responses_whole, responses_events, responses_read),
    "messages": Api(MESSAGES, messages_whole, messages_events, messages_read),
}
