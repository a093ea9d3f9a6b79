"""A work place for one form: a scripted server, protected clients of either kind, bodies to send."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import openai

from llm_guard_protecto.clients import protect
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import TinyVault
from tests.wireserver import Received, Script, WireServer

NAME = "Sarah Jönsson"
MAIL = "sarah@elm.example"
PHONE = "(555) 987-6543"
QUOTED = 'the "Elm" Café'
VALUES = (NAME, MAIL, PHONE, QUOTED)
PROMPT = f"Write to {NAME} ({MAIL}, {PHONE}) at {QUOTED}."


JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


async def now(value: Any) -> Any:
    """What a call gives, whether it has to be awaited or not."""
    return await value if inspect.isawaitable(value) else value


async def each(values: Any) -> AsyncGenerator[Any, None]:
    """What an iteration gives, of either kind."""
    if hasattr(values, "__aiter__"):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value


@asynccontextmanager
async def held(manager: Any) -> AsyncIterator[Any]:
    """What a `with` gives, of either kind."""
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value


@dataclass
class Bench:
    """One form's work place: a server, and protected clients that talk to it."""

    kind: str
    family: str
    vault: Any = None
    script: Callable[[Received], Script] | None = None
    clients: list[Any] = field(default_factory=list)
    server: WireServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = WireServer(self._answer)

    def _answer(self, request: Received) -> Script:
        if self.script is None:
            raise AssertionError("nothing should have been sent")
        return self.script(request)

    @property
    def http(self) -> Any:
        return import_module(self.family)

    def bare_http(self, **settings: Any) -> Any:
        """The caller's own HTTP client. No proxy of this machine, no certificates to load."""
        kind = self.http.AsyncClient if self.kind == "async" else self.http.Client
        return kind(**{"trust_env": False, "verify": False} | settings)

    def bare(self, settings: dict[str, Any] | None = None, **options: Any) -> Any:
        """An unprotected client."""
        sdk = openai.AsyncOpenAI if self.kind == "async" else openai.OpenAI
        defaults = {
            "api_key": "none",
            "base_url": f"{self.server.url}/v1",
            "max_retries": 0,
            "http_client": self.bare_http(**settings or {}),
        }
        client = sdk(**defaults | options)
        self.clients.append(client)
        return client

    def client(self, settings: dict[str, Any] | None = None, **options: Any) -> Any:
        """A protected one. `settings` are of its HTTP client."""
        return protect(self.bare(settings, **options), self.vault or TinyVault(*VALUES))

    async def close(self) -> None:
        for client in self.clients:
            await now(client.close())

    def sent(self) -> bytes:
        """All that the server heard; none of it in clear."""
        heard = bytes(self.server.heard)
        assert heard
        assert leaked(heard, VALUES) == []
        return heard

    def asked(self) -> Any:
        """The last request's body."""
        self.sent()
        return json.loads(self.server.requests[-1].body)


def say(text: str, **more: Any) -> dict[str, Any]:
    """A message of the user's."""
    return {"role": "user", "content": text} | more


def last_text(request: Received) -> str:
    """The last message's text as the provider sees it."""
    content = json.loads(request.body)["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def message(text: str | None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text} | more


def completion(*messages: dict[str, Any], reason: str = "stop") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": index, "message": one, "finish_reason": reason}
            for index, one in enumerate(messages)
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def whole(
    body: Any, status: int = 200, ascii_only: bool = False, headers: dict[str, str] | None = None
) -> Script:
    data = json.dumps(body, ensure_ascii=ascii_only).encode()
    return Script(status, JSON | (headers or {}), [data])


def chunk(delta: dict[str, Any], index: int = 0, reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": index, "delta": delta, "finish_reason": reason}],
    }


def in_steps(text: str, step: int = 3) -> list[str]:
    return [text[at : at + step] for at in range(0, len(text), step)]


def spoken(text: str, index: int = 0) -> list[dict[str, Any]]:
    """The chunks of a streamed text."""
    steps = [chunk({"role": "assistant", "content": ""}, index)]
    steps += [chunk({"content": step}, index) for step in in_steps(text)]
    return [*steps, chunk({}, index, "stop")]


def event_bytes(chunks: Sequence[dict[str, Any]], end: str = "\n") -> list[bytes]:
    said = [json.dumps(one, ensure_ascii=False) for one in chunks]
    return [f"data: {data}{end}{end}".encode() for data in [*said, "[DONE]"]]


def streamed(chunks: Sequence[dict[str, Any]]) -> Script:
    return Script(200, EVENTS, event_bytes(chunks), chunked=True)


def ask(client: Any, *messages: dict[str, Any], **more: Any) -> Any:
    arguments = {"model": "m", "messages": list(messages) or [say(PROMPT)]} | more
    return client.chat.completions.create(**arguments)


def always(script: Script) -> Callable[[Received], Script]:
    """The same answer to every request."""
    return lambda request: script


async def text_of(stream: Any) -> str:
    return "".join(
        [one.choices[0].delta.content or "" async for one in each(stream) if one.choices]
    )


def echo(request: Received) -> Script:
    """Answers with the masked text it was sent, whole or streamed as asked."""
    if json.loads(request.body).get("stream"):
        return streamed(spoken(last_text(request)))
    return whole(completion(message(last_text(request))))


async def outcome(calling: Callable[..., Any], *args: Any, **more: Any) -> Exception:
    """The error that a call, or the iteration of what it returns, ends with."""
    try:
        result = await now(calling(*args, **more))
        if hasattr(result, "__iter__") or hasattr(result, "__aiter__"):
            async for _ in each(result):
                pass
    except Exception as error:  # noqa: BLE001 - whichever it is, it is compared
        return error
    raise AssertionError("no error")


Form = Callable[[Bench], Awaitable[None]]
FORMS: dict[str, Form] = {}
CASES: list[tuple[str, str]] = []
"""Each form with each kind of client that it makes sense for."""


def form(run: Form) -> Form:
    """A form for both kinds of client."""
    FORMS[run.__name__] = run
    CASES.extend((run.__name__, kind) for kind in ("sync", "async"))
    return run


def async_form(run: Form) -> Form:
    """A form for async clients."""
    FORMS[run.__name__] = run
    CASES.append((run.__name__, "async"))
    return run
