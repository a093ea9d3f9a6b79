"""`AsyncProtectoVault`: `ProtectoVault`, awaited; the same calls under another driver."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from llm_guard_protecto.closing import AsyncClosing
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.protecto.admin_calls import AdminCalls
from llm_guard_protecto.protecto.asking import Flow, Lost, Pause, Reply, Request
from llm_guard_protecto.protecto.calls import Calls
from llm_guard_protecto.protecto.cutting import SIZE
from llm_guard_protecto.protecto.driving import check_client, httpx_of, lost, prepared, read
from llm_guard_protecto.protecto.retry import Retries
from llm_guard_protecto.protecto.settings import Settings
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["AsyncAdmin", "AsyncProtectoVault"]

T = TypeVar("T")
P = ParamSpec("P")
C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


async def _sleep(seconds: float) -> None:
    """Wait, under whichever event loop runs."""
    import anyio

    await anyio.sleep(seconds)


class _Line:
    """One way to the vault: sends requests, sleeps through pauses. Thread-safe."""

    def __init__(
        self, settings: Settings, client: Any, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self.settings = settings
        self.http = httpx_of(client)
        if client is not None:
            check_client(client, self.http.AsyncClient)
        self.owned = client is None
        self.client = self.http.AsyncClient() if client is None else client
        self.sleep = sleep

    async def run(self, flow: Flow[T]) -> T:
        """Drive a call to its end."""
        answer: Reply | Lost | None = None
        try:
            while True:
                answer = await self._step(flow.send(answer))
        except StopIteration as end:
            return cast(T, end.value)

    async def _step(self, step: Request | Pause) -> Reply | Lost | None:
        if isinstance(step, Pause):
            await self.sleep(step.seconds)
            return None
        request = prepared(self.settings, self.http, self.client, step)
        try:
            return read(await self.client.send(request, auth=None, follow_redirects=False))
        except self.http.RequestError as error:
            return lost(error, self.http)


class _Speaker(Protocol[C_co]):
    @property
    def _calls(self) -> C_co: ...
    @property
    def _line(self) -> _Line: ...


def _awaited(
    call: Callable[Concatenate[C, P], Flow[T]],
) -> Callable[Concatenate[_Speaker[C], P], Coroutine[Any, Any, T]]:
    """A coroutine that drives this call to its end, with the call's own signature and docstring."""

    @wraps(call)
    async def method(self: _Speaker[C], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._line.run(call(self._calls, *args, **kwargs))

    return method


class AsyncAdmin:
    """Policies, entities, erasure, audit, bearer tokens and namespaces of a vault."""

    def __init__(self, settings: Settings, line: _Line) -> None:
        """Share the line of a vault."""
        self._calls = AdminCalls(settings)
        self._line = line

    policies = _awaited(AdminCalls.policies)
    create_policy = _awaited(AdminCalls.create_policy)
    delete_policy = _awaited(AdminCalls.delete_policy)
    entities = _awaited(AdminCalls.entities)
    set_wrappers = _awaited(AdminCalls.set_wrappers)
    set_categories = _awaited(AdminCalls.set_categories)
    put_custom_entity = _awaited(AdminCalls.put_custom_entity)
    custom_entity = _awaited(AdminCalls.custom_entity)
    delete_custom_entity = _awaited(AdminCalls.delete_custom_entity)
    erase_mappings = _awaited(AdminCalls.erase_mappings)
    erase_audit = _awaited(AdminCalls.erase_audit)
    erasure = _awaited(AdminCalls.erasure)
    audit = _awaited(AdminCalls.audit)
    usage = _awaited(AdminCalls.usage)
    calls = _awaited(AdminCalls.calls)
    calls_by_user = _awaited(AdminCalls.calls_by_user)
    calls_by_namespace = _awaited(AdminCalls.calls_by_namespace)
    create_token = _awaited(AdminCalls.create_token)
    token = _awaited(AdminCalls.token)
    tokens = _awaited(AdminCalls.tokens)
    token_details = _awaited(AdminCalls.token_details)
    revoke_token = _awaited(AdminCalls.revoke_token)
    delete_namespace = _awaited(AdminCalls.delete_namespace)
    namespace_job = _awaited(AdminCalls.namespace_job)


class AsyncProtectoVault(AsyncClosing):
    """`ProtectoVault`, awaited: the same arguments, the same calls, the same errors.

    `http_client` is an `httpx.AsyncClient` here, and `sleep` is awaited.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        policy: str | None = None,
        rules: Policy | None = None,
        size: int | None = SIZE,
        timeout: float = 30.0,
        retries: Retries | int = 3,
        http_client: Any = None,
        insecure: bool = False,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = _sleep,
    ) -> None:
        """Read the settings; the connection is made by the first call."""
        self._settings = Settings.of(
            url,
            token,
            environ=os.environ if environ is None else environ,
            policy=policy,
            rules=rules,
            size=size,
            timeout=timeout,
            retries=retries,
            insecure=insecure,
            clock=clock,
        )
        self._calls = Calls(self._settings)
        self._line = _Line(self._settings, http_client, sleep)

    mask = _awaited(Calls.mask)
    unmask = _awaited(Calls.unmask)
    submit_mask = _awaited(Calls.submit_mask)
    submit_unmask = _awaited(Calls.submit_unmask)
    jobs = _awaited(Calls.jobs)
    result = _awaited(Calls.result)

    @property
    def admin(self) -> AsyncAdmin:
        """Policies, entities, erasure, audit, bearer tokens and namespaces."""
        return AsyncAdmin(self._settings, self._line)

    async def policies(self) -> list[str]:
        """The names of the policies that can be asked for."""
        return await self.admin.policies()

    def policy(self, name: PolicyChoice = None) -> Policy:
        """The rules of this program under the name of that policy; asks nobody."""
        return self._calls.rules(name)

    async def aclose(self) -> None:
        """Let go of the connections, unless they are those of a client that was given."""
        if self._line.owned:
            await self._line.client.aclose()

    def __repr__(self) -> str:
        """Name the place; show no token and no value."""
        return f"<AsyncProtectoVault {self._settings.url}>"
