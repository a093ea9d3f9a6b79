"""The ASGI shell: reads a request within limits, asks the service in a thread, writes JSON."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from llm_guard_protecto.server.dispatch import answer as answer_to
from llm_guard_protecto.server.dispatch import plausible
from llm_guard_protecto.server.messages import Answer, Refusal, Request, refused
from llm_guard_protecto.server.openapi import document
from llm_guard_protecto.server.routes import ROUTES
from llm_guard_protecto.server.service import Service

__all__ = ["PREFIX", "build"]

PREFIX = "/api/vault"
VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

DRAIN = 1.0
"""Seconds for which the rest of a refused body is awaited."""

log = logging.getLogger("llm_guard_protecto.server")


def build(service: Service) -> Starlette:
    """An ASGI application that answers for `service` and starts and stops it.

    Everything is under `/api/vault`, with or without a slash at the end; `/healthz` says that the
    process lives, `/readyz` that it can mask, `/openapi.json` what there is to call.
    """
    limiter = anyio.CapacityLimiter(service.settings.threads)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(service.start)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(service.stop)

    async def vault(http: HttpRequest) -> Response:
        began = time.perf_counter()
        path = "/" + http.path_params["path"].rstrip("/")
        said = http.headers.get("authorization", "")
        limit = service.settings.body_limit
        body = b""
        try:
            if plausible(said):
                body = await _body(http, limit)
            else:
                await _drain(http.stream(), limit)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Refusal as refusal:
            answer = refused(refusal)
        else:
            request = Request(
                http.method,
                path,
                said,
                dict(http.query_params),
                body,
            )
            answer = await anyio.to_thread.run_sync(answer_to, service, request, limiter=limiter)
        route = path if path in ROUTES else "other"
        took = 1000 * (time.perf_counter() - began)
        log.info("%s %s %s %.1f ms", http.method, route, answer.status, took)
        return _response(answer)

    async def health(_: HttpRequest) -> Response:
        return _response(Answer(200, {"status": "alive"}))

    async def readiness(_: HttpRequest) -> Response:
        ready = await anyio.to_thread.run_sync(service.ready, limiter=limiter)
        return _response(Answer(200 if ready else 503, {"status": "ready" if ready else "not"}))

    async def described(_: HttpRequest) -> Response:
        return _response(Answer(200, document(PREFIX)))

    async def wrong(_: HttpRequest, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = {404: "Not found", 405: "Method not allowed"}.get(status, "Internal error")
        return _response(refused(Refusal(words, status)))

    app = Starlette(
        routes=[
            Route("/healthz", health),
            Route("/readyz", readiness),
            Route("/openapi.json", described),
            Route(PREFIX + "/{path:path}", vault, methods=VERBS),
        ],
        exception_handlers={HTTPException: wrong},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _body(http: HttpRequest, limit: int) -> bytes:
    """The body of a request. Raises `Refusal` for one that is packed or too large."""
    stream = http.stream()
    if http.headers.get("content-encoding", "identity").lower() != "identity":
        await _drain(stream, limit)
        raise Refusal("Content-Encoding is not supported", 415)
    body = bytearray()
    said = http.headers.get("content-length", "")
    if not (said.isdecimal() and int(said) > limit):
        async for piece in stream:
            body += piece
            if len(body) > limit:
                break
        else:
            return bytes(body)
    await _drain(stream, limit)
    raise Refusal(f"A request has at most {limit} bytes", 413, Connection="close")


async def _drain(stream: AsyncIterator[bytes], limit: int) -> None:
    """Read some more and throw it away: who is still writing when we hang up loses our answer."""
    with anyio.move_on_after(DRAIN):
        async for piece in stream:
            limit -= len(piece)
            if limit < 0:
                return


def _response(answer: Answer) -> Response:
    content = json.dumps(answer.content, separators=(",", ":")).encode()
    return Response(content, answer.status, dict(answer.headers), media_type="application/json")
