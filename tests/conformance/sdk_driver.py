"""Runs in the SDK's own environment: calls its methods as a program would, prints what they give.

    python sdk_driver.py URL TOKEN < calls.json

Each call is `[method, arguments...]`; `wait` asks for the status of jobs until they have ended. An
argument `{"result": [call, keys...]}` stands for a part of an earlier answer.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from protecto_ai import ProtectoVault


def main(url: str, token: str) -> None:
    vault = ProtectoVault(token, url)
    answers: list[Any] = []
    for name, *arguments in json.load(sys.stdin):
        given = [filled(one, answers) for one in arguments]
        answer = wait(vault, *given) if name == "wait" else getattr(vault, name)(*given)
        answers.append({"raised": repr(answer)} if isinstance(answer, Exception) else answer)
    json.dump(answers, sys.stdout)


def wait(vault: Any, ids: list[str]) -> Any:
    while True:
        answer = vault.async_status(ids)
        if all(one["status"] not in ("PENDING", "IN-PROGRESS") for one in answer["data"]):
            return answer
        time.sleep(0.05)


def filled(given: Any, answers: list[Any]) -> Any:
    if isinstance(given, dict) and set(given) == {"result"}:
        call, *keys = given["result"]
        found = answers[call]
        for key in keys:
            found = found[key]
        return found
    if isinstance(given, list):
        return [filled(one, answers) for one in given]
    return given


main(*sys.argv[1:])
