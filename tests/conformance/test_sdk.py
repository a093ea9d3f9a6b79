"""Protecto's own SDK, unmodified, against our server: every method, as its README calls it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.sdk_environment import REQUIREMENT, sdk_python
from tests.conformance.served import Caller, Served

DRIVER = Path(__file__).with_name("sdk_driver.py")
TRACKING = r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\d{14}"
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
SHOWN = {
    "value": "George Washington",
    "pii_type": "PERSON",
    "prefix": "<PER>",
    "suffix": "</PER>",
    "start_pos": 0,
    "end_pos": 17,
}


@pytest.fixture(scope="session")
def python() -> Path:
    return sdk_python()


@pytest.fixture
def sdk(python: Path, caller: Caller) -> Any:
    """Calls the SDK's methods one after the other; what they returned."""

    def call(*calls: list[Any], token: str | None = None) -> list[Any]:
        given = caller.token if token is None else token
        ran = subprocess.run(
            [python, "-I", DRIVER, f"{caller.url}/", given],
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        answers: list[Any] = json.loads(ran.stdout)
        return answers

    return call


def data(answer: Any) -> Any:
    """What a frame of success holds."""
    assert set(answer) == {"data", "success", "error"}, answer
    assert answer["success"] is True
    assert answer["error"] == {"message": ""}
    return answer["data"]


def test_it_is_the_package_from_the_index(python: Path) -> None:
    listed = subprocess.run(
        [python, "-I", "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    ).stdout.lower()
    assert REQUIREMENT.replace("-", "_") in listed
    assert "requests==2.26.0" in listed


def test_mask_with_auto_detect(sdk: Any) -> None:
    texts = ["George Washington is happy", "Mark lives in the U.S.A"]
    [answer] = sdk(["mask", texts])
    happy, lives = data(answer)
    assert [happy["value"], lives["value"]] == texts
    assert re.fullmatch(r"<PER>\w+ \w+</PER> is happy", happy["token_value"])
    [token] = happy["individual_tokens"]
    assert token == SHOWN | {"token": token["token"]}
    assert happy["token_value"] == f"<PER>{token['token']}</PER> is happy"
    assert re.fullmatch(
        r"<PER>\w+</PER> lives in the <ADDRESS>\w+\.\w+\.\w+</ADDRESS>", lives["token_value"]
    )
    assert [one["value"] for one in lives["individual_tokens"]] == ["Mark", "U.S.A"]


def test_mask_with_a_token(sdk: Any) -> None:
    [answer] = sdk(["mask", ["Mark", "Australia"], "Text Token"])
    items = data(answer)
    assert [one["value"] for one in items] == ["Mark", "Australia"]
    for one in items:
        assert set(one) == {"value", "token_value", "token_name"}
        assert one["token_name"] == "Text Token"
        assert re.fullmatch(r"[0-9A-Za-z]+", one["token_value"])


def test_mask_with_a_token_and_a_format(sdk: Any) -> None:
    [answer] = sdk(["mask", ["(555) 123-4567"], "Numeric Token", "Phone Number"])
    [item] = data(answer)
    assert re.fullmatch(r"\(\d+\) \d+-\d+", item.pop("token_value"))
    assert item == {
        "value": "(555) 123-4567",
        "token_name": "Numeric Token",
        "format": "Phone Number",
    }


def test_mask_json(sdk: Any) -> None:
    body = {"mask": [{"value": "Ross", "token_name": "Text Token", "format": "Person Name"}]}
    [answer] = sdk(["mask", body])
    [item] = data(answer)
    assert re.fullmatch(r"[0-9A-Za-z]+", item.pop("token_value"))
    assert item == {"value": "Ross", "token_name": "Text Token", "format": "Person Name"}


def test_unmask(sdk: Any) -> None:
    """A wrapped token in a sentence, the bare token, and one word of it."""
    [_, answer] = sdk(
        ["mask", ["George Washington is happy"]],
        [
            "unmask",
            [
                {"result": [0, "data", 0, "token_value"]},
                {"result": [0, "data", 0, "individual_tokens", 0, "token"]},
            ],
        ],
    )
    sentence, name = data(answer)
    assert (sentence["value"], name["value"]) == ("George Washington is happy", "George Washington")
    _, last = name["token_value"].split()
    [answer] = sdk(["unmask", [last]])
    [word] = data(answer)
    assert set(word) == {"token_value", "value", "toxicity_analysis"}
    assert (word["token_value"], word["value"]) == (last, "Washington")


def test_mask_later_and_its_status(sdk: Any) -> None:
    body = {"mask": [{"value": "He lives in the U.S.A"}, {"value": "Ram lives in the U.S.A"}]}
    submitted, status = sdk(
        ["async_mask", body], ["wait", [{"result": [0, "data", 0, "tracking_id"]}]]
    )
    [one] = data(submitted)
    assert set(one) == {"tracking_id", "status"}
    assert one["status"] == "PENDING"
    assert re.fullmatch(TRACKING, one["tracking_id"])
    [job] = data(status)
    assert set(job) == {
        *("tracking_id", "call_type", "input_payload", "result", "error_msg", "submitted_time"),
        *("process_start_time", "completed_time", "status"),
    }
    assert (job["call_type"], job["status"], job["error_msg"]) == ("mask", "SUCCESS", None)
    assert job["input_payload"] == body
    for key in ("submitted_time", "process_start_time", "completed_time"):
        assert re.fullmatch(MOMENT, job[key])
    assert [one["value"] for one in job["result"]] == [one["value"] for one in body["mask"]]
    assert job["result"][1]["token_value"].startswith("<PER>")


def test_unmask_later(sdk: Any) -> None:
    submitted, status = sdk(
        ["mask", ["Ram lives in the U.S.A"]],
        [
            "async_unmask",
            [
                "mTiygJz7Tf",
                {"result": [0, "data", 0, "individual_tokens", 0, "token"]},
                {"result": [0, "data", 0, "token_value"]},
            ],
        ],
        ["wait", [{"result": [1, "data", 0, "tracking_id"]}]],
    )[1:]
    assert data(submitted)[0]["status"] == "PENDING"
    [job] = data(status)
    assert (job["call_type"], job["status"]) == ("unmask", "SUCCESS")
    assert [one["value"] for one in job["result"]] == [
        *("mTiygJz7Tf", "Ram", "Ram lives in the U.S.A"),
    ]


def test_the_status_of_several_jobs_keeps_their_order(sdk: Any) -> None:
    first = {"mask": [{"value": "Mark", "token_name": "Text Token"}]}
    wrong = {"mask": [{"value": "Mark", "token_name": "dfdfd"}]}
    ids = [{"result": [at, "data", 0, "tracking_id"]} for at in (1, 0)]
    *_, answer = sdk(["async_mask", first], ["async_mask", wrong], ["wait", ids])
    failed, done = data(answer)
    assert (failed["status"], failed["result"]) == ("FAILED", None)
    assert failed["error_msg"] == "token_name not defined: {dfdfd}"
    assert (done["status"], done["input_payload"]) == ("SUCCESS", first)


def test_every_method_gets_json_when_it_is_refused(sdk: Any, served: Served) -> None:
    """The SDK looks at no status: it returns the parsed answer, or an exception if it is none."""
    calls: list[list[Any]] = [
        ["mask", []],
        ["mask", ["x"], "dfdfd"],
        ["mask", ["x"], "Text Token", "dfdfd"],
        ["mask", {"mask": []}],
        ["unmask", [""]],
        ["unmask", ["9zQ4xk7Lw2"]],
        ["async_mask", {"mask": []}],
        ["async_unmask", []],
        ["async_status", ["nothing"]],
    ]
    assert [answer["error"]["message"] for answer in sdk(*calls)] == [
        "Payload is empty",
        "token_name not defined: {dfdfd}",
        "format name not defined: {dfdfd}",
        "Payload is empty",
        "Missing token value",
        "Unmasking of given token values failed.",
        "Payload is empty",
        "Payload is empty",
        "Invalid tracking_id",
    ]
    for answer in sdk(*calls, token="wrong"):
        assert answer["error"] == {"message": "Authentication failed"}
        assert answer["detail"] == "Access token has expired or is not yet valid."
