"""What both drivers share: how a request becomes one of httpx, and an answer one of ours."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlsplit

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.protecto.asking import Lost, Reply, Request
from llm_guard_protecto.protecto.settings import Settings

__all__ = ["check_client", "httpx_of", "lost", "prepared", "read"]


def httpx_of(client: Any) -> ModuleType:
    """`httpx`, or the library of `client`; imported when a vault is opened and not before."""
    import httpx

    if client is not None and type(client).__module__.startswith("httpx2"):
        import httpx2

        module: ModuleType = httpx2
        return module
    return httpx


def prepared(settings: Settings, http: Any, client: Any, request: Request) -> Any:
    """The request as `client` sends it, with that client's own headers below ours.

    A query travels as the request's target only: the URL, which httpx logs, is without it.
    """
    url = settings.url + request.path
    headers = {"Authorization": f"Bearer {settings.token}", "Accept": "application/json"}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    time_out = http.Timeout(settings.timeout, connect=min(5.0, settings.timeout))
    extensions: dict[str, Any] = {"timeout": time_out.as_dict()}
    if request.query:
        pairs = (f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in request.query.items())
        extensions["target"] = f"{urlsplit(url).path}?{'&'.join(pairs)}".encode("ascii")
    return client.build_request(
        request.method, url, headers=headers, content=request.body, extensions=extensions
    )


def read(answer: Any) -> Reply:
    """The answer, whole. `Retry-After` as a date is taken for no wish at all."""
    try:
        wait: float | None = float(answer.headers.get("retry-after", ""))
    except ValueError:
        wait = None
    if wait is not None and not math.isfinite(wait):
        wait = None
    return Reply(answer.status_code, answer.content, wait)


def lost(error: Exception, http: Any) -> Lost:
    """What is kept of an error of httpx: no request, so no header and no body."""
    return Lost(timed_out=isinstance(error, http.TimeoutException))


def check_client(client: Any, kind: type) -> None:
    """Refuse an HTTP client of the wrong kind at once, not at the first call."""
    if not isinstance(client, kind):
        raise ConfigurationError(f"a {type(client).__name__} cannot be used as this HTTP client")
