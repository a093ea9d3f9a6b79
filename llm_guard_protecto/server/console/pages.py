"""The files of the page, and what a browser may do with them.

They hold nothing secret and are the same for everybody, so they want no token. The browser is told
to load, send and be framed nowhere else, and to make no markup out of text (Trusted Types): what
stands in a prompt stays text, whatever it says.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["HEADERS", "PAGE", "Pages"]

PAGE = "/console"

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_MAY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}

HEADERS = {
    "content-security-policy": "; ".join(f"{what} {where}" for what, where in _MAY.items()),
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Sent with every answer under the page."""


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """Every file by its path below the page: content, type, and a mark of the content."""
    found = {}
    for file in (files("llm_guard_protecto.server.console") / "static").iterdir():
        kind = KINDS.get("." + file.name.rpartition(".")[2])
        if kind is not None:
            content = file.read_bytes()
            found[f"/{file.name}"] = content, kind, f'"{sha256(content).hexdigest()[:16]}"'
    return found


class Pages:
    """Answers `GET` and `HEAD` of the page's files; an ASGI application without a lifespan."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await _answer(scope)(scope, receive, send)


def _answer(scope: Scope) -> Response:
    path = scope["path"].removeprefix(PAGE)
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("Method not allowed\n", 405, {**HEADERS, "allow": "GET, HEAD"})
    if not path:
        return RedirectResponse("console/", 308, HEADERS)  # relative: a proxy may add a prefix
    found = _files().get("/index.html" if path == "/" else path)
    if found is None:
        return PlainTextResponse("Not found\n", 404, HEADERS)
    content, kind, mark = found
    headers = {**HEADERS, "etag": mark}
    if dict(scope["headers"]).get(b"if-none-match") == mark.encode():
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=kind)
