"""The gateway as an ASGI application: who calls, where to, under which policy; then as any client.

caller ─► authenticate ─► choose ─► mask ─► provider
caller ◄──── headers ◄── restore, piece by piece ◄─┘
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from llm_guard_protecto.clients.limits import Limits
from llm_guard_protecto.clients.receipts import EXTENSION, Call
from llm_guard_protecto.clients.transport import transports
from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.bearers import Caller, bearing
from llm_guard_protecto.errors import GuardError, PolicyViolation
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.server.gateway.answering import Answer
from llm_guard_protecto.server.gateway.arriving import body_of, until_done_or_gone
from llm_guard_protecto.server.gateway.calls import Recent
from llm_guard_protecto.server.gateway.choosing import chosen, in_force, model_of
from llm_guard_protecto.server.gateway.configuration import Gateway as Settings
from llm_guard_protecto.server.gateway.headers import POLICY, Headers, answering, asking
from llm_guard_protecto.server.gateway.nearby import SHORT, Nearby, nearby
from llm_guard_protecto.server.gateway.refusing import Refused
from llm_guard_protecto.server.gateway.searching import Searching
from llm_guard_protecto.server.gateway.sending import Sends
from llm_guard_protecto.server.gateway.shadow import watched
from llm_guard_protecto.server.gateway.totals import Totals
from llm_guard_protecto.server.gateway.upstreams import Target, Upstreams
from llm_guard_protecto.server.limits import Rates, Seats
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.pool import Pool
from llm_guard_protecto.server.receiving import Gone
from llm_guard_protecto.server.service import Service

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["Gateway"]

CALLS = "/gateway/calls"
"""Where an operator reads the counts."""

GUARDS = 256
"""Guards that are kept, one for each namespace, provider and policy: they remember histories."""

log = logging.getLogger("llm_guard_protecto.server")

_Transport: type[Any] = transports(httpx)[1]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call that may be made."""

    caller: Caller
    vault: LocalVault = field(repr=False)
    policy: Policy = field(repr=False)
    target: Target


class Gateway:
    """Answers `/v1/...` and `/NAME/v1/...`, and at `/gateway/calls` what it has masked.

    Any other path is not `mine`.
    """

    def __init__(
        self, service: Service, pool: Pool, settings: Settings, upstreams: Upstreams
    ) -> None:
        """`pool` does what reads the vault. Closing it closes `upstreams`."""
        self._service, self._pool, self._settings = service, pool, settings
        self._upstreams = upstreams
        self._limits = Limits(request=settings.request_limit)
        self._guards: OrderedDict[tuple[int, str, str, bool], tuple[Policy, Any]] = OrderedDict()
        self._quick = service.namespaces.vault.store.nearby
        self._seconds = service.settings.request_seconds
        self.seats = Seats(service.settings.concurrent)
        self._rates = Rates(service.settings.rate_limit)
        self.recent = Recent()
        self._totals = Totals(settings.shadow)

    def mine(self, path: str) -> bool:
        """Whether a path is the gateway's."""
        return path.startswith("/v1/") or path == CALLS or self._upstreams.target(path) is not None

    async def aclose(self) -> None:
        """Let go of the providers."""
        await self._upstreams.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. What has begun and cannot be ended breaks off."""
        answer = Answer(send, self._seconds)
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
        said = dict(headers)
        try:
            with self.seats.one():
                known = bearing(_token(said))
                if known:
                    self._rates.take(_token(said))
                length = said.get("content-length", "")
                limit = self._settings.request_limit
                body = await body_of(receive, limit, self._seconds, length, known=known)
                work = asyncio.create_task(self._exchange(scope, headers, body, answer))
                await until_done_or_gone(work, receive)
        except Gone:
            return
        except Refusal as refusal:
            code = "rate_limit_exceeded" if refusal.status == 429 else "busy"
            refused = Refused(refusal.status, code, str(refusal), *refusal.headers.items())
            await answer.refuse(refused)
        except Refused as refused:
            await answer.refuse(refused)

    async def _exchange(self, scope: Scope, headers: Headers, body: bytes, answer: Answer) -> None:
        try:
            if scope["path"] == CALLS:
                return await self._counted(dict(headers), answer)
            quick = self._quick and len(body) <= SHORT
            work = partial(self._asked, scope["path"], headers, body)
            asked = await nearby(self._pool, quick, work)
            response = await self._sent(asked, scope, headers, body)
            try:
                passed = [*answering(response.headers.items()), (POLICY, asked.policy.name)]
                if length := response.headers.get("content-length"):
                    passed.append(("content-length", length))
                await answer.start(response.status_code, passed)
                async with aclosing(_raw(response)) as pieces:
                    async for piece in pieces:
                        await answer.piece(piece)
                await answer.end()
            finally:
                await response.aclose()
                call = response.extensions.get(EXTENSION)
                if isinstance(call, Call):
                    self._note(asked, call.receipt)
        except Refused as refused:
            await answer.refuse(refused)
        except GuardError as error:
            await answer.refuse(Refused(error.status_hint, error.code, str(error)))
        except httpx.HTTPError as error:
            log.warning("an upstream failed: %s", type(error).__name__)
            await answer.refuse(
                Refused(504, "upstream_timeout", "the provider did not answer in time")
                if isinstance(error, httpx.TimeoutException)
                else Refused(502, "upstream_unreachable", "the provider cannot be reached")
            )

    async def _counted(self, said: Mapping[str, str], answer: Answer) -> None:
        """Answer what was masked: a master key reads of all, any other token of its namespace."""
        work = partial(self._service.bearers.caller, _token(said))
        caller = await nearby(self._pool, self._quick, work)
        if caller is None:
            raise Refused(401, "invalid_api_key", "this needs a token of the vault")
        content = json.dumps(self._totals.of(caller.namespace)).encode()
        length = ("content-length", str(len(content)))
        await answer.start(200, [("content-type", "application/json"), length])
        await answer.end(content)

    def _asked(self, path: str, headers: Headers, body: bytes) -> _Asked:
        """Who calls, and what for."""
        said = dict(headers)
        caller = self._service.bearers.caller(_token(said))
        if caller is None or caller.namespace is None:
            raise Refused(
                401, "invalid_api_key", "this gateway wants a user token of its vault as the key"
            )
        target = self._upstreams.target(path)
        if target is None:
            raise Refused(404, "unknown_route", "this gateway does not serve this path")
        vault = self._service.namespaces.get(caller.namespace)
        if vault is None or "mask" not in caller.permissions:
            raise Refused(403, "permission_denied", "this token may not mask")
        policies = self._settings.policies
        model = model_of(body) if policies.models else None
        try:
            name = chosen(policies, caller, said.get(POLICY), model)
            policy = in_force(vault, name, caller)
        except PolicyViolation as error:
            raise Refused(error.status_hint, error.code, str(error)) from None
        return _Asked(caller, vault, policy, target)

    async def _sent(
        self, asked: _Asked, scope: Scope, headers: Headers, body: bytes
    ) -> httpx.Response:
        provider = asked.target.provider
        request = httpx.Request(
            scope["method"],
            asked.target.url(scope.get("query_string", b"")),
            headers=[*asking(headers), *provider.headers],
            content=body,
        )
        if self._settings.shadow:
            guard, vault = Guard(asked.policy), asked.vault
            job = partial(watched, guard, vault, request, body, self._limits)
            task = asyncio.ensure_future(self._pool.run(job))
            task.add_done_callback(partial(self._watched, asked))
            return await provider.client.send(request)
        transport = self._transport(asked)
        try:
            answered: httpx.Response = await transport.handle_async_request(request)
        except (httpx.HTTPError, asyncio.CancelledError):
            self._note(asked, Receipt("unanswered", policy=asked.policy.name))
            raise
        return answered

    def _transport(self, asked: _Asked) -> Any:
        """The transport that guards this caller's calls to this provider under this policy."""
        provider, policy = asked.target.provider, asked.policy
        restores = "unmask" in asked.caller.permissions
        key = (asked.vault.keyring.namespace, provider.name, policy.name, restores)
        held = self._guards.get(key)
        if held is None or held[0] != policy:
            guard = Guard(policy)
            vault = Nearby(asked.vault, self._pool, lambda: self.seats.taken > 0)
            client: Sends = provider.client
            if self._settings.replies == "mask":
                client = Searching(client, asked.vault, policy, self._pool, self._limits)
            transport = _Transport(client, guard, vault, self._limits)
            held = self._guards[key] = policy, transport
            if len(self._guards) > GUARDS:
                self._guards.popitem(last=False)
        self._guards.move_to_end(key)
        return held[1]

    def _watched(self, asked: _Asked, task: asyncio.Future[Receipt]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._note(asked, task.result())

    def _note(self, asked: _Asked, receipt: Receipt) -> None:
        caller, target = asked.caller, asked.target
        self._totals.add(caller.namespace or "", caller.owner, target.provider.name, receipt)
        self.recent.add(
            caller.namespace or "",
            caller.owner,
            target.provider.name,
            target.path,
            self._settings.shadow,
            receipt,
        )


def _token(headers: Mapping[str, str]) -> str:
    """The caller's token: where OpenAI's SDKs put a key, or Anthropic's."""
    kind, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "").strip()


async def _raw(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    stream: Any = response.stream
    async for piece in stream:
        yield piece
