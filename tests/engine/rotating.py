"""A program for tests: masks with some processes while others rotate keys and are killed.

    rotating.py URL LEDGER ROUNDS SEED VALUES

Prints "ready" when everything is imported, then one JSON object. Each masking process writes what
it was answered to its own ledger, a line `value<TAB>token`, after the answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from llm_guard_protecto.cli import app
from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.errors import GuardError
from llm_guard_protecto.models import Item

COMMANDS = (["--data", "--rewrap"], ["--index"], ["--root"], ["--token"])


def masked(vault: LocalVault, values: list[str]) -> list[str]:
    items = [Item(value, "text token", "default format") for value in values]
    return [one.token_value for one in vault.mask(items)]


def mask_for_ever(url: str, ledger: Path, values: int, seed: int) -> None:
    chance = random.Random(seed)
    with LocalVault(url, audit=False) as vault, ledger.open("a", encoding="utf-8") as book:
        while True:
            some = [f"value {chance.randrange(values)}" for _ in range(20)]
            for value, token in zip(some, masked(vault, some), strict=True):
                if vault.unmask([token])[0].value != value:
                    token = "WRONG"
                book.write(f"{value}\t{token}\n")
            book.flush()
            time.sleep(0.002)  # leaves the processor to those who rotate


def rotate(url: str, words: list[str]) -> int:
    """One command of ours in this process; its exit code."""
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
        try:
            app(["keys", "rotate", *words, "--vault", url])
        except SystemExit as end:
            return int(end.code or 0)
    return 0


def forked(work: object, *arguments: object) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work(*arguments)  # type: ignore[operator]
        code = 0
    except GuardError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.stderr.flush()
        os._exit(code)


def rotate_for_ever(url: str, turn: int) -> None:
    """The commands one after the other, beginning with another one each time."""
    while True:
        code = rotate(url, COMMANDS[turn % len(COMMANDS)])
        if code:
            os._exit(10 + code)
        turn += 1


def main(url: str, ledger: str, rounds: str, seed: str, values: str) -> None:
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    chance = random.Random(int(seed))
    maskers = [
        forked(mask_for_ever, url, Path(f"{ledger}.{n}"), int(values), int(seed) + n)
        for n in range(2)
    ]
    started = time.monotonic()
    first = [rotate(url, words) for words in COMMANDS]
    whole = time.monotonic() - started
    killed = 0
    ends = []
    while killed < int(rounds):
        child = forked(rotate_for_ever, url, chance.randrange(4))
        time.sleep(chance.uniform(0.0, whole))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        else:
            ends.append(os.WEXITSTATUS(status))
            if len(ends) > 20:
                break
    resumed = [rotate(url, words) for words in COMMANDS]
    for masker in maskers:
        os.kill(masker, signal.SIGKILL)
        _, status = os.waitpid(masker, 0)
        if not os.WIFSIGNALED(status):
            ends.append(100 + os.WEXITSTATUS(status))
    print(json.dumps({"killed": killed, "first": first, "resumed": resumed, "ends": ends}))


if __name__ == "__main__":
    main(*sys.argv[1:])
