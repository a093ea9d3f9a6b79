"""What the client does when the service does not answer, or answers with an error."""

from __future__ import annotations

import json
import socket

import pytest

from llm_guard_protecto import ConfigurationError, VaultError, VaultRefused, VaultUnavailable
from llm_guard_protecto.protecto.faults import NotAuthenticated, QuotaExceeded, RateLimited
from llm_guard_protecto.protecto.messages import KNOWN, OVER_LIMIT
from llm_guard_protecto.protecto.retry import Retries
from tests.protecto.conftest import Opens
from tests.protecto.service import Scripted, Service

CLEAR = "Ada Moss, (555) 987-6543"


def refusal(message: str) -> bytes:
    return json.dumps({"data": None, "success": False, "error": {"message": message}}).encode()


def test_a_busy_service_is_asked_again_with_growing_pauses(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(429), Scripted(503), Scripted(502, b"<html>bad gateway</html>")]
    vault = opens()
    assert vault.mask([CLEAR])[0].value == CLEAR
    assert vault.pauses == [1.0, 2.0, 4.0]
    assert len(service.asked()) == 4


def test_a_service_that_stays_busy_is_given_up(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(429, refusal("API usage limit exceeded"))] * 4
    with pytest.raises(RateLimited):
        opens().mask([CLEAR])
    assert len(service.requests) == 4


def test_the_pause_a_service_asks_for_is_kept(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(429, headers={"retry-after": "7"}), Scripted(503)]
    vault = opens()
    vault.mask([CLEAR])
    assert vault.pauses == [7.0, 2.0]


def test_a_pause_beyond_patience_is_left_to_the_caller(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(429, headers={"retry-after": "3600"})]
    with pytest.raises(RateLimited) as caught:
        opens().mask([CLEAR])
    assert caught.value.retry_after == 3600
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 409, 413, 422])
@pytest.mark.parametrize("message", ["no", "Masking failed after 3 retries"])
def test_a_4xx_is_never_asked_again(
    service: Service, opens: Opens, status: int, message: str
) -> None:
    service.scripted = [Scripted(status, refusal(message))]
    with pytest.raises((VaultError, ConfigurationError)):
        opens().mask([CLEAR])
    assert len(service.requests) == 1


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: row.text[:30])
@pytest.mark.parametrize("old", [False, True])
def test_every_documented_message_is_a_typed_error(
    service: Service, opens: Opens, row: object, old: bool
) -> None:
    """Old vaults send mistakes of the caller with 500; those are not asked again either."""
    known = next(one for one in KNOWN if one is row)
    status = 500 if old and known.status == 400 else known.status
    text = known.text + (f": {{{CLEAR}}}" if known.begins else "")
    service.scripted = [Scripted(status, refusal(text))] * 4
    expected = type(known.error("x"))
    if known.text == "Unmasking of given token values failed.":
        assert opens().unmask(["t1"])[0].value == "t1"
        return
    if known.text == OVER_LIMIT:
        service.scripted *= 2
    with pytest.raises(expected) as caught:
        opens(retries=0).mask([CLEAR])
    assert type(caught.value) is expected
    assert "Moss" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": false, "error": {"message": "Authentication failed"}}',
        b'{"detail": "Not authenticated"}',
        b'{"detail": "Something new about Ada Moss"}',
        b'{"data": null, "success": "false", "error": "Authentication failed", "detail": "x"}',
        b"<html>",
        b"",
    ],
)
def test_both_401_shapes_are_one_error(service: Service, opens: Opens, body: bytes) -> None:
    service.scripted = [Scripted(401, body)]
    with pytest.raises(NotAuthenticated) as caught:
        opens().mask([CLEAR])
    assert isinstance(caught.value, VaultRefused)
    assert "Moss" not in str(caught.value)


@pytest.mark.parametrize("old", [False, True])
def test_a_wrong_token_is_refused(service: Service, opens: Opens, old: bool) -> None:
    service.old = old
    with pytest.raises(NotAuthenticated):
        opens(token="another").mask([CLEAR])
    assert len(service.requests) == 1


def test_success_is_looked_at_before_the_code(service: Service, opens: Opens) -> None:
    said = refusal("Missing value")
    service.scripted = [Scripted(200, said)]
    with pytest.raises(ConfigurationError, match="Missing value"):
        opens().mask([CLEAR])
    rows = [{"value": "Ada", "token_value": "Ada"}]
    body = {"data": rows, "success": "true", "error": {"message": ""}}
    service.scripted = [Scripted(201, json.dumps(body).encode())]
    assert opens().mask(["Ada"])[0].token_value == "Ada"


def test_a_message_nobody_knows_is_not_repeated(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(200, refusal(f"cannot mask {CLEAR}"))]
    with pytest.raises(VaultError) as caught:
        opens().mask([CLEAR])
    assert "Moss" not in f"{caught.value!r} {caught.value.__cause__} {caught.value.__context__}"


def test_the_trial_quota_is_an_error_of_its_own(service: Service, opens: Opens) -> None:
    [row] = [row for row in KNOWN if row.status == 403 and "trial" in row.text]
    service.scripted = [Scripted(403, refusal(row.text))]
    with pytest.raises(QuotaExceeded):
        opens().mask([CLEAR])


def test_an_answer_that_is_late_is_asked_for_again(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(200, wait=0.6)]
    vault = opens(timeout=0.2)
    assert vault.mask([CLEAR])[0].value == CLEAR
    assert vault.pauses == [1.0]


def test_a_service_that_never_answers_is_unavailable(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(200, wait=0.6)] * 2
    with pytest.raises(VaultUnavailable, match="in time") as caught:
        opens(timeout=0.1, retries=1).mask([CLEAR])
    assert caught.value.__context__ is None


def test_nobody_there_is_unavailable(opens: Opens) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    vault = opens(f"http://127.0.0.1:{port}", retries=Retries(attempts=2, first=0.5))
    with pytest.raises(VaultUnavailable, match="cannot be reached"):
        vault.mask([CLEAR])
    assert vault.pauses == [0.5]


def test_a_redirect_is_not_followed(service: Service, opens: Opens) -> None:
    """Else the token would go wherever an answer sends it."""
    service.scripted = [Scripted(307, headers={"location": f"{service.url}/api/vault/mask/"})]
    with pytest.raises(ConfigurationError, match="elsewhere"):
        opens().mask([CLEAR])
    assert len(service.requests) == 1


def test_something_else_than_a_vault_is_known_by_its_answer(service: Service, opens: Opens) -> None:
    service.scripted = [Scripted(200, b"<html>Welcome</html>")]
    with pytest.raises(VaultError, match="not the answer of a Protecto vault"):
        opens().mask([CLEAR])


def test_what_creates_is_asked_once_unless_it_was_turned_away(
    service: Service, opens: Opens
) -> None:
    service.scripted = [Scripted(500)]
    with pytest.raises(VaultUnavailable):
        opens().submit_mask([CLEAR])
    assert len(service.requests) == 1
    service.scripted = [Scripted(429)]
    assert opens().submit_mask([CLEAR]).tracking_id
    assert len(service.requests) == 3
