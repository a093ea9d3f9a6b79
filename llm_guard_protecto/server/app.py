"""The ASGI application: the routes of the vault, and those for whoever runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from llm_guard_protecto.server.console.chat import CHAT, Chat
from llm_guard_protecto.server.console.pages import PAGE, Pages
from llm_guard_protecto.server.dispatch import routes_of
from llm_guard_protecto.server.exchange import PREFIX, Exchange, encoded
from llm_guard_protecto.server.gateway.app import Gateway
from llm_guard_protecto.server.gateway.upstreams import Providers
from llm_guard_protecto.server.health import PATIENCE
from llm_guard_protecto.server.messages import Answer, Refusal, refused
from llm_guard_protecto.server.meters import Meters
from llm_guard_protecto.server.openapi import document
from llm_guard_protecto.server.pool import Pool
from llm_guard_protecto.server.service import HANDLERS, Service

__all__ = ["PREFIX", "build"]


def build(service: Service, providers: Providers | None = None) -> ASGIApp:
    """An ASGI application that answers for `service` and starts and stops it.

    Everything is under `/api/vault`, with or without a slash at the end; `/healthz` says that the
    process lives, `/readyz` that it can mask, `/metrics` what it has done, `/openapi.json` what
    there is to call. With `providers` it is also a gateway to them, under `/v1`. With the setting
    `console` there is a page for people under `/console`.
    """
    pool = Pool(service.settings.threads)
    service.meters = meters = Meters(routes_of(service.settings), HANDLERS)
    vault = Exchange(service, pool, meters)
    meters.present.set_function(lambda: vault.seats.taken)
    gateway = Gateway(service, pool, *providers) if providers else None
    if providers and gateway:
        service.gateway_file, service.recent = providers[0], gateway.recent
    console = Pages() if service.settings.console else None
    chat = Chat(gateway) if console and gateway else None
    around = _around(service, pool, gateway, meters)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        # These need nothing that a framework does, and most requests are theirs.
        app: ASGIApp = around
        if scope["type"] == "http":
            if scope["path"].startswith(PREFIX + "/"):
                app = vault
            elif console is not None and _below(PAGE, scope["path"]):
                app = chat if chat is not None and _below(CHAT, scope["path"]) else console
            elif gateway is not None and gateway.mine(scope["path"]):
                app = gateway
        await app(scope, receive, send)

    return application


def _around(service: Service, pool: Pool, gateway: Gateway | None, meters: Meters) -> Starlette:
    """Start, stop and the routes beside the vault's own."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        pool.start()
        await pool.run(service.start)
        try:
            yield
        finally:
            if gateway is not None:
                await gateway.aclose()
            await pool.run(service.stop)
            pool.stop()

    async def health(_: HttpRequest) -> Response:
        return _response(Answer(200, {"status": "alive"}))

    async def readiness(_: HttpRequest) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                failed = await pool.run(service.health.failed)
        except TimeoutError:
            failed = ("late",)
        meters.ready.set(not failed)
        if failed:
            return _response(Answer(503, {"status": "not", "failed": list(failed)}))
        return _response(Answer(200, {"status": "ready"}))

    async def metrics(_: HttpRequest) -> Response:
        return Response(meters.text(), media_type=CONTENT_TYPE_LATEST)

    async def described(_: HttpRequest) -> Response:
        return _response(Answer(200, document(PREFIX)))

    async def wrong(_: HttpRequest, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = {404: "Not found", 405: "Method not allowed"}.get(status, "Internal error")
        return _response(refused(Refusal(words, status)))

    routes = [
        Route("/healthz", health),
        Route("/readyz", readiness),
        Route("/openapi.json", described),
        *([Route("/metrics", metrics)] if service.settings.metrics else []),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: wrong}, lifespan=lifespan)
    app.router.redirect_slashes = False
    return app


def _below(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    return Response(encoded(answer), answer.status, headers, media_type="application/json")
