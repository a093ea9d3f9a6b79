"""One request in, one answer out. No socket, no event loop."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from traceback import extract_tb

from llm_guard_protecto.engine.bearers import Caller, bearing
from llm_guard_protecto.errors import DetectionFailed, PolicyViolation, VaultUnavailable
from llm_guard_protecto.server.console.calls import CONSOLE
from llm_guard_protecto.server.messages import Answer, Refusal, Request, done, refused
from llm_guard_protecto.server.routes import ROUTES, Call, Route
from llm_guard_protecto.server.service import Service
from llm_guard_protecto.server.settings import Settings
from llm_guard_protecto.server.tracing import span

__all__ = ["answer", "plausible", "routes_of"]

log = logging.getLogger("llm_guard_protecto.server")


_WITH_CONSOLE = {**ROUTES, **CONSOLE}


def routes_of(settings: Settings) -> Mapping[str, Mapping[str, Route]]:
    """What a server with these settings answers, by path and verb."""
    return _WITH_CONSOLE if settings.console else ROUTES


def answer(service: Service, request: Request) -> Answer:
    """Answer one request. Never raises, and never in part; thread-safe."""
    try:
        return _answer(service, request)
    except Refusal as refusal:
        return refused(refusal)
    except VaultUnavailable:
        return refused(Refusal("The vault gave no answer, try again", 503, Retry_After="1"))
    except DetectionFailed:
        return refused(Refusal("Detection did not finish, nothing was masked", 503))
    except PolicyViolation:
        return refused(Refusal("The wrappers of the policy cannot be told from this text"))
    except Exception as error:  # noqa: BLE001 - a traceback may quote a value
        frame = extract_tb(error.__traceback__)[-1]
        log.error("%s at %s:%s", type(error).__name__, frame.name, frame.lineno)
    masking = request.path.startswith("/mask")
    return refused(Refusal("Masking failed after 3 retries" if masking else "Internal error", 500))


def plausible(authorization: str) -> bool:
    """Whether a header may let somebody in, as far as it can be told without asking the vault.

    Of anybody else nothing needs to be read: the answer does not depend on the body.
    """
    return bearing(_token(authorization))


def _answer(service: Service, request: Request) -> Answer:
    verbs = routes_of(service.settings).get(request.path)
    if verbs is None:
        raise Refusal("Not found", 404)
    route = verbs.get(request.method)
    if route is None:
        raise Refusal("Method not allowed", 405, Allow=", ".join(sorted(verbs)))
    caller = _caller(service, request.authorization)
    with service.recording.call(caller, request.path):
        return _handled(service, route, caller, request)


def _handled(service: Service, route: Route, caller: Caller, request: Request) -> Answer:
    if not route.either and route.master != caller.master:
        raise Refusal("Permission denied", 403)
    if not caller.master and route.permissions and not caller.permissions & route.permissions:
        raise Refusal("Permission denied", 403)
    call = Call(service, caller, request)
    with span(f"{request.method} {request.path}") as told:
        data = route.handler(call)
        if request.path in {"/mask", "/unmask"}:
            told.tell(data, call.body.get("policy_name"))
    if service.meters and request.path == "/mask" and isinstance(data, list):
        service.meters.masked(data)
    return data if isinstance(data, Answer) else done(data)


def _caller(service: Service, authorization: str) -> Caller:
    token = _token(authorization)
    if not token:
        raise Refusal("Not authenticated", 401, WWW_Authenticate="Bearer")
    caller = service.bearers.caller(token)
    if caller is None:
        raise Refusal(
            "Access token has expired or is not yet valid.", 401, WWW_Authenticate="Bearer"
        )
    return caller


def _token(authorization: str) -> str:
    kind, _, token = authorization.strip().partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
