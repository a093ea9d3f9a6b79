"""Every way of the OpenAI SDK to stream, and everything that can go wrong with each."""

from __future__ import annotations

from typing import Any

from tests.clients import responses_bench as responses
from tests.clients.bench import CASES, FORMS, PROMPT, chunk, in_steps, last_text, say
from tests.clients.responses_bench import asked
from tests.clients.stream_faults import register
from tests.clients.streaming import Event, Way

ASKED: dict[str, Any] = {"model": "m", "messages": [say(PROMPT)]}
INPUT: dict[str, Any] = {"model": "m", "input": PROMPT}


def error(message: str) -> Event:
    return {"error": {"message": message, "type": "server_error", "param": None, "code": "x"}}


def numbered_error(message: str) -> Event:
    return {"type": "error", "code": "x", "message": message, "param": None, "sequence_number": 0}


def chat_begins(text: str) -> list[Event]:
    return [chunk({"role": "assistant", "content": ""})] + [
        chunk({"content": step}) for step in in_steps(text)
    ]


def piece(text: str, reason: str | None = None) -> Event:
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}
    body = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
    return body | {"choices": [choice]}


def chat_said(event: Any) -> str:
    return "".join(one.delta.content or "" for one in event.choices)


def response_said(event: Any) -> str:
    return str(event.delta) if event.type == "response.output_text.delta" else ""


def response_way(name: str, opens: Any, **more: Any) -> Way:
    return Way(
        name,
        "responses",
        opens,
        lambda request: str(asked(request)["input"]),
        lambda text: responses.speaking(text)[:-4],
        lambda text: responses.speaking(text)[-4:],
        response_said,
        numbered_error,
        **more,
    )


WAYS = (
    Way(
        "chat",
        "chat",
        lambda client: client.chat.completions.create(stream=True, **ASKED),
        last_text,
        chat_begins,
        lambda text: [chunk({}, 0, "stop")],
        chat_said,
        error,
    ),
    Way(
        "chat_helper",
        "chat",
        lambda client: client.chat.completions.stream(**ASKED),
        last_text,
        chat_begins,
        lambda text: [chunk({}, 0, "stop")],
        lambda event: str(event.delta) if event.type == "content.delta" else "",
        error,
        managed=True,
    ),
    Way(
        "completion",
        "completions",
        lambda client: client.completions.create(model="m", prompt=PROMPT, stream=True),
        lambda request: str(asked(request)["prompt"]),
        lambda text: [piece(step) for step in in_steps(text)],
        lambda text: [piece("", "stop")],
        lambda event: "".join(one.text for one in event.choices),
        error,
    ),
    response_way("response", lambda client: client.responses.create(stream=True, **INPUT)),
    response_way("response_helper", lambda client: client.responses.stream(**INPUT), managed=True),
    response_way(
        "response_again",
        lambda client: client.responses.retrieve("resp_1", stream=True),
        whole=lambda text: responses.response(status="queued"),
        ready=lambda client: client.responses.create(background=True, **INPUT),
    ),
)
register(WAYS, FORMS, CASES)
