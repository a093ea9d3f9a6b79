"""A small Protecto on a real socket, for tests of the client: the documented contract, no more.

It finds the people, numbers and addresses of `FOUND` (a name behind `=` it overlooks), keeps its tokens in a dictionary and answers
with Protecto's frames, messages and codes. A test may put answers into `scripted`, which go out
before anything else does, and reads in `requests` what came.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.protecto.service_admin import Admin, Refused, frame, refuse

__all__ = ["TOKEN", "Heard", "Scripted", "Service", "listening", "serving"]

TOKEN = "tok-5f2c-secret-91"
FOUND = {
    "PERSON": r"(?<![=\w])(?:Sarah Johnson|Ada Moss|Øystein Brandvold|李雷)(?!\w)",
    "PHONE_NUMBER": r"\(\d{3}\) \d{3}-\d{4}",
    "EMAIL_ADDRESS": r"[\w.]+@[\w.]+\w",
    "URL": r"https?://[\w./]+\w",
}
TAGS = {"PERSON": "PER", "PHONE_NUMBER": "PHN", "EMAIL_ADDRESS": "EMAIL", "URL": "URL"}
TOKEN_NAMES = ("Default Token", "Text Token", "Numeric Token", "Special Token", "Person Token")
FORMATS = ("URL", "Phone Number", "Email Address", "Person Name", "Address")
SCORES = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
STATES = ("PENDING", "IN-PROGRESS", "SUCCESS")


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Scripted:
    """An answer to give instead of the service's own; `wait` seconds before it."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0


@dataclass
class Service:
    """The service's state. `limit` is for the masked form of one item, in characters."""

    limit: int = 600
    old: bool = False
    url: str = ""
    requests: list[Heard] = field(default_factory=list)
    scripted: list[Scripted] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    admin: Admin = field(default_factory=Admin)

    def reset(self) -> None:
        """As new, at the same address."""
        fresh = Service(url=self.url)
        for name in ("limit", "old", "requests", "scripted", "values", "jobs"):
            setattr(self, name, getattr(fresh, name))
        vars(self.admin).update(vars(fresh.admin))

    def asked(self, path: str = "/mask") -> list[Any]:
        """The bodies that came to a path."""
        wanted = f"/api/vault{path}"
        return [heard.json for heard in self.requests if heard.path.rstrip("/") == wanted]

    def app(self) -> Starlette:
        """The ASGI application."""
        routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("PUT", "/mask"): self._mask_body,
            ("PUT", "/unmask"): self._unmask_body,
            ("PUT", "/mask/async"): lambda body: self._submit("mask", body),
            ("PUT", "/unmask/async"): lambda body: self._submit("unmask", body),
            ("PUT", "/async-status"): self._status,
            **self.admin.routes(),
        }
        return Starlette(
            routes=[
                Route(f"/api/vault{path}{slash}", self._endpoint(answer), methods=[method])
                for (method, path), answer in routes.items()
                for slash in ("", "/")
            ]
        )

    def _endpoint(self, answer: Callable[[Any], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            headers = {key: value for key, value in request.headers.items()}
            heard = Heard(request.method, request.url.path, request.url.query, headers, body)
            self.requests.append(heard)
            if self.scripted:
                script = self.scripted.pop(0)
                await asyncio.sleep(script.wait)
                return Response(script.body, script.status, dict(script.headers))
            if headers.get("authorization") != f"Bearer {TOKEN}":
                error = {"success": False, "error": {"message": "Authentication failed"}}
                detail = {"detail": "Access token has expired or is not yet valid."}
                return JSONResponse(detail if self.old else error, 401)
            try:
                asked = json.loads(body) if request.method == "PUT" else dict(request.query_params)
                return JSONResponse(frame(answer(asked)))
            except Refused as why:
                status = 500 if self.old and why.status == 400 else why.status
                return JSONResponse(frame(None, why.message), status)

        return endpoint

    def _mask_body(self, body: Any) -> list[dict[str, Any]]:
        items = self._items(body, "mask")
        return [self._mask(item, body.get("policy_name")) for item in items]

    def _items(self, body: Any, key: str) -> Any:
        if not isinstance(body, dict) or key not in body:
            refuse(f"{key} data missing")
        if not body[key] or body[key] == [{}]:
            refuse("Payload is empty")
        return body[key]

    def _mask(self, item: dict[str, Any], policy: str | None) -> dict[str, Any]:
        value = item.get("value")
        if not value or value.isspace():
            refuse("Missing value")
        echoed: dict[str, Any] = {
            key: item[key] for key in ("attributes", "attribute") if key in item
        }
        if "token_name" not in item and "format" not in item:
            return self._search(value, policy) | echoed
        if not item.get("token_name"):
            refuse("Missing token_name")
        names = {name.lower(): name for name in TOKEN_NAMES}
        name = names.get(item["token_name"].lower())
        if name is None:
            refuse(f"token_name not defined: {{{item['token_name']}}}")
        if "format" in item and not item["format"]:
            refuse("Missing format")
        if "format" in item and item["format"].lower() not in {one.lower() for one in FORMATS}:
            refuse(f"format name not defined: {{{item['format']}}}")
        token = self._token(value, digits=name == "Numeric Token", words="format" in item)
        echoed |= {"format": item["format"]} if "format" in item else {}
        return {"value": value, "token_name": name, "token_value": token} | echoed

    def _search(self, value: str, policy: str | None) -> dict[str, Any]:
        rules = self.admin.rules(policy)
        spans = sorted(
            (found.start(), found.end(), entity)
            for entity, pattern in FOUND.items()
            for found in re.finditer(pattern, value)
        )
        tokens, excluded, parts, at = [], [], [], 0
        for start, end, entity in spans:
            rule = rules[entity]
            span = {"value": value[start:end], "pii_type": entity}
            places = {"start_pos": start, "end_pos": end}
            if rule.category == "excluded_entities":
                excluded.append(span | places)
                continue
            token = self._token(value[start:end], digits=entity == "PHONE_NUMBER")
            wrapper = {"token": token, "prefix": rule.prefix, "suffix": rule.suffix}
            tokens.append(span | wrapper | ({} if self.old else places))
            parts += [value[at:start], rule.prefix, token, rule.suffix]
            at = end
        masked = "".join([*parts, value[at:]])
        if len(masked) > self.limit:
            refuse("Masked data exceeds the approved limit of 600 characters")
        answer: dict[str, Any] = {
            "value": value,
            "token_value": masked,
            "individual_tokens": tokens,
        }
        if not self.old:
            answer["toxicity_analysis"] = dict.fromkeys(SCORES, 0.9 if "idiot" in value else 0.001)
        return answer | ({"excluded_entities": excluded} if excluded else {})

    def _token(self, value: str, *, digits: bool = False, words: bool = True) -> str:
        def run(word: re.Match[str]) -> str:
            number = int.from_bytes(hashlib.sha256(word[0].encode()).digest()[:5])
            made = f"{number:013d}"[-6:] if digits else "t" + f"{number:x}"[:6] + "9"
            self.values[made] = word[0]
            return made

        return re.sub(r"\d+" if digits else r"\w+" if words else r".+", run, value)

    def _unmask_body(self, body: Any) -> list[dict[str, Any]]:
        return [self._unmask(item) for item in self._items(body, "unmask")]

    def _unmask(self, item: dict[str, Any]) -> dict[str, Any]:
        given = item.get("token_value", item.get("value"))
        if given is None:
            refuse("Missing token value field")
        if not given.strip():
            refuse("Missing token value")
        text = re.sub(r"\w+", lambda word: self.values.get(word[0], word[0]), given)
        if text == given and re.fullmatch(r"\S+", given):
            refuse("Unmasking of given token values failed.")
        for prefix, suffix in self.admin.wrappers():
            text = text.replace(prefix, "").replace(suffix, "")
        return {
            "value": text,
            "token_value": given,
            "toxicity_analysis": dict.fromkeys(SCORES, 0.001),
        }

    def _submit(self, kind: str, body: Any) -> list[dict[str, Any]]:
        self._items(body, kind)
        now = datetime.now(UTC)
        made = UUID(int=len(self.jobs) + 1, version=4)
        tracking_id = f"{made}{now:%d%m%Y%H%M%S}"
        self.jobs[tracking_id] = {
            "tracking_id": tracking_id,
            "call_type": kind,
            "input_payload": body,
            "submitted_time": f"{now:%Y-%m-%d %H:%M:%S}",
            "looked": 0,
        }
        return [{"tracking_id": tracking_id, "status": "PENDING"}]

    def _status(self, body: Any) -> list[dict[str, Any]]:
        return [self._state(one["tracking_id"]) for one in self._items(body, "status")]

    def _state(self, tracking_id: str) -> dict[str, Any]:
        """The next state at each look: waiting, running, done."""
        job = self.jobs.get(tracking_id)
        if job is None:
            refuse("Invalid tracking_id")
        status = job.get("final") or STATES[min(job["looked"], 2)]
        job["looked"] += 1
        done = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        answer: dict[str, Any] = {"result": None, "error_msg": None, "status": status}
        if status == "SUCCESS":
            work = self._mask_body if job["call_type"] == "mask" else self._unmask_body
            try:
                answer["result"] = work(job["input_payload"])
            except Refused as why:
                answer |= {"status": "FAILED", "error_msg": why.message}
        if status == "PURGED":
            gone = "None" if self.old else None
            answer |= {"result": gone, "input_payload": gone}
        times = {"process_start_time": done if job["looked"] > 1 else None}
        times["completed_time"] = done if status not in STATES[:2] else None
        return {key: job[key] for key in job if key not in ("looked", "final")} | times | answer


def listening() -> socket.socket:
    """A loopback listener that says it is TCP, without which asyncio leaves Nagle's delay on."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """The service on a loopback port of its own; its `url` is set."""
    with listening() as listener:
        config = uvicorn.Config(
            service.app(), log_level="error", lifespan="off", ws="none", http="h11"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        service.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield service
        finally:
            server.should_exit = True
            thread.join()
