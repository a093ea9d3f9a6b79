"""Doubles for your own tests: a model provider that lives in the process.

    provider = FakeProvider(reply=lambda messages: f"You said: {messages[-1]['content']}")
    client = protect(OpenAI(api_key="none", http_client=provider.client()))
    ...
    assert b"Ada" not in provider.last_body

It speaks the OpenAI chat completions and Responses APIs and Anthropic's Messages API, plain and
streamed, keeps conversations, files and batches, and needs no key, port or network.
The same object is an ASGI application, for programs that need a real address:
`uvicorn.run(FakeProvider())`. `serve` gives it one without another package.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from llm_guard_protecto.testing import messages_api
from llm_guard_protecto.testing.batches import StoredFiles
from llm_guard_protecto.testing.server import serve
from llm_guard_protecto.testing.stored import Asked, Calls, StoredResponses

__all__ = ["FakeProvider", "ProviderError", "Recorded"]

Message = Mapping[str, Any]
Reply = Callable[[Sequence[Message]], "str | Message"]


class ProviderError(Exception):
    """Raise it in a `reply` to make the provider answer with an error of this status."""

    def __init__(self, status: int, message: str) -> None:
        """Answer with `status` and an error body that says `message`."""
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as the provider received it; `body` holds its exact bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: str = ""

    def json(self) -> Any:
        """Parse the body as JSON."""
        return json.loads(self.body)


@dataclass
class FakeProvider:
    """A provider compatible with OpenAI and Anthropic that answers with what `reply` returns.

    `reply` gets the messages of the request and returns the text of the answer, or a whole
    assistant message (a dict with `content`, `tool_calls`, `refusal`, ...), or raises
    `ProviderError`; by default it repeats the text of the last message. `piece` is the number of
    characters in each event of a streamed answer. `failures` are statuses of errors to answer
    with before the first reply, one a request.

    `requests` holds every request received, `last_body` the body of the last one.
    """

    reply: Reply | None = None
    piece: int = 5
    failures: Sequence[int] = ()
    requests: list[Recorded] = field(default_factory=list)
    _stored: Sequence[Calls] = field(
        default_factory=lambda: (StoredResponses(), StoredFiles()), init=False, repr=False
    )

    @property
    def last_body(self) -> bytes:
        """The exact bytes of the last request's body; `b""` before the first request."""
        return self.requests[-1].body if self.requests else b""

    def client(self) -> Any:
        """Return an HTTP client for `OpenAI(http_client=...)`, or `Anthropic`, that reaches only this.

        It is of the family that the installed `openai` uses: `httpx2` from openai 3, else `httpx`.
        """
        http = _family()
        return http.Client(transport=http.MockTransport(lambda r: self._respond(http, r)))

    def async_client(self) -> Any:
        """Return an HTTP client for `AsyncOpenAI(http_client=...)`, as `client` does."""
        http = _family()
        return http.AsyncClient(transport=http.MockTransport(lambda r: self._respond(http, r)))

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve on a free port of this machine for as long as the block runs; the base URL.

        It ends in `/v1`, as the OpenAI SDK wants it; Anthropic's wants it without.
        """
        with serve(self._wire) as address:
            yield f"{address}/v1"

    def _wire(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, Iterator[bytes]]:
        return self.answer(Recorded(method, path, headers, body, query))

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Serve as an ASGI application."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = scope.get("query_string", b"").decode("latin-1")
        recorded = Recorded(scope["method"], scope["path"], headers, body, query)
        status, kind, pieces = self.answer(recorded)
        head = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def answer(self, request: Recorded) -> tuple[int, str, Iterator[bytes]]:
        """Record `request` and return the answer's status, content type and pieces of body."""
        self.requests.append(request)
        try:
            if len(self.requests) <= len(self.failures):
                raise ProviderError(self.failures[len(self.requests) - 1], "failing as it was told")
            if request.method == "POST" and request.path.endswith("/chat/completions"):
                return self._chat(request)
            if request.method == "POST" and request.path.endswith("/v1/messages"):
                return self._messages(request)
            asked = Asked(
                request.method, request.path, request.query, request.body, self._text, self.piece
            )
            for stored in self._stored:
                if (said := stored.answer(asked)) is not None:
                    return said
            raise ProviderError(404, f"no such route: {request.method} {request.path}")
        except KeyError:
            return self._error(ProviderError(404, "nothing has this id"))
        except ProviderError as error:
            return self._error(error)

    def _error(self, error: ProviderError) -> tuple[int, str, Iterator[bytes]]:
        kind = "invalid_request_error" if error.status < 500 else "server_error"
        said = {"message": error.message, "type": kind, "param": None, "code": None}
        body = _dump({"type": "error", "error": said})
        return error.status, "application/json", iter([body])

    def _text(self, messages: Sequence[Message]) -> str:
        said = (self.reply or _echo)(messages)
        return said if isinstance(said, str) else str(said.get("content") or "")

    def _asked(self, request: Recorded, what: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a request asks, and the message that answers it."""
        try:
            asked = request.json()
            messages = asked["messages"]
        except (ValueError, KeyError, TypeError):
            raise ProviderError(400, f"the body is not a {what} request") from None
        said = (self.reply or _echo)(messages)
        return asked, {"content": said} if isinstance(said, str) else dict(said)

    def _messages(self, request: Recorded) -> tuple[int, str, Iterator[bytes]]:
        asked, said = self._asked(request, "messages")
        message = messages_api.whole(asked.get("model", "fake"), said, len(request.body))
        if asked.get("stream"):
            return 200, "text/event-stream", messages_api.events(message, self.piece)
        return 200, "application/json", iter([_dump(message)])

    def _chat(self, request: Recorded) -> tuple[int, str, Iterator[bytes]]:
        asked, message = self._asked(request, "chat completion")
        head = {"id": "chatcmpl-fake", "created": 0, "model": asked.get("model", "fake")}
        choices = range(asked.get("n") or 1)
        usage = {"prompt_tokens": len(request.body), "completion_tokens": 1, "total_tokens": 1}
        if not asked.get("stream"):
            body = head | {
                "object": "chat.completion",
                "usage": usage,
                "choices": [
                    {
                        "index": index,
                        "finish_reason": _reason(message),
                        "logprobs": None,
                        "message": {"role": "assistant", "content": None, "refusal": None}
                        | message,
                    }
                    for index in choices
                ],
            }
            return 200, "application/json", iter([_dump(body)])
        chunk = head | {"object": "chat.completion.chunk"}
        deltas = [*self._deltas(message)]
        chunks = [
            chunk | {"choices": [{"index": i, "delta": delta, "finish_reason": None}]}
            for delta in deltas
            for i in choices
        ]
        chunks += [
            chunk | {"choices": [{"index": i, "delta": {}, "finish_reason": _reason(message)}]}
            for i in choices
        ]
        if (asked.get("stream_options") or {}).get("include_usage"):
            chunks.append(chunk | {"choices": [], "usage": usage})
        events = [b"data: " + _dump(one) + b"\n\n" for one in chunks]
        return 200, "text/event-stream", iter([*events, b"data: [DONE]\n\n"])

    def _deltas(self, message: Message) -> Iterator[dict[str, Any]]:
        """The message in small steps, as a provider streams it."""
        yield {"role": "assistant", "content": "" if message.get("content") is not None else None}
        for name in ("refusal", "content"):
            for part in self._cut(message.get(name) or ""):
                yield {name: part}
        for index, call in enumerate(message.get("tool_calls") or []):
            kind = call.get("type", "function")
            detail = dict(call[kind])
            text = "arguments" if kind == "function" else "input"
            opened = {"id": call["id"], "type": kind, kind: detail | {text: ""}}
            yield {"tool_calls": [{"index": index} | opened]}
            for part in self._cut(detail[text]):
                yield {"tool_calls": [{"index": index, kind: {text: part}}]}

    def _cut(self, text: str) -> Iterator[str]:
        return (text[at : at + self.piece] for at in range(0, len(text), self.piece))

    def _respond(self, http: Any, request: Any) -> Any:
        headers = dict(request.headers.items())
        query = request.url.query.decode("latin-1")
        recorded = Recorded(request.method, request.url.path, headers, request.content, query)
        status, kind, pieces = self.answer(recorded)
        return http.Response(status, headers={"content-type": kind}, stream=_stream(http, pieces))


def _stream(http: Any, pieces: Iterator[bytes]) -> Any:
    """A body that comes piece by piece, for a client of either kind."""

    class Pieces(http.SyncByteStream, http.AsyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            return pieces

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

    return Pieces()


def _echo(messages: Sequence[Message]) -> str:
    content = messages[-1].get("content") if messages else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])


def _reason(message: Message) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _family() -> Any:
    try:
        newest = int(importlib.metadata.version("openai").partition(".")[0]) >= 3
    except importlib.metadata.PackageNotFoundError:
        newest = importlib.util.find_spec("httpx2") is not None
    return import_module("httpx2" if newest else "httpx")
