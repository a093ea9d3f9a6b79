"""`ProtectoVault`: a vault of the Protecto service, or of anything that speaks its API."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from llm_guard_protecto.closing import Closing
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.protecto.admin_calls import AdminCalls
from llm_guard_protecto.protecto.asking import Flow, Lost, Pause, Reply, Request
from llm_guard_protecto.protecto.calls import Calls
from llm_guard_protecto.protecto.cutting import SIZE
from llm_guard_protecto.protecto.driving import check_client, httpx_of, lost, prepared, read
from llm_guard_protecto.protecto.retry import Retries
from llm_guard_protecto.protecto.settings import Settings
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["Admin", "ProtectoVault"]

T = TypeVar("T")
P = ParamSpec("P")
C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


class _Line:
    """One way to the vault: sends requests, sleeps through pauses. Thread-safe."""

    def __init__(self, settings: Settings, client: Any, sleep: Callable[[float], object]) -> None:
        self.settings = settings
        self.http = httpx_of(client)
        if client is not None:
            check_client(client, self.http.Client)
        self.owned = client is None
        self.client = self.http.Client() if client is None else client
        self.sleep = sleep

    def run(self, flow: Flow[T]) -> T:
        """Drive a call to its end."""
        answer: Reply | Lost | None = None
        try:
            while True:
                answer = self._step(flow.send(answer))
        except StopIteration as end:
            return cast(T, end.value)

    def _step(self, step: Request | Pause) -> Reply | Lost | None:
        if isinstance(step, Pause):
            self.sleep(step.seconds)
            return None
        request = prepared(self.settings, self.http, self.client, step)
        try:
            return read(self.client.send(request, auth=None, follow_redirects=False))
        except self.http.RequestError as error:
            return lost(error, self.http)


class _Speaker(Protocol[C_co]):
    @property
    def _calls(self) -> C_co: ...
    @property
    def _line(self) -> _Line: ...


def _blocking(
    call: Callable[Concatenate[C, P], Flow[T]],
) -> Callable[Concatenate[_Speaker[C], P], T]:
    """A method that drives this call to its end, with the call's own signature and docstring."""

    @wraps(call)
    def method(self: _Speaker[C], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._line.run(call(self._calls, *args, **kwargs))

    return method


class Admin:
    """Policies, entities, erasure, audit, bearer tokens and namespaces of a vault."""

    def __init__(self, settings: Settings, line: _Line) -> None:
        """Share the line of a vault."""
        self._calls = AdminCalls(settings)
        self._line = line

    policies = _blocking(AdminCalls.policies)
    create_policy = _blocking(AdminCalls.create_policy)
    delete_policy = _blocking(AdminCalls.delete_policy)
    entities = _blocking(AdminCalls.entities)
    set_wrappers = _blocking(AdminCalls.set_wrappers)
    set_categories = _blocking(AdminCalls.set_categories)
    put_custom_entity = _blocking(AdminCalls.put_custom_entity)
    custom_entity = _blocking(AdminCalls.custom_entity)
    delete_custom_entity = _blocking(AdminCalls.delete_custom_entity)
    erase_mappings = _blocking(AdminCalls.erase_mappings)
    erase_audit = _blocking(AdminCalls.erase_audit)
    erasure = _blocking(AdminCalls.erasure)
    audit = _blocking(AdminCalls.audit)
    usage = _blocking(AdminCalls.usage)
    calls = _blocking(AdminCalls.calls)
    calls_by_user = _blocking(AdminCalls.calls_by_user)
    calls_by_namespace = _blocking(AdminCalls.calls_by_namespace)
    create_token = _blocking(AdminCalls.create_token)
    token = _blocking(AdminCalls.token)
    tokens = _blocking(AdminCalls.tokens)
    token_details = _blocking(AdminCalls.token_details)
    revoke_token = _blocking(AdminCalls.revoke_token)
    delete_namespace = _blocking(AdminCalls.delete_namespace)
    namespace_job = _blocking(AdminCalls.namespace_job)


class ProtectoVault(Closing):
    """A vault over HTTP: the Protecto service, or anything that speaks its API. Thread-safe.

    `url` is the service's base URL in any documented form (with or without `/api/vault`), None for
    `LLM_GUARD_VAULT` from `environ`; `token` the bearer token, None for `LLM_GUARD_VAULT_TOKEN`.
    `policy` is the name of the policy that a call without one uses; None leaves that to the
    namespace. `rules` is what this program does around the vault (places, surfaces, hint), for
    the service keeps no such thing; None means those of the built-in policy of the same name, else
    of the default one.

    Longer texts are cut into pieces of about `size` characters (None: never), because the service
    refuses longer ones. `timeout` is in seconds for each request. `retries` is how often a request
    is asked again after 429, 5xx or a lost answer, or a `Retries`. `http_client` is an `httpx`
    client to send through, which stays the caller's. Plain http beyond this machine needs
    `insecure`. `clock` gives seconds, `sleep` waits them.

    Raises `ConfigurationError`; calls raise `VaultError` and its subclasses, those of
    `llm_guard_protecto.protecto.faults` among them. Nothing is sent until the first call.
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
        sleep: Callable[[float], object] = time.sleep,
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

    mask = _blocking(Calls.mask)
    unmask = _blocking(Calls.unmask)
    submit_mask = _blocking(Calls.submit_mask)
    submit_unmask = _blocking(Calls.submit_unmask)
    jobs = _blocking(Calls.jobs)
    result = _blocking(Calls.result)

    @property
    def admin(self) -> Admin:
        """Policies, entities, erasure, audit, bearer tokens and namespaces."""
        return Admin(self._settings, self._line)

    def policies(self) -> list[str]:
        """The names of the policies that can be asked for."""
        return self.admin.policies()

    def policy(self, name: PolicyChoice = None) -> Policy:
        """The rules of this program under the name of that policy; asks nobody."""
        return self._calls.rules(name)

    def close(self) -> None:
        """Let go of the connections, unless they are those of a client that was given."""
        if self._line.owned:
            self._line.client.close()

    def __repr__(self) -> str:
        """Name the place; show no token and no value."""
        return f"<ProtectoVault {self._settings.url}>"
