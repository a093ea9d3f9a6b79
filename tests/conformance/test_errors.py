"""Section by section what is refused: exact messages and codes of the server, errors of the client.

For each documented row the server is asked what the page asks, and our client is given the very
answer of the page.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from llm_guard_protecto import (
    ConfigurationError,
    Item,
    ProtectoVault,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)
from llm_guard_protecto.protecto.faults import NotAuthenticated, QuotaExceeded, RateLimited
from tests.conformance.served import Caller, Served, serving

TEXT = {"value": "x", "token_name": "Text Token"}

# path, body, message, code, what it is to a program that uses our client
ROWS: list[tuple[str, Any, str, int, type[Exception]]] = [
    ("mask", b"", "Payload is empty", 400, VaultError),
    ("mask", {"mask": []}, "Payload is empty", 400, VaultError),
    ("mask", {}, "mask data missing", 400, VaultError),
    ("mask", [{"value": "x"}], "mask data missing", 400, VaultError),
    ("mask", {"mask": [{"value": ""}]}, "Missing value", 400, ConfigurationError),
    ("mask", {"mask": [{}]}, "Missing value", 400, ConfigurationError),
    ("mask", {"mask": [{"value": None}]}, "Missing value", 400, ConfigurationError),
    ("mask", {"mask": [{"value": {}}]}, "Missing value", 400, ConfigurationError),
    (
        "mask",
        {"mask": [{"value": "x", "token_name": ""}]},
        "Missing token_name",
        400,
        ConfigurationError,
    ),
    (
        "mask",
        {"mask": [{"value": "x", "format": "URL"}]},
        "Missing token_name",
        400,
        ConfigurationError,
    ),
    (
        "mask",
        {"mask": [{"value": "x", "token_name": "dfdfd"}]},
        "token_name not defined: {dfdfd}",
        400,
        ConfigurationError,
    ),
    ("mask", {"mask": [TEXT | {"format": ""}]}, "Missing format", 400, ConfigurationError),
    (
        "mask",
        {"mask": [TEXT | {"format": "phone_number"}]},
        "format name not defined: {phone_number}",
        400,
        ConfigurationError,
    ),
    (
        "mask",
        {"mask": [{"value": "x", "token_name": "Date Token", "format": "URL"}]},
        "Token and Format Metadata not available",
        400,
        ConfigurationError,
    ),
    (
        "mask",
        {"mask": [{"value": "x"}], "policy_name": "none"},
        "Policy doesn't exist.",
        400,
        ConfigurationError,
    ),
    ("unmask", {"unmask": []}, "Payload is empty", 400, VaultError),
    ("unmask", {"unmask": [{}]}, "Payload is empty", 400, VaultError),
    ("unmask", {}, "unmask data missing", 400, VaultError),
    ("unmask", {"mask": [{"value": "x"}]}, "unmask data missing", 400, VaultError),
    ("unmask", {"unmask": [{"attributes": 1}]}, "Missing token value field", 400, VaultError),
    ("unmask", {"unmask": [{"token_value": ""}]}, "Missing token value", 400, VaultError),
    ("unmask", {"unmask": [{"token_value": " "}]}, "Missing token value", 400, VaultError),
    (
        "unmask",
        {"unmask": [{"token_value": "9zQ4xk7Lw2"}]},
        "Unmasking of given token values failed.",
        400,
        VaultError,
    ),
    (
        "unmask",
        {"unmask": [{"token_value": "<PER>9zQ4xk7Lw2</PER>"}]},
        "Unmasking of given token values failed.",
        400,
        VaultError,
    ),
    ("async-status", {"status": []}, "Payload is empty", 400, VaultError),
    (
        "async-status",
        {"status": [{"tracking_id": "no such job"}]},
        "Invalid tracking_id",
        400,
        VaultError,
    ),
]


@pytest.mark.parametrize(("path", "body", "message", "code", "_"), ROWS)
def test_the_server_says_it_in_these_words(
    caller: Caller, path: str, body: Any, message: str, code: int, _: type[Exception]
) -> None:
    for slash in ("", "/"):
        assert caller.refused(f"/{path}{slash}", body) == (code, message)


# message, code: what only somebody else's service says
THEIRS: list[tuple[str, int, type[Exception]]] = [
    (
        "You have exceeded the maximum number of token creation limit for your trial subscription",
        403,
        QuotaExceeded,
    ),
    ("Masked data exceeds the approved limit of 600 characters", 400, VaultError),
    ("Masking failed after 3 retries", 500, VaultUnavailable),
    ("API usage limit exceeded", 429, RateLimited),
    ("Permission denied", 403, VaultRefused),
    ("Policy already exists", 400, ConfigurationError),
    ("Policy doesn't exists.", 400, ConfigurationError),
]
SAID = [*dict.fromkeys((message, code, error) for _, _, message, code, error in ROWS), *THEIRS]


def told(status: int, content: Any) -> ProtectoVault:
    """A vault that gives this answer to everything."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=json.dumps(content))

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return ProtectoVault(
        "https://vault.example.com", "token", retries=0, size=None, http_client=client
    )


@pytest.mark.parametrize(("message", "code", "error"), SAID)
@pytest.mark.parametrize("older", [False, True], ids=["as now", "as on the old pages"])
def test_the_client_knows_it(message: str, code: int, error: type[Exception], older: bool) -> None:
    """Old pages answer a mistake of the caller with 500; the message decides."""
    status = 500 if older and code == 400 else code
    vault = told(status, {"data": None, "success": False, "error": {"message": message}})
    with pytest.raises(error) as caught:
        vault.mask([Item("x", "Text Token")])
    assert type(caught.value) is error
    assert "dfdfd" not in str(caught.value)  # what was sent is never repeated


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (401, {"success": False, "error": {"message": "Authentication failed"}}),
        (401, {"detail": "Not authenticated"}),
        (401, {"detail": "Access token has expired or is not yet valid."}),
    ],
)
def test_the_client_reads_every_kind_of_401(status: int, content: Any) -> None:
    with pytest.raises(NotAuthenticated):
        told(status, content).mask(["x"])


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        ("", "Not authenticated"),
        ("nobody's", "Access token has expired or is not yet valid."),
    ],
)
@pytest.mark.parametrize("path", ["/mask", "/unmask/", "/async-status", "/metadata/policy/create"])
def test_a_401_has_the_keys_of_both_pages(
    served: Served, path: str, token: str, detail: str
) -> None:
    got = served.nobody(token).send("PUT", path, {"mask": [{"value": "x"}]})
    assert got.status_code == 401
    assert got.json() == {
        "data": None,
        "success": False,
        "error": {"message": "Authentication failed"},
        "detail": detail,
    }
    with pytest.raises((NotAuthenticated, ConfigurationError)):
        served.nobody(token).vault().mask(["x"])


def test_a_permission_that_is_missing(served: Served) -> None:
    masking = served.caller("permissions", "mask")
    token = masking.put("/mask", {"mask": [TEXT]})["data"][0]["token_value"]
    denied = (403, "Permission denied")
    assert masking.refused("/unmask", {"unmask": [{"token_value": token}]}) == denied
    assert masking.refused("/mask/", {"unmask": [{"token_value": token}]}) == denied
    assert masking.refused("/unmask/async", {"unmask": [{"token_value": token}]}) == denied
    assert masking.refused("/metadata/policy/list", None, "GET") == denied
    restoring = served.caller("permissions", "unmask")
    assert restoring.refused("/mask", {"mask": [TEXT]}) == denied
    assert restoring.put("/mask/", {"unmask": [{"token_value": token}]})["data"][0]["value"] == "x"
    path = "/super-admin/namespace/auth-token/list"
    assert restoring.refused(path, None, "GET") == denied
    assert served.caller(None).refused("/mask", {"mask": [TEXT]}) == denied
    with pytest.raises(VaultRefused, match="Permission denied"):
        masking.vault().unmask([token])


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/mask", 405),
        ("POST", "/mask/", 405),
        ("DELETE", "/unmask", 405),
        ("PUT", "/metadata/policy/list", 405),
        ("PATCH", "/mask/async", 405),
        ("PUT", "/nothing", 404),
        ("GET", "/", 404),
        ("PUT", "/mask//async", 404),
        ("PUT", "/data-scan/data-scan-async", 404),
        ("PUT", "/data-scan-async", 404),
        ("PUT", "/data-scan/status", 404),
        ("PUT", "/data-scan/objects/details", 404),
        ("PUT", "/data-scan-details", 404),
    ],
)
def test_other_verbs_and_routes(caller: Caller, method: str, path: str, code: int) -> None:
    """The data scan is outside of what a vault for prompts does; it is no route here."""
    got = caller.send(method, path, None)
    assert got.status_code == code
    said = got.json()
    assert (said["data"], said["success"], bool(said["error"]["message"])) == (None, False, True)


def test_no_answer_is_a_redirect(served: Served, caller: Caller) -> None:
    """A redirected PUT loses its body in many clients."""
    for path in ("/mask", "/mask/", "/mask/async/", "/metadata/policy/list/", "/unmask/"):
        for method in ("PUT", "GET"):
            assert caller.send(method, path, None).status_code not in range(300, 400)
    base = served.url.removesuffix("/api/vault")
    for path in ("", "/", "/mask", "/api", "/api/vault"):
        assert served.http.put(base + path, json={}).status_code == 404


def test_the_limit_of_600_characters(served: Served) -> None:
    with serving(output_limit=600) as limited:
        caller = limited.caller()
        long = {"mask": [{"value": "word " * 130}]}
        message = "Masked data exceeds the approved limit of 600 characters"
        assert caller.refused("/mask", long) == (400, message)
        # What is sent is under the limit, what comes of it is not.
        names = {"mask": [{"value": "Sarah Johnson, " * 30}]}
        assert caller.refused("/mask", names) == (400, message)
        masked = caller.vault(size=400).mask(["Sarah Johnson, " * 30 + "word " * 200])
        assert "Sarah" not in masked[0].token_value
    assert len(served.caller("unlimited").put("/mask", long)["data"][0]["token_value"]) == 650


@pytest.mark.parametrize(
    "accept", ["text/plain", "application/json", "*/*", "image/png"], ids=lambda a: a.split("/")[1]
)
def test_an_answer_is_json_whatever_was_accepted(caller: Caller, accept: str) -> None:
    """The SDK says it accepts plain text, and sends a content type of its own spelling."""
    got = caller.http.put(
        f"{caller.url}/mask/",
        content=b'{"mask": [{"value": "x"}]}',
        headers={
            "Authorization": f"bearer {caller.token}",
            "Accept": accept,
            "Content-type": "application/json; charset=utf-8",
        },
    )
    assert got.status_code == 200
    assert got.headers["content-type"] == "application/json"
    assert got.json()["success"] is True
