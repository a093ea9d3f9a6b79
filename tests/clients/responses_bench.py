"""A Responses provider for the forms: what it says, whole and event by event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.clients.bench import EVENTS, MAIL, NAME, PHONE, PROMPT, QUOTED, in_steps, whole
from tests.wireserver import Received, Script

Event = dict[str, Any]
Item = dict[str, Any]


def response(*output: Item, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    } | more


def spoken(text: str, *annotations: dict[str, Any]) -> Item:
    part = {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


def call(arguments: str) -> Item:
    return {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "send",
        "arguments": arguments,
        "status": "completed",
    }


def numbered(events: Sequence[Event]) -> list[Event]:
    return [event | {"sequence_number": number} for number, event in enumerate(events)]


def speaking(text: str, *annotations: dict[str, Any], step: int = 3) -> list[Event]:
    """The events of one message, as OpenAI sends them; citations come after the text."""
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    item = spoken(text, *annotations)
    [part] = item["content"]
    empty = part | {"text": "", "annotations": []}
    events: list[Event] = [
        {"type": "response.created", "response": response(status="in_progress")},
        {"type": "response.in_progress", "response": response(status="in_progress")},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": item | {"content": [], "status": "in_progress"},
        },
        {"type": "response.content_part.added", "part": empty} | where,
    ]
    events += [
        {"type": "response.output_text.delta", "delta": piece, "logprobs": [], "obfuscation": "x"}
        | where
        for piece in in_steps(text, step)
    ]
    events += [
        {
            "type": "response.output_text.annotation.added",
            "annotation_index": at,
            "annotation": one,
        }
        | where
        for at, one in enumerate(annotations)
    ]
    events += [
        {"type": "response.output_text.done", "text": text, "logprobs": []} | where,
        {"type": "response.content_part.done", "part": part} | where,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response(item)},
    ]
    return numbered(events)


def calling(arguments: str) -> list[Event]:
    """The events of one function call."""
    where = {"item_id": "fc_1", "output_index": 0}
    item = call(arguments)
    events: list[Event] = [
        {"type": "response.created", "response": response(status="in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"arguments": ""}},
    ]
    events += [
        {"type": "response.function_call_arguments.delta", "delta": step} | where
        for step in in_steps(arguments)
    ]
    events += [
        {"type": "response.function_call_arguments.done", "arguments": arguments, "name": "send"}
        | where,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response(item)},
    ]
    return numbered(events)


def streamed(events: Sequence[Event], end: str = "\n") -> Script:
    body = [
        f"event: {event['type']}{end}data: {json.dumps(event, ensure_ascii=False)}{end}{end}"
        for event in events
    ]
    return Script(200, EVENTS, [event.encode() for event in body], chunked=True)


def asked(request: Received) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.body)
    return body


def echo(request: Received) -> Script:
    """Says the masked input, and repeats the settings, as the provider does."""
    body = asked(request)
    if body.get("stream"):
        return streamed(speaking(body["input"]))
    return whole(response(spoken(body["input"]), **{k: body[k] for k in ECHOED if k in body}))


ECHOED = (
    "instructions",
    "metadata",
    "prompt",
    "prompt_cache_key",
    "safety_identifier",
    "text",
    "tools",
    "user",
)


def create(client: Any, given: Any = PROMPT, **more: Any) -> Any:
    return client.responses.create(**{"model": "m", "input": given} | more)


def written(value: Any) -> str:
    """JSON inside a string."""
    return json.dumps(value, ensure_ascii=False)


ITEMS: list[Item] = [
    {"role": "user", "content": f"For {NAME}"},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": MAIL}]},
    spoken(f"To {NAME}"),
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": NAME}]}
    | {"encrypted_content": "gAAAAABo-x_9=="},
    call(written({"to": MAIL, "for": QUOTED})),
    {"type": "function_call_output", "call_id": "call_1", "output": written({"got": [QUOTED]})},
    {"type": "function_call_output", "call_id": "call_1", "output": f"{NAME} wrote {QUOTED}"},
    {
        "type": "function_call_output",
        "call_id": "call_1",
        "output": [{"type": "input_text", "text": PHONE}],
    },
    {"type": "custom_tool_call", "call_id": "call_2", "name": "sh", "input": f"mail {MAIL}"},
    {"type": "custom_tool_call_output", "call_id": "call_2", "output": NAME},
    {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": NAME, "queries": [MAIL]},
    },
    {
        "type": "file_search_call",
        "id": "fs_1",
        "status": "completed",
        "queries": [NAME],
        "results": [{"file_id": "f1", "text": PROMPT, "attributes": {"who": NAME}}],
    },
    {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "container_id": "c1",
        "code": f"who = {NAME!r}",
        "outputs": [{"type": "logs", "logs": MAIL}],
    },
    {
        "type": "shell_call",
        "call_id": "call_3",
        "action": {"commands": [f"finger {MAIL}"], "timeout_ms": 5},
    },
    {
        "type": "shell_call_output",
        "call_id": "call_3",
        "output": [{"stdout": NAME, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
    },
    {
        "type": "apply_patch_call",
        "call_id": "call_4",
        "status": "completed",
        "operation": {"type": "update_file", "path": "a.txt", "diff": f"+{NAME}\n"},
    },
    {
        "type": "mcp_call",
        "id": "mcp_1",
        "server_label": "crm",
        "name": "find",
        "arguments": written({"who": QUOTED}),
        "output": written([{"mail": MAIL, "at": QUOTED}]),
    },
    {
        "type": "computer_call",
        "id": "cc_1",
        "call_id": "call_5",
        "status": "completed",
        "pending_safety_checks": [{"id": "sc_1", "code": "malicious", "message": NAME}],
        "action": {"type": "type", "text": MAIL},
    },
    {"type": "tool_search_call", "arguments": {"query": NAME}},
    {"type": "program", "id": "p1", "call_id": "c", "code": f"#{NAME}", "fingerprint": "f+/=="},
    {"type": "image_generation_call", "id": "ig_1", "result": None, "revised_prompt": NAME},
    {"type": "item_reference", "id": "msg_0"},
    {"type": "compaction", "encrypted_content": "gAAAAABo_-=="},
]


def last_text(request: Received) -> str:
    text: str = asked(request)["input"][-1]["content"]
    return text
