"""LangChain agents on any chat model: what a model is asked is masked, what it answers restored.

    agent = create_agent(model, tools, middleware=[PrivacyMiddleware(vault)])

The state of the agent, its tools and its memory hold values; only the model sees tokens. The
definitions of tools are the program's own words and go out as they are. Pieces of a streamed answer
come as the model sent them, with tokens; where the model is OpenAI's, `langchain.chat_clients`
restores these too.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from pydantic import TypeAdapter

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.exchange import Exchange
from llm_guard_protecto.guard.flow import Flow, adrive, drive
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.integrations.chat import Call, Name, Piece, Text, answered, asked
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

try:
    from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
except ImportError as missing:
    raise ImportError(
        "LangChain is not installed: pip install 'llm-guard-protecto[langchain]'"
    ) from missing

__all__ = ["PrivacyMiddleware"]

ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}

FORMAL = frozenset(
    {"type", "id", "tool_call_id", "call_id", "index", "mime_type", "media_type", "source_type"}
    | {"signature", "file_id", "encrypted_content", "base64"}
)
"""Members of a content block that a provider or a protocol wrote, if they look like it."""

_WRITTEN = re.compile(r"[\w.:/+=-]*", re.ASCII)
_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[\w/+=-]*", re.ASCII)

Turn = Callable[[Piece], Piece]


class PrivacyMiddleware(AgentMiddleware):  # type: ignore[misc]
    """Masks every request of an agent to its model and restores every answer."""

    def __init__(self, vault: Vault | AsyncVault, policy: PolicyChoice = None) -> None:
        """An async vault serves `ainvoke` and `astream` only."""
        super().__init__()
        self._vault: Any = vault
        self._guard = Guard(policy)

    def wrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], ModelResponse]
    ) -> ModelResponse:
        """Mask, ask, restore. What cannot be masked is not sent: our errors come out."""
        masked, restored = drive(self._masked(request), self._vault)
        return restored(handler(masked))

    async def awrap_model_call(
        self,
        request: ModelRequest,
        handler: Callable[[ModelRequest], Awaitable[ModelResponse]],
    ) -> ModelResponse:
        """The same, awaited."""
        masked, restored = await adrive(self._masked(request), self._vault)
        return restored(await handler(masked))

    def _masked(
        self, request: ModelRequest
    ) -> Flow[tuple[ModelRequest, Callable[[ModelResponse], ModelResponse]]]:
        first = request.system_message
        messages = [*([] if first is None else [first]), *request.messages]
        pieces = _pieces(messages)
        new, exchange = yield from asked(pieces, self._guard)
        masked = _with(messages, new)
        if first is not None:
            request = request.override(system_message=masked.pop(0))

        def restored(response: ModelResponse) -> ModelResponse:
            said = answered(_pieces(response.result), exchange)
            response.result = _with(response.result, said)
            if response.structured_response is not None:
                response.structured_response = _structured(response.structured_response, exchange)
            return response

        return request.override(messages=masked), restored


def _structured(answer: Any, exchange: Exchange) -> Any:
    """A structured answer with its values: a model, a dataclass or a mapping, made anew."""
    kind: TypeAdapter[Any] = TypeAdapter(type(answer))
    [said] = answered([Call("", kind.dump_python(answer, mode="json"))], exchange)
    return kind.validate_python(_arguments(said))


def _pieces(messages: list[BaseMessage]) -> list[Piece]:
    found: list[Piece] = []

    def note(piece: Piece) -> Piece:
        found.append(piece)
        return piece

    for message in messages:
        _turned(message, note)
    return found


def _with(messages: list[BaseMessage], pieces: list[Piece]) -> list[BaseMessage]:
    """The same messages with these pieces in the place of their own, in the same order."""
    left = iter(pieces)
    turned = [_turned(message, lambda _: next(left)) for message in messages]
    if next(left, None) is not None:
        raise UnknownFormat("a message changed while it was masked, so it was not sent")
    return turned


def _turned(message: BaseMessage, turn: Turn) -> BaseMessage:
    """A message with every piece of it turned, always in the same order."""
    role = ROLES.get(message.type)
    if role is None:
        raise UnknownFormat(f"a message of type {message.type!r} is not known, so it was not sent")

    def text(value: str) -> str:
        turned = turn(Text(role, value))
        return turned.text if isinstance(turned, Text) else value

    update: dict[str, Any] = {
        "content": _walked(message.content, text),
        "additional_kwargs": _walked(message.additional_kwargs, text),
    }
    if message.name and not isinstance(message, ToolMessage):  # there it is the tool's
        named = turn(Name(role, message.name))
        update["name"] = named.name if isinstance(named, Name) else message.name
    if isinstance(message, AIMessage):
        update["tool_calls"] = [
            {**call, "args": _arguments(turn(Call(call["name"], call["args"])))}
            for call in message.tool_calls
        ]
        update["invalid_tool_calls"] = [
            {**call, "args": text(call["args"] or ""), "error": None}
            for call in message.invalid_tool_calls
        ]
    return message.model_copy(update=update)


def _arguments(piece: Piece) -> dict[str, Any]:
    return dict(piece.arguments) if isinstance(piece, Call) else {}


def _walked(value: Any, text: Callable[[str], str]) -> Any:
    """The same structure with every text of it turned; what the protocol wrote stays."""
    if isinstance(value, str):
        return text(value) if value and not _DATA_URL.fullmatch(value) else value
    if isinstance(value, dict):
        return dict(_members(value, text))
    if isinstance(value, list):
        return [_walked(inner, text) for inner in value]
    return value


def _members(value: dict[str, Any], text: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        formal = name in FORMAL and isinstance(inner, str) and _WRITTEN.fullmatch(inner)
        yield name, inner if formal else _walked(inner, text)
