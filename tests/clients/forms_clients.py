"""The caller's own settings, copies of a client, Azure, and the doors beside HTTP."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import openai

from llm_guard_protecto.clients import protect
from tests.clients.bench import PROMPT, VALUES, Bench, ask, echo, form, now, outcome, text_of
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import TinyVault


@form
async def copies_stay_guarded(bench: Bench) -> None:
    bench.script = echo
    client = bench.client()
    own = bench.bare_http()
    for copy in (
        client.copy(),
        client.with_options(timeout=9, max_retries=1),
        client.copy().copy(organization="o"),
        client.copy(http_client=own),
        client.copy(http_client=own).with_options(timeout=9),
    ):
        assert type(copy) is type(client)
        assert (await now(ask(copy))).choices[0].message.content == PROMPT
    bench.sent()
    await now(own.aclose() if bench.kind == "async" else own.close())


@form
async def azure(bench: Bench) -> None:
    bench.script = echo
    sdk: Any = openai.AsyncAzureOpenAI if bench.kind == "async" else openai.AzureOpenAI
    for options in (
        {"azure_endpoint": bench.server.url},
        {"azure_endpoint": bench.server.url, "azure_deployment": "mine"},
        {"base_url": f"{bench.server.url}/openai/deployments/mine"},
    ):
        client = sdk(api_key="none", api_version="1", http_client=bench.bare_http(), **options)
        bench.clients.append(client)
        guarded = protect(client, TinyVault(*VALUES))
        assert type(guarded) is sdk
        assert (await now(ask(guarded))).choices[0].message.content == PROMPT
        assert await text_of(await now(ask(guarded, stream=True))) == PROMPT
    assert "/openai/deployments/" in bench.server.requests[-1].path
    assert bench.server.requests[-1].headers["api-key"] == "none"
    bench.sent()


@form
async def hooks_headers_and_auth_of_the_inner_client(bench: Bench) -> None:
    seen: list[bytes] = []

    def hook(request: Any) -> None:
        seen.append(request.content)

    async def async_hook(request: Any) -> None:
        hook(request)

    bench.script = echo
    own = {
        "event_hooks": {"request": [async_hook if bench.kind == "async" else hook]},
        "headers": {"x-mine": "yes"},
        "cookies": {"biscuit": "1"},
        "params": {"trace": "7"},
    }
    await now(ask(bench.client(own), extra_headers={"x-call": "also"}))
    received = bench.server.requests[-1]
    assert seen == [received.body]
    assert received.headers["x-mine"] == "yes"
    assert received.headers["x-call"] == "also"
    assert received.headers["cookie"] == "biscuit=1"
    assert received.headers["authorization"] == "Bearer none"
    assert received.headers["content-length"] == str(len(received.body))
    assert received.path == "/v1/chat/completions?trace=7"
    assert received.raw.lower().count(b"\r\ncontent-length:") == 1
    assert received.raw.lower().count(b"\r\naccept-encoding:") == 1
    bench.sent()


@form
async def a_hook_that_reads_the_reply(bench: Bench) -> None:
    def hook(response: Any) -> None:
        response.read()

    async def async_hook(response: Any) -> None:
        await response.aread()

    bench.script = echo
    hooks = {"event_hooks": {"response": [async_hook if bench.kind == "async" else hook]}}
    client = bench.client(hooks)
    assert (await now(ask(client))).choices[0].message.content == PROMPT
    assert await text_of(await now(ask(client, stream=True))) == PROMPT


@form
async def proxies_and_mounts(bench: Bench) -> None:
    """They go around a transport, so they have to stay on the inner client."""
    bench.script = echo
    mount = bench.http.AsyncHTTPTransport if bench.kind == "async" else bench.http.HTTPTransport
    proxied = f"{bench.server.url}/v1/chat/completions"
    for own, path in (
        ({"mounts": {"all://": mount()}}, "/v1/chat/completions"),
        ({"proxy": bench.server.url}, proxied),
    ):
        assert (await now(ask(bench.client(own)))).choices[0].message.content == PROMPT
        assert bench.server.requests[-1].path == path
    with environment(HTTP_PROXY=bench.server.url, http_proxy=bench.server.url, NO_PROXY="none"):
        client = bench.client({"trust_env": True})
    assert (await now(ask(client))).choices[0].message.content == PROMPT
    assert bench.server.requests[-1].path == proxied
    bench.sent()


@contextmanager
def environment(**settings: str) -> Iterator[None]:
    """These variables, for a while."""
    before = dict(os.environ)
    os.environ.update(settings, no_proxy=settings.get("NO_PROXY", ""))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@form
async def the_original_is_untouched(bench: Bench) -> None:
    bench.script = echo
    original = bench.bare()
    before = dict(vars(original))
    protect(original, TinyVault(*VALUES))
    assert vars(original) == before
    await now(ask(original))
    assert leaked(bytes(bench.server.heard), VALUES) == list(VALUES)


WEBSOCKETS = {
    "realtime": {"model": "m"},
    "beta.realtime": {"model": "m"},
    "responses": {},
    "beta.responses": {},
    "realtime.translations": {"model": "m"},
    "live": {},
    "live.forks": {},
    "live.sideband": {},
}


@form
async def websockets_are_refused(bench: Bench) -> None:
    """Every `connect` of the installed SDK, plain, copied and on Azure."""
    import_module("websockets")  # without it the SDK would refuse by itself, and prove nothing
    sdk: Any = openai.AsyncAzureOpenAI if bench.kind == "async" else openai.AzureOpenAI
    on_azure = sdk(
        api_key="none",
        api_version="1",
        azure_endpoint=bench.server.url,
        http_client=bench.bare_http(),
    )
    bench.clients.append(on_azure)
    plain = bench.client()
    tried = set()
    for client in (plain, plain.copy(), protect(on_azure, TinyVault(*VALUES))):
        for path, resource in connectable(client):
            tried.add(path)
            required = {
                name: "x"
                for name, parameter in inspect.signature(resource.connect).parameters.items()
                if parameter.default is inspect.Parameter.empty
            }
            manager = resource.connect(**WEBSOCKETS.get(path, {}) | required)
            error = await outcome(manager.enter)
            assert type(error).__name__ == "UnknownFormat", (path, error)
            assert "WebSockets" in str(error)
    assert {"realtime", "beta.realtime", "responses"} <= tried
    assert bench.server.accepted == 0


def connectable(resource: Any, path: str = "", depth: int = 3) -> list[tuple[str, Any]]:
    """All that has a `connect`, below a client."""
    found = []
    if path and hasattr(resource, "connect"):
        found.append((path, resource))
    for name in dir(type(resource)) if depth else ():
        kind = type(getattr(type(resource), name, None)).__name__
        if name.startswith(("_", "with_")) or kind not in ("cached_property", "property"):
            continue
        try:
            below = getattr(resource, name)
        except Exception:  # noqa: BLE001 - a property that is no resource
            continue
        if ".resources." in type(below).__module__:
            found += connectable(below, f"{path}.{name}".strip("."), depth - 1)
    return found
