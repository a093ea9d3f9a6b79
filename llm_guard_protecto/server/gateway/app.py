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
from llm_guard_protecto.engine.bearers import Caller
from llm_guard_protecto.errors import PolicyViolation
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.server.gateway.calls import Recent
from llm_guard_protecto.server.gateway.choosing import chosen, in_force, model_of
from llm_guard_protecto.server.gateway.configuration import Gateway as Settings
from llm_guard_protecto.server.gateway.headers import POLICY, Headers, answering, asking
from llm_guard_protecto.server.gateway.shadow import watched
from llm_guard_protecto.server.gateway.upstreams import Target, Upstreams
from llm_guard_protecto.server.pool import Pool
from llm_guard_protecto.server.service import Service

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["Gateway"]

GUARDS = 256
"""Guards that are kept, one for each namespace, provider and policy: they remember histories."""

log = logging.getLogger("llm_guard_protecto.server")

_Transport: type[Any] = transports(httpx)[1]


class _Refused(Exception):
    """The call is not sent; the answer says why, in a form that every SDK reads."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


class _Gone(Exception):
    """The caller has hung up."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call that may be made."""

    caller: Caller
    vault: LocalVault = field(repr=False)
    policy: Policy = field(repr=False)
    target: Target


class Gateway:
    """Answers `/v1/...` and `/NAME/v1/...`; any other path is not `mine`."""

    def __init__(
        self, service: Service, pool: Pool, settings: Settings, upstreams: Upstreams
    ) -> None:
        """`pool` does what reads the vault. Closing it closes `upstreams`."""
        self._service, self._pool, self._settings = service, pool, settings
        self._upstreams = upstreams
        self._limits = Limits(request=settings.request_limit)
        self._guards: OrderedDict[tuple[int, str, str, bool], tuple[Policy, Any]] = OrderedDict()
        self.recent = Recent()

    def mine(self, path: str) -> bool:
        """Whether a path is the gateway's."""
        return path.startswith("/v1/") or self._upstreams.target(path) is not None

    async def aclose(self) -> None:
        """Let go of the providers."""
        await self._upstreams.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        work: asyncio.Task[None] | None = None
        try:
            headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
            body = await _body(receive, self._settings.request_limit)
            work = asyncio.create_task(self._exchange(scope, headers, body, send))
            await _until_done_or_gone(work, receive)
        except _Gone:
            return

    async def _exchange(
        self, scope: Scope, headers: Headers, body: bytes | None, send: Send
    ) -> None:
        started = False
        try:
            if body is None:
                limit = self._settings.request_limit
                raise _Refused(413, "too_large", f"a request has at most {limit} bytes")
            asked = await self._pool.run(partial(self._asked, scope["path"], headers, body))
            response = await self._sent(asked, scope, headers, body)
            try:
                passed = [*answering(response.headers.items()), (POLICY, asked.policy.name)]
                if length := response.headers.get("content-length"):
                    passed.append(("content-length", length))
                started = True
                await _start(send, response.status_code, passed)
                async with aclosing(_raw(response)) as pieces:
                    async for piece in pieces:
                        await send(_piece(piece, more=True))
                await send(_piece(b"", more=False))
            finally:
                await response.aclose()
                call = response.extensions.get(EXTENSION)
                if isinstance(call, Call):
                    self._note(asked, call.receipt)
        except _Refused as refused:
            await _refuse(send, refused)
        except httpx.HTTPError as error:
            if started:
                raise  # the answer breaks off, as the provider's did
            late = isinstance(error, httpx.TimeoutException)
            log.warning("an upstream failed: %s", type(error).__name__)
            await _refuse(
                send,
                _Refused(504, "upstream_timeout", "the provider did not answer in time")
                if late
                else _Refused(502, "upstream_unreachable", "the provider cannot be reached"),
            )

    def _asked(self, path: str, headers: Headers, body: bytes) -> _Asked:
        """Who calls, and what for. Runs in a thread: it reads the vault."""
        said = dict(headers)
        caller = self._service.bearers.caller(_token(said))
        if caller is None or caller.namespace is None:
            raise _Refused(
                401, "invalid_api_key", "this gateway wants a user token of its vault as the key"
            )
        target = self._upstreams.target(path)
        if target is None:
            raise _Refused(404, "unknown_route", "this gateway does not serve this path")
        vault = self._service.namespaces.get(caller.namespace)
        if vault is None or "mask" not in caller.permissions:
            raise _Refused(403, "permission_denied", "this token may not mask")
        policies = self._settings.policies
        model = model_of(body) if policies.models else None
        try:
            name = chosen(policies, caller, said.get(POLICY), model)
            policy = in_force(vault, name, caller)
        except PolicyViolation as error:
            raise _Refused(error.status_hint, error.code, str(error)) from None
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
            extensions={"timeout": provider.client.timeout.as_dict()},
        )
        if self._settings.shadow:
            guard, vault = Guard(asked.policy), asked.vault
            job = partial(watched, guard, vault, request, body, self._limits)
            task = asyncio.ensure_future(self._pool.run(job))
            task.add_done_callback(partial(self._watched, asked))
            return await provider.client.send(request, stream=True, follow_redirects=False)
        transport = self._transport(asked)
        answered: httpx.Response = await transport.handle_async_request(request)
        return answered

    def _transport(self, asked: _Asked) -> Any:
        """The transport that guards this caller's calls to this provider under this policy."""
        provider, policy = asked.target.provider, asked.policy
        restores = "unmask" in asked.caller.permissions
        key = (asked.vault.keyring.namespace, provider.name, policy.name, restores)
        held = self._guards.get(key)
        if held is None or held[0] != policy:
            guard = Guard(policy)
            transport = _Transport(provider.client, guard, asked.vault, self._limits)
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


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The body of a request, read to its end; None for one that is too large."""
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise _Gone
        more = message.get("more_body", False)
        piece = message.get("body", b"")
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
    return b"".join(pieces) if size <= limit else None


async def _until_done_or_gone(work: asyncio.Task[None], receive: Receive) -> None:
    """Wait for the work; when the caller hangs up, end it."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    watch = asyncio.create_task(gone())
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watch.cancel()
        if not work.done():
            work.cancel()
        await asyncio.gather(watch, return_exceptions=True)
    try:
        await work
    except asyncio.CancelledError:
        raise _Gone from None


async def _raw(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    stream: Any = response.stream
    async for piece in stream:
        yield piece


async def _start(send: Send, status: int, headers: Headers) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})


def _piece(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _refuse(send: Send, refused: _Refused) -> None:
    error = {
        "message": str(refused),
        "type": "llm_guard_protecto",
        "code": refused.code,
        "param": None,
    }
    content = json.dumps({"type": "error", "error": error}).encode()
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(content))),
        ("x-should-retry", "false"),
        *refused.headers,
    ]
    await _start(send, refused.status, headers)
    await send(_piece(content, more=False))
