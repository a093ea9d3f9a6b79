"""A work place for one form of the Messages API, and the answers that API gives."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anthropic

from tests.clients.bench import EVENTS, JSON, PROMPT, Bench, each, held, in_steps, now
from tests.wireserver import Received, Script

__all__ = [
    "CASES",
    "FORMS",
    "MessagesBench",
    "answered",
    "answers",
    "ask",
    "blocks_of",
    "event",
    "form",
    "run",
    "says",
    "signed",
    "spoken",
    "streamed",
    "streams",
    "text_of",
    "tool_call",
    "words",
]

Block = dict[str, Any]


class MessagesBench(Bench):
    """A `Bench` whose clients are Anthropic's."""

    def __init__(self, kind: str, vault: Any = None) -> None:
        super().__init__(kind, "httpx2", vault)

    def bare(self, settings: dict[str, Any] | None = None, **options: Any) -> Any:
        sdk: Any = anthropic.AsyncAnthropic if self.kind == "async" else anthropic.Anthropic
        defaults = {
            "api_key": "none",
            "base_url": self.server.url,
            "max_retries": 0,
            "http_client": self.bare_http(**settings or {}),
        }
        client = sdk(**defaults | options)
        self.clients.append(client)
        return client


# Asking -------------------------------------------------------------------------------------------


def says(content: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": content}


def _arguments(messages: tuple[dict[str, Any], ...], more: dict[str, Any]) -> dict[str, Any]:
    said = list(messages) or [says(PROMPT)]
    return {"model": "m", "max_tokens": 9, "messages": said} | more


def ask(client: Any, *messages: dict[str, Any], **more: Any) -> Any:
    return client.messages.create(**_arguments(messages, more))


def streams(client: Any, *messages: dict[str, Any], **more: Any) -> Any:
    """The SDK's helper that puts the events together, held open."""
    return held(client.messages.stream(**_arguments(messages, more)))


async def final(client: Any, *messages: dict[str, Any], **more: Any) -> Any:
    """The message that the helper has put together at the end of a stream."""
    async with streams(client, *messages, **more) as stream:
        return await now(stream.get_final_message())


async def both(client: Any, *messages: dict[str, Any], **more: Any) -> list[Any]:
    """The same call, whole and streamed."""
    return [await now(ask(client, *messages, **more)), await final(client, *messages, **more)]


async def text_of(stream: Any) -> str:
    """The text of raw events."""
    return "".join(
        [
            one.delta.text
            async for one in each(stream)
            if one.type == "content_block_delta" and one.delta.type == "text_delta"
        ]
    )


# Answering ----------------------------------------------------------------------------------------


def words(request: Received) -> str:
    """The last message's text, as the provider sees it."""
    content = json.loads(request.body)["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def spoken(text: str, **more: Any) -> Block:
    return {"type": "text", "text": text} | more


def signed(thinking: str, signature: str = "c2lnbmVk/+8=") -> Block:
    return {"type": "thinking", "thinking": thinking, "signature": signature}


def tool_call(number: int = 1, **arguments: Any) -> Block:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "write", "input": arguments}


def answered(*blocks: Block, **more: Any) -> dict[str, Any]:
    """A whole message."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(blocks),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    } | more


def event(said: dict[str, Any], end: str = "\n") -> bytes:
    data = json.dumps(said, ensure_ascii=False)
    return f"event: {said['type']}{end}data: {data}{end}{end}".encode()


def blocks_of(message: dict[str, Any], step: int = 3) -> list[dict[str, Any]]:
    """The events of a streamed message."""
    parts = [_events(index, block, step) for index, block in enumerate(message["content"])]
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    opened = message | {"content": [], "stop_reason": None, "stop_sequence": None}
    return [
        {"type": "message_start", "message": opened},
        {"type": "ping"},
        *_woven(parts),
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]


_PIECES = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}


def _events(index: int, block: Block, step: int) -> list[dict[str, Any]]:
    """The events of one block. A block of another type comes whole, with its start."""
    opened = dict(block)
    deltas: list[dict[str, Any]] = []
    if block["type"] in _PIECES:
        kind, name = _PIECES[block["type"]]
        opened[name] = ""
        deltas = [{"type": kind, name: piece} for piece in in_steps(block[name], step)]
    elif "input" in block:
        opened["input"] = {}
        pieces = in_steps(json.dumps(block["input"], ensure_ascii=False), step)
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]
    if "signature" in block:
        opened["signature"] = ""
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    for citation in opened.pop("citations", None) or ():
        deltas.append({"type": "citations_delta", "citation": citation})
    return [
        {"type": "content_block_start", "index": index, "content_block": opened},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def _woven(parts: list[list[dict[str, Any]]]) -> Iterable[dict[str, Any]]:
    """One block after the other, as the API sends them."""
    return (one for part in parts for one in part)


def streamed(message: dict[str, Any]) -> Script:
    return Script(200, EVENTS, [event(one) for one in blocks_of(message)], chunked=True)


def answers(make: Callable[[Received], dict[str, Any]]) -> Callable[[Received], Script]:
    """Answer with the message that `make` makes of a request, whole or streamed as asked."""

    def answer(request: Received) -> Script:
        message = make(request)
        if json.loads(request.body).get("stream"):
            return streamed(message)
        return Script(200, JSON, [json.dumps(message, ensure_ascii=False).encode()])

    return answer


echo = answers(lambda request: answered(spoken(words(request))))

# Forms --------------------------------------------------------------------------------------------

Form = Callable[[MessagesBench], Awaitable[None]]
FORMS: dict[str, Form] = {}
CASES: list[tuple[str, str]] = []


def form(run: Form) -> Form:
    """A form for both kinds of client."""
    FORMS[run.__name__] = run
    CASES.extend((run.__name__, kind) for kind in ("sync", "async"))
    return run


def run(name: str, kind: str) -> None:
    """Run one form; raises what it raises."""

    async def running() -> None:
        bench = MessagesBench(kind)
        with bench.server:
            try:
                await FORMS[name](bench)
            finally:
                await bench.close()

    asyncio.run(running())
    gc.collect()  # so that what was left open is blamed on this form
