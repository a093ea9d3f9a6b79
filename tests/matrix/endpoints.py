"""The calls that carry a body: how the real SDK makes each, and where its reply has text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_type_hints

from llm_guard_protecto.wire.routes import ROUTES
from llm_guard_protecto.wire.slots import Format, Place
from tests.wire.sdk_walk import every

__all__ = ["ENDPOINTS", "Endpoint"]

Says = Literal["chat", "completion", "response", "list", "message", "error"]
"""What a reply is made of; `error` where it has no text but that of an error."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of `ROUTES` and the SDK's method for it.

    method: the way from a client to the method. types: `module:name` of what it takes, as far as
    this version of the SDK has them. given: what the method wants that is not in the body.
    client: the class of the client, without `Async`. elsewhere: fields that the SDK takes out of
    the body, into a header or the path, where a canary is refused. modes: plain, streamed.
    """

    tail: str
    method: str
    types: Sequence[str]
    says: Says
    modes: tuple[str, ...] = ("plain",)
    client: str = "OpenAI"
    given: tuple[tuple[str, str], ...] = ()
    elsewhere: Sequence[str] = ()

    @property
    def name(self) -> str:
        """What the page calls it."""
        more = {"OpenAI": "", "Anthropic": ""}.get(self.client, f" ({self.client})")
        return f"POST {self.tail}{' (beta)' if 'beta' in self.method else ''}{more}"

    @property
    def format(self) -> Format:
        """The format that the route names."""
        [found] = [row[2] for row in ROUTES if row[:2] == ("POST", self.tail)]
        return found

    @property
    def table(self) -> Place:
        """What stands at the root of its bodies."""
        root: Place = self.format._request.root  # type: ignore[attr-defined]
        return root

    @cache  # noqa: B019 - there is one for each row
    def named(self) -> frozenset[str]:
        """The fields that the SDK's types know; others go in as `extra_body`."""
        return frozenset(name for kind in self.kinds() for name in get_type_hints(kind))

    @cache  # noqa: B019
    def strings(self) -> frozenset[str]:
        """Those of them that may be a string; elsewhere the SDK's own code would stumble over one."""
        return frozenset(
            name
            for kind in self.kinds()
            for body in every(kind, "word")
            for name, value in body.items()
            if isinstance(value, str)
        )

    def kinds(self) -> list[Any]:
        """The SDK's types of its bodies."""
        found = []
        for one in self.types:
            module, _, name = one.partition(":")
            try:
                found.append(getattr(import_module(module), name))
            except (ImportError, AttributeError):  # not in this version of the SDK
                continue
        return found


_CHAT = "openai.types.chat.completion_create_params:CompletionCreateParamsNonStreaming"
_COMPLETION = "openai.types.completion_create_params:CompletionCreateParamsNonStreaming"
_RESPONSE = "response_create_params:ResponseCreateParamsNonStreaming"
_RESPONSES = (f"openai.types.responses.{_RESPONSE}", f"openai.types.beta.{_RESPONSE}")
_MESSAGE = "message_create_params:MessageCreateParamsNonStreaming"
_MESSAGES = (f"anthropic.types.{_MESSAGE}",)
_HEADERS = ("betas", "user_profile_id", "workspace_id")
_PATH = (*_HEADERS, "model", "stream")
_BOTH = ("plain", "stream")

ENDPOINTS = (
    Endpoint("/chat/completions", "chat.completions.create", (_CHAT,), "chat", _BOTH),
    Endpoint("/completions", "completions.create", (_COMPLETION,), "completion", _BOTH),
    Endpoint(
        "/embeddings",
        "embeddings.create",
        ("openai.types.embedding_create_params:EmbeddingCreateParams",),
        "error",
    ),
    Endpoint(
        "/moderations",
        "moderations.create",
        ("openai.types.moderation_create_params:ModerationCreateParams",),
        "error",
    ),
    Endpoint("/responses", "responses.create", _RESPONSES, "response", _BOTH),
    Endpoint(
        "/responses/input_tokens",
        "responses.input_tokens.count",
        ("openai.types.responses.input_token_count_params:InputTokenCountParams",),
        "error",
    ),
    Endpoint(
        "/responses/compact",
        "responses.compact",
        ("openai.types.responses.response_compact_params:ResponseCompactParams",),
        "response",
    ),
    Endpoint(
        "/conversations",
        "conversations.create",
        ("openai.types.conversations.conversation_create_params:ConversationCreateParams",),
        "error",
    ),
    Endpoint(
        "/conversations/{id}",
        "conversations.update",
        ("openai.types.conversations.conversation_update_params:ConversationUpdateParams",),
        "error",
        given=(("conversation_id", "conv_1"),),
    ),
    Endpoint(
        "/conversations/{id}/items",
        "conversations.items.create",
        ("openai.types.conversations.item_create_params:ItemCreateParams",),
        "list",
        given=(("conversation_id", "conv_1"),),
        elsewhere=("include",),
    ),
    Endpoint(
        "/batches",
        "batches.create",
        ("openai.types.batch_create_params:BatchCreateParams",),
        "error",
    ),
    Endpoint(
        "/v1/messages",
        "messages.create",
        _MESSAGES,
        "message",
        _BOTH,
        "Anthropic",
        elsewhere=_HEADERS,
    ),
    Endpoint(
        "/v1/messages",
        "beta.messages.create",
        (f"anthropic.types.beta.{_MESSAGE}",),
        "message",
        _BOTH,
        "Anthropic",
        elsewhere=_HEADERS,
    ),
    Endpoint(
        "/v1/messages/count_tokens",
        "messages.count_tokens",
        ("anthropic.types.message_count_tokens_params:MessageCountTokensParams",),
        "error",
        client="Anthropic",
        elsewhere=_HEADERS,
    ),
    Endpoint(
        "/v1/messages/batches",
        "messages.batches.create",
        ("anthropic.types.messages.batch_create_params:BatchCreateParams",),
        "error",
        client="Anthropic",
        elsewhere=_HEADERS,
    ),
    *(
        Endpoint(tail, "messages.create", _MESSAGES, "message", modes, client, (), _PATH)
        for tail, modes, client in (
            (":rawPredict", ("plain",), "AnthropicVertex"),
            (":streamRawPredict", ("stream",), "AnthropicVertex"),
            ("/model/{id}/invoke", ("plain",), "AnthropicBedrock"),
        )
    ),
)
"""Every row of `ROUTES` whose body is JSON, by the SDK's method for it."""
