"""Who may call what, and what everybody else is told."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import VaultUnavailable
from llm_guard_protecto.server.dispatch import answer
from llm_guard_protecto.server.messages import Request
from llm_guard_protecto.server.routes import ROUTES
from llm_guard_protecto.server.service import Service
from tests.server.desk import Desk

EVERY = [(verb, path) for path, verbs in ROUTES.items() for verb in verbs]
TEXT = {"mask": [{"value": "Sarah Johnson"}]}


@pytest.mark.parametrize(("verb", "path"), EVERY)
@pytest.mark.parametrize(
    "said",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic c2FyYWg6am9obnNvbg==",
        "Bearer wrong",
        "Bearer lgp_user_" + "0" * 49,
        "Bearer \ud800",
    ],
)
def test_nobody_calls_without_a_token(desk: Desk, verb: str, path: str, said: str) -> None:
    got = answer(desk.service, Request(verb, path, said))
    assert got.status == 401
    assert got.content["success"] is False
    assert got.content["data"] is None
    assert got.content["error"] == {"message": "Authentication failed"}
    assert got.content["detail"]
    assert got.headers["WWW-Authenticate"] == "Bearer"


NEEDED = {
    "/mask": "mask",
    "/unmask": "unmask",
    "/mask/async": "mask",
    "/unmask/async": "unmask",
    "/umask/async": "unmask",
}
"""Any other path under `/metadata` and `/namespace` is for administrators."""


@pytest.mark.parametrize(("verb", "path"), EVERY)
def test_each_route_needs_its_permission(desk: Desk, verb: str, path: str) -> None:
    body = {"unmask": [{"token_value": "x"}]} if "mask" in path else {}
    body |= {} if path.startswith("/u") else TEXT
    holders = {p: desk.of("acme", p) for p in ("mask", "unmask", "metadata_change")}
    holders["master"] = desk.of(None)
    allowed = {p for p, one in holders.items() if one.call(verb, path, body).status != 403}
    if path.startswith("/super-admin") or path == "/reports/all-namespace-summary":
        assert allowed == {"master"}
    elif "reports" in path:
        assert allowed == {"metadata_change", "master"}
    elif path == "/async-status":
        assert allowed == {"mask", "unmask"}
    else:
        assert allowed == {NEEDED.get(path, "metadata_change")}


def test_to_unmask_through_mask_needs_the_permission_to_unmask(desk: Desk) -> None:
    body = {"unmask": [{"token_value": "Kq7Vn"}]}
    assert desk.of("acme", "mask").refused("/mask", body) == (403, "Permission denied")
    assert desk.of("acme", "unmask").call("PUT", "/mask", body).status != 403
    both = TEXT | body  # a body with both is to be masked
    assert desk.of("acme", "unmask").refused("/mask", both) == (403, "Permission denied")
    assert "individual_tokens" in desk.of("acme", "mask").put("/mask", both)[0]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "", "/nothing", "/mask/other", "/Mask", "/mask/async/x", "//mask"),
        *("/data-scan/data-scan-async", "/data-scan-async", "/data-scan/status"),
        *("/data-scan/objects/details", "/data-scan-details"),
    ],
)
def test_an_unknown_path_is_not_found(desk: Desk, path: str) -> None:
    assert desk.refused(path, TEXT) == (404, "Not found")


@pytest.mark.parametrize(("verb", "path"), EVERY)
def test_a_wrong_verb_is_told_the_right_one(desk: Desk, verb: str, path: str) -> None:
    for other in {"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"} - {verb}:
        got = desk.call(other, path, TEXT)
        assert (got.status, got.headers["Allow"]) == (405, verb)
        assert got.content["error"] == {"message": "Method not allowed"}


class Broken(LocalVault):
    """A vault that fails as it is told to."""

    error: Exception = RuntimeError()

    def mask(self, *_: Any, **__: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (RuntimeError("Sarah Johnson"), 500, "Masking failed after 3 retries"),
        (VaultUnavailable("locked"), 503, "The vault gave no answer, try again"),
    ],
)
def test_a_failure_is_json_and_says_no_value(
    error: Exception, status: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Broken("memory:", environ={}) as vault:
        service = Service(vault)
        token = service.bearers.create("default", "someone", ["mask"])
        broken = service.namespaces.get("default")
        assert isinstance(broken, Broken)
        broken.error = error
        desk = Desk(service, None, token)  # type: ignore[arg-type]
        assert desk.refused("/mask", TEXT) == (status, message)
        assert "Sarah" not in caplog.text
        assert token not in caplog.text


def test_nothing_of_a_request_shows(desk: Desk) -> None:
    request = Request("PUT", "/mask", f"Bearer {desk.token}", {"auth_token": "q"}, b"Sarah")
    assert repr(request) == "Request(method='PUT', path='/mask')"
    assert "someone" not in repr(desk.service.bearers.held(desk.token))
