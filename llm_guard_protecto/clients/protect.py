"""`protect` and `guarded`: someone else's client in, a guarded one of the same class out."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from llm_guard_protecto.clients.limits import DEFAULT_LIMITS, Limits
from llm_guard_protecto.clients.module_level import client_of, http_client_of, is_module_client
from llm_guard_protecto.clients.receipts import Listeners, Record
from llm_guard_protecto.clients.side_doors import NoWebSockets, redact_sdk_logs
from llm_guard_protecto.clients.signing import sign_after_masking, signs, unsigned
from llm_guard_protecto.clients.transport import transports
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault, is_service

if TYPE_CHECKING:
    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.protecto import ProtectoVault

__all__ = ["guarded", "opened", "protect"]

C = TypeVar("C")
H = TypeVar("H")

_FAMILIES = ("httpx2", "httpx")
_SUPPORTED = (
    "OpenAI, AsyncOpenAI, AzureOpenAI, AsyncAzureOpenAI, Anthropic, AsyncAnthropic and their "
    "Vertex, Foundry, Google Cloud and AWS forms"
)

# By the module that defines them: the base classes of the clients we know.
_CLIENTS = {
    "openai": ("OpenAI", "AsyncOpenAI"),
    "anthropic": (
        "Anthropic",
        "AsyncAnthropic",
        "AnthropicVertex",
        "AsyncAnthropicVertex",
        "AnthropicBedrock",
        "AsyncAnthropicBedrock",
        "AnthropicBedrockMantle",
        "AsyncAnthropicBedrockMantle",
    ),
}


def protect(
    client: C,
    vault: Vault | AsyncVault | str | None = None,
    policy: PolicyChoice = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    on_receipt: Callable[[Receipt], object] | None = None,
    on_exchange: Callable[[Record], object] | None = None,
) -> C:
    """Return a client of the same class whose every call is masked and its answers restored.

    `client` is an `OpenAI`, `AzureOpenAI` or `Anthropic` client, one of their async forms, or one of
    Anthropic's for another platform; it stays as it was, and keeps its HTTP client, which the new
    one sends through (closing either closes it).
    The `openai` module itself is protected in place, for `openai.chat.completions.create(...)`.
    `vault` is a vault, the URL or path of an embedded one, the `https://` address of a service (its
    token is in `LLM_GUARD_VAULT_TOKEN`), or None for `LLM_GUARD_VAULT`, else the default embedded
    vault (one opened here is closed with the client); an `AsyncVault` fits async clients only.
    `policy` is a policy, the name of one, or None for the vault's default.
    `on_receipt` is called with the `Receipt` of each call when it has ended, `on_exchange` with its
    `Record`; both are plain functions, and what they raise is logged and changes nothing.

    What cannot be masked is not sent: the call fails with the SDK's own status error, once, with
    our message and our `code` in its body. WebSockets are refused with `UnknownFormat`. Copies
    (`copy`, `with_options`) stay guarded, also when given another `http_client`.

    Raises `ConfigurationError` for another kind of client, one that is protected already, or a
    policy or vault that cannot work; `VaultError` when the vault refuses.
    """
    module = is_module_client(client)
    if not (module or _is_known(client)):
        raise ConfigurationError(
            f"cannot protect a {type(client).__name__}: supported are clients of {_SUPPORTED}; "
            "for anything else that takes an HTTP client, pass it guarded(http_client)"
        )
    provider = None if module else getattr(client, "_provider", None)
    if provider is not None or "Bedrock" in _openai_name(client):
        raise ConfigurationError(
            f"cannot protect this {type(client).__name__}: it signs its requests, which masking "
            f"would change; supported are {_SUPPORTED}"
        )
    # Private in both SDKs: there is no public way to a client's own client.
    inner = http_client_of(client) if module else cast(Any, client)._client
    if _is_guarded(inner):
        raise ConfigurationError("this client is protected already")
    outer = guarded(
        inner, vault, policy, limits=limits, on_receipt=on_receipt, on_exchange=on_exchange
    )
    redact_sdk_logs()
    if module:
        _sealed(client_of(client, outer), outer)
        return client
    return _sealed(cast(C, cast(Any, client).copy(http_client=outer)), outer)


def guarded(
    http_client: H,
    vault: Vault | AsyncVault | str | None = None,
    policy: PolicyChoice = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    on_receipt: Callable[[Receipt], object] | None = None,
    on_exchange: Callable[[Record], object] | None = None,
) -> H:
    """Return an HTTP client to hand to any framework: what is sent through it is masked.

    `http_client` is a `Client` or `AsyncClient` of `httpx` or `httpx2`; the new one has its
    settings (headers, cookies, time-outs, redirects, base URL, auth) and sends through it, so its
    proxies, mounts, TLS and event hooks work, on masked text. Closing the new one closes it.
    Parameters and errors otherwise as for `protect`.
    """
    http = _family(http_client)
    if _is_guarded(http_client):
        raise ConfigurationError("this HTTP client is guarded already")
    listeners = Listeners(on_receipt, on_exchange)
    auth = cast(Any, http_client).auth
    if auth is not None and auth.requires_request_body:
        raise ConfigurationError("this HTTP client signs its requests, which masking would change")
    if vault is None or isinstance(vault, str):
        own = opened(vault)
        try:
            own.mask((), policy)  # a policy that cannot work is known here, not at the first call
        except BaseException:
            own.close()
            raise
        return cast(H, _over(http_client, Guard(policy), own, limits, listeners, own.close))
    if not callable(getattr(vault, "mask", None)):
        raise ConfigurationError(f"a {type(vault).__name__} is not a vault")
    if not inspect.iscoroutinefunction(vault.mask):
        cast(Vault, vault).mask((), policy)
    elif isinstance(http_client, http.Client):
        raise ConfigurationError("an async vault needs an async client")
    return cast(H, _over(http_client, Guard(policy), vault, limits, listeners))


def opened(address: str | None) -> LocalVault | ProtectoVault:
    """The embedded vault or the service at an address; None means what the environment says."""
    if is_service(os.environ.get("LLM_GUARD_VAULT") if address is None else address):
        from llm_guard_protecto.protecto import ProtectoVault

        return ProtectoVault(address)
    from llm_guard_protecto.engine import LocalVault  # costs a detector: only when asked for

    return LocalVault(address)


def _over(inner: Any, *guarding: Any) -> Any:
    """A client with the settings of `inner` over a transport that sends through `inner`."""
    http = _family(inner)
    blocking = isinstance(inner, http.Client)
    transport = transports(http)[0 if blocking else 1]
    # Proxies, mounts and TLS belong to `inner`; given here they would go around the transport.
    return _clients(http)[0 if blocking else 1](
        transport=transport(inner, *guarding),
        auth=inner.auth,
        params=inner.params,
        headers=inner.headers,
        cookies=inner.cookies.jar,
        timeout=inner.timeout,
        base_url=inner.base_url,
        follow_redirects=inner.follow_redirects,
        max_redirects=inner.max_redirects,
        trust_env=False,
    )


@cache
def _clients(http: Any) -> tuple[type, type]:
    """The family's clients as classes of our own, to be known again."""

    class GuardedClient(http.Client):  # type: ignore[misc]
        def __init__(self, *, transport: Any, **settings: Any) -> None:
            super().__init__(transport=transport, **settings)
            self.guarded_by = transport

    class GuardedAsyncClient(http.AsyncClient):  # type: ignore[misc]
        def __init__(self, *, transport: Any, **settings: Any) -> None:
            super().__init__(transport=transport, **settings)
            self.guarded_by = transport

    return GuardedClient, GuardedAsyncClient


def _sealed(client: C, outer: Any) -> C:
    """Close the client's side doors, and make its copies keep the guard.

    Set on the object, because its class has to stay the caller's.
    """
    anyone = cast(Any, client)
    if anyone._client is not outer:
        raise ConfigurationError(f"{type(client).__name__}.copy does not keep its http_client")

    if signs(client):
        sign_after_masking(client, outer.guarded_by)

    def copy(*args: Any, http_client: Any = None, **changes: Any) -> C:
        through = outer if http_client is None else http_client
        if not _is_guarded(through):
            through = _like(outer, through)
        elif hasattr(anyone, "aws_region"):  # behind a transport signs one client alone
            through = _like(through, unsigned(through.guarded_by.inner))
        made = type(anyone).copy(anyone, *args, http_client=through, **changes)
        return _sealed(cast(C, made), through)

    anyone.copy = anyone.with_options = copy
    if isinstance(client, _classes("openai")):
        anyone.websocket_base_url = NoWebSockets()
    return client


def _classes(sdk: str) -> tuple[type, ...]:
    """The base classes of this SDK's clients, as far as its version and its extras have them."""
    module = sys.modules.get(sdk)
    found = (getattr(module, name, None) for name in _CLIENTS[sdk])
    return tuple(one for one in found if isinstance(one, type))


def _is_known(client: object) -> bool:
    return any(isinstance(client, _classes(sdk)) for sdk in _CLIENTS)


def _openai_name(client: object) -> str:
    """The name of the client's class, if it is one of the OpenAI SDK."""
    return type(client).__name__ if isinstance(client, _classes("openai")) else ""


def _like(outer: Any, inner: Any) -> Any:
    """Guard `inner` as `outer` is guarded."""
    _family(inner)
    by = outer.guarded_by
    return _over(inner, by.guard, by.vault, by.limits, by.listeners)


def _is_guarded(http_client: object) -> bool:
    return hasattr(http_client, "guarded_by")


def _family(http_client: object) -> ModuleType:
    """The module that `http_client` is a client of. Whoever made one has imported it already."""
    for name in _FAMILIES:
        http = sys.modules.get(name)
        if http is not None and isinstance(http_client, (http.Client, http.AsyncClient)):
            return http
    raise ConfigurationError(
        f"cannot guard a {type(http_client).__name__}: supported are Client and AsyncClient "
        f"of {' and '.join(_FAMILIES)}"
    )
