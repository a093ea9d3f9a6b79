"""Every method of the SDKs, called: what no route covers is refused before anything is sent."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import Iterator
from functools import cache, reduce
from importlib import import_module
from typing import Any

from llm_guard_protecto.clients import protect
from tests.clients.bench import now, whole
from tests.clients.tiny_vault import TinyVault
from tests.matrix.bodies import CANARY
from tests.wireserver import WireServer

__all__ = ["REFUSED", "Called", "call", "client", "methods", "refused_calls"]

REFUSED = (
    "Nothing of these calls is sent, whatever they hold, unless a policy opens unknown routes"
    " (`surfaces.unknown_routes`). All methods of the SDKs were called, blocking and async."
)

# They repeat one another: other ways to make or to read the same call.
_WRAPPERS = ("with_raw_response", "with_streaming_response")
# Not calls: they read a header, or wait for a call that is covered or refused under its own name.
NOT_CALLS = (
    "unwrap",
    "verify_signature",
    "poll",
    "create_and_poll",
    "upload_and_poll",
    "connect",
    "wait_for_processing",
)


def client(sdk: str, url: str, kind: str = "sync") -> Any:
    """A protected client of the SDK; `kind` is `sync` or `async`."""
    prefix = "Async" if kind == "async" else ""
    http = getattr(import_module("httpx2"), f"{prefix}Client")(trust_env=False, verify=False)
    options = {"api_key": "none", "http_client": http, "max_retries": 0}
    if sdk == "openai":
        options |= {"base_url": f"{url}/v1", "admin_api_key": "none"}
        made = getattr(import_module(sdk), f"{prefix}OpenAI")(**options)
    else:
        made = getattr(import_module(sdk), f"{prefix}Anthropic")(base_url=url, **options)
    return protect(made, TinyVault(CANARY))


def methods(resource: Any, path: str = "", depth: int = 5) -> Iterator[str]:
    """The way to every method of an SDK's client."""
    kind = type(resource)
    for name in dir(kind):
        if name.startswith("_") or name in _WRAPPERS:
            continue
        member = inspect.getattr_static(kind, name)
        here = f"{path}.{name}".strip(".")
        if isinstance(member, property) or type(member).__name__ == "cached_property":
            if depth:
                try:
                    below = getattr(resource, name)
                except Exception:  # noqa: BLE001 - a setting, not a resource
                    continue
                if ".resources." in type(below).__module__:
                    yield from methods(below, here, depth - 1)
        elif path and inspect.isfunction(member):
            yield here


class Called:
    """What became of one call: the error that it ended with, if any, and what the server got."""

    def __init__(self, error: Exception | None, raw: bytes, path: str) -> None:
        self.error, self.raw, self.path = error, raw, path

    @property
    def refused(self) -> str:
        """The message it was refused with, or nothing."""
        message = str(self.error)
        mine = "is not covered by llm_guard_protecto" in message or "cannot open WebSock" in message
        return message if mine and not self.raw else ""


def call(
    client_: Any, server: WireServer, way: str, text: str, runner: asyncio.Runner | None = None
) -> Called:
    """Call a method with `text` in every place that it insists on; `runner` is for async clients."""
    method = reduce(getattr, way.split("."), client_)
    needed: dict[str, Any] = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.default is inspect.Parameter.empty and parameter.kind not in (
            inspect.Parameter.VAR_KEYWORD,
            inspect.Parameter.VAR_POSITIONAL,
        ):
            needed[name] = _value(str(parameter.annotation), name, text)
    before = len(server.heard)
    server.requests.clear()
    error = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a method is deprecated
            reply = method(**needed)
            if runner is not None:
                runner.run(_read(reply))
        if hasattr(reply, "__enter__") and not hasattr(reply, "http_response"):
            with reply as opened:
                list(opened) if hasattr(opened, "__iter__") else opened
    except Exception as raised:  # noqa: BLE001 - whatever it is, it is looked at
        error = raised
    path = server.requests[-1].path if server.requests else ""
    return Called(error, bytes(server.heard[before:]), path)


async def _read(reply: Any) -> None:
    """Wait for a call of an async client, and read what it opens."""
    given = await now(reply)
    if hasattr(given, "__aenter__") and not hasattr(given, "http_response"):
        async with given as opened:
            if hasattr(opened, "__aiter__"):
                async for _ in opened:
                    pass


def _value(hint: str, name: str, text: str) -> Any:
    if name == "model":
        return text
    if "FileTypes" in hint or name in ("file", "image", "data") and "str" not in hint:
        return ("a.txt", text.encode())
    if "Iterable" in hint or "List" in hint or "Sequence" in hint:
        return [text]
    if hint.startswith(("int", "'int")):
        return 1
    if "Dict" in hint or "Param" in hint and "str" not in hint:
        return {"text": text}
    return text


@cache
def refused_calls() -> dict[str, list[str]]:
    """The calls of each SDK that are refused: whole resources with their number, or names."""
    found: dict[str, list[str]] = {}
    with WireServer(lambda request: whole({})) as server:
        for sdk in ("openai", "anthropic"):
            caller = client(sdk, server.url)
            refused: dict[str, list[str]] = {}
            others: set[str] = set()
            for way in methods(caller):
                resource, _, name = way.partition(".")
                if way.rpartition(".")[2] in NOT_CALLS:
                    continue
                if call(caller, server, way, "word_1").refused:
                    refused.setdefault(resource, []).append(name)
                else:
                    others.add(resource)
            found[sdk] = [
                f"`{at}` ({', '.join(names) if at in others and len(names) < 9 else len(names)})"
                for at, names in sorted(refused.items())
            ]
            caller.close()
    return found
