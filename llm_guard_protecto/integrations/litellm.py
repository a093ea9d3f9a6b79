"""LiteLLM: a guardrail for its proxy, and its functions guarded for programs that call them.

In the proxy's configuration:

    guardrails:
      - guardrail_name: privacy
        litellm_params:
          guardrail: llm_guard_protecto.integrations.litellm.PrivacyGuardrail
          mode: [pre_call, post_call]
          default_on: true

In a program (`litellm.completion` itself runs no guardrail, and an HTTP client given to it is used
for some of its providers only):

    reply = GuardedLiteLLM(vault).completion(model="anthropic/claude-x", messages=[...])

The extra is `litellm`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from llm_guard_protecto.clients.protect import opened
from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.exchange import Exchange
from llm_guard_protecto.guard.flow import Flow, adrive, drive
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.integrations.litellm_bodies import Chunks, masked_fields, whole
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

try:
    import litellm
    from litellm.integrations.custom_guardrail import CustomGuardrail
except ImportError as missing:
    raise ImportError(
        "LiteLLM is not installed: pip install 'llm-guard-protecto[litellm]'"
    ) from missing

__all__ = ["GuardedLiteLLM", "PrivacyGuardrail"]

PATHS: Mapping[str, str] = {
    "completion": "/v1/chat/completions",
    "acompletion": "/v1/chat/completions",
    "text_completion": "/v1/completions",
    "atext_completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "embeddings": "/v1/embeddings",
    "aembedding": "/v1/embeddings",
    "responses": "/v1/responses",
    "aresponses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
}
"""The route whose rules hold for each kind of LiteLLM's calls. No other kind is sent."""

MOST_OPEN = 10_000
"""Calls of a proxy that wait for their answer; the map of the oldest goes first."""


class PrivacyGuardrail(CustomGuardrail):  # type: ignore[misc]
    """Masks what the proxy sends, tools and history included, and restores its answers and streams.

    What cannot be masked is refused. An answer whose map is gone stays masked.
    """

    def __init__(
        self,
        vault: Vault | AsyncVault | str | None = None,
        policy: PolicyChoice = None,
        *,
        guardrail_name: str = "llm-guard-protecto",
        event_hook: Any = ("pre_call", "post_call"),
        default_on: bool = True,
        **settings: Any,
    ) -> None:
        """`vault` and `policy` as for `guarded`; the rest is what the proxy says of a guardrail."""
        hooks = event_hook if isinstance(event_hook, str) else list(event_hook)
        super().__init__(
            guardrail_name=guardrail_name, event_hook=hooks, default_on=default_on, **settings
        )
        self._vault = opened(vault) if vault is None or isinstance(vault, str) else vault
        self._guard = Guard(policy)
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, Exchange] = OrderedDict()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Mask the request in place, and the copy of it that the proxy keeps for its logs."""
        del user_api_key_dict, cache
        masked, exchange = await adrive(_asked(call_type, data, self._guard), self._vault)
        data.update(masked)
        copy = data.get("proxy_server_request")
        if isinstance(copy, dict) and isinstance(copy.get("body"), dict):
            copy["body"] = {**copy["body"], **masked}
        with self._lock:
            self._waiting[_id(data)] = exchange
            while len(self._waiting) > MOST_OPEN:
                self._waiting.popitem(last=False)
        return data

    async def async_post_call_success_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any
    ) -> Any:
        """Restore a whole answer."""
        del user_api_key_dict
        exchange = self._taken(data)
        return response if exchange is None else whole(response, exchange)

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncIterator[Any]:
        """Restore a streamed answer as it comes."""
        del user_api_key_dict
        exchange = self._taken(request_data)
        chunks = None if exchange is None else Chunks(exchange)
        async for chunk in response:
            for one in (chunk,) if chunks is None else chunks.feed(chunk):
                yield one
        for one in () if chunks is None else chunks.flush():
            yield one

    async def async_post_call_failure_hook(
        self, request_data: dict[str, Any], *_: Any, **__: Any
    ) -> None:
        """Forget the map of a call that has no answer."""
        self._taken(request_data)

    def _taken(self, data: Mapping[str, Any]) -> Exchange | None:
        with self._lock:
            return self._waiting.pop(_id(data), None)


class GuardedLiteLLM:
    """LiteLLM's functions with every call masked and every answer restored, on any provider.

    Tools, structured answers and streams included. Streams are plain iterators here.
    """

    def __init__(
        self, vault: Vault | AsyncVault | str | None = None, policy: PolicyChoice = None
    ) -> None:
        """`vault` and `policy` as for `guarded`; an async vault serves the async functions only."""
        self._vault: Any = opened(vault) if vault is None or isinstance(vault, str) else vault
        self._guard = Guard(policy)

    def completion(self, **settings: Any) -> Any:
        """`litellm.completion`; an iterator with `stream=True`."""
        return self._call("completion", settings)

    def embedding(self, **settings: Any) -> Any:
        """`litellm.embedding`."""
        return self._call("embedding", settings)

    def responses(self, **settings: Any) -> Any:
        """`litellm.responses`; an iterator with `stream=True`."""
        return self._call("responses", settings)

    async def acompletion(self, **settings: Any) -> Any:
        """`litellm.acompletion`; an async iterator with `stream=True`."""
        return await self._acall("acompletion", settings)

    async def aembedding(self, **settings: Any) -> Any:
        """`litellm.aembedding`."""
        return await self._acall("aembedding", settings)

    async def aresponses(self, **settings: Any) -> Any:
        """`litellm.aresponses`; an async iterator with `stream=True`."""
        return await self._acall("aresponses", settings)

    def _call(self, kind: str, settings: dict[str, Any]) -> Any:
        masked, exchange = drive(_asked(kind, settings, self._guard), self._vault)
        answer = getattr(litellm, kind)(**settings | masked)
        return _streamed(answer, exchange) if settings.get("stream") else whole(answer, exchange)

    async def _acall(self, kind: str, settings: dict[str, Any]) -> Any:
        masked, exchange = await adrive(_asked(kind, settings, self._guard), self._vault)
        answer = await getattr(litellm, kind)(**settings | masked)
        return _astreamed(answer, exchange) if settings.get("stream") else whole(answer, exchange)


def _asked(
    kind: Any, data: Mapping[str, Any], guard: Guard
) -> Flow[tuple[dict[str, Any], Exchange]]:
    path = PATHS.get(str(getattr(kind, "value", kind)))
    if path is None:
        raise UnknownFormat("this kind of call cannot be masked, so it was not sent")
    return (yield from masked_fields(path, data, guard))


def _streamed(answer: Any, exchange: Exchange) -> Iterator[Any]:
    chunks = Chunks(exchange)
    for chunk in answer:
        yield from chunks.feed(chunk)
    yield from chunks.flush()


async def _astreamed(answer: Any, exchange: Exchange) -> AsyncIterator[Any]:
    chunks = Chunks(exchange)
    async for chunk in answer:
        for one in chunks.feed(chunk):
            yield one
    for one in chunks.flush():
        yield one


def _id(data: Mapping[str, Any]) -> str:
    return str(data.get("litellm_call_id"))
