"""A provider in a process of its own, for timings: `python -m tests.bench.provider`.

It prints its address and serves until its input is closed. The model `m-20` thinks for 20 ms. It
repeats the first sentences of the last message, whole or streamed, and says in the header
`x-heard` when it had the request, by the clock of `time.perf_counter`, which is the machine's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.wireserver import Received, Script, WireServer

__all__ = ["HEARD", "running"]

HEARD = "x-heard"
_LEAST = 140
"""Characters that a reply has at least, if the message has them."""


@contextmanager
def running() -> Iterator[str]:
    """Run the provider; gives its address."""
    command = [sys.executable, "-m", "tests.bench.provider"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def _answer(request: Received) -> Script:
    heard = time.perf_counter()
    asked = json.loads(request.body)
    said = _repeated(asked["messages"][-1]["content"])
    headers = {"content-type": "application/json", HEARD: repr(heard)}
    if not asked.get("stream"):
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        script = Script(headers=headers, body=[_reply("chat.completion", choice)])
    else:
        pieces = [said[at : at + 8] for at in range(0, len(said), 8)]
        choices = [{"index": 0, "delta": {"content": p}, "finish_reason": None} for p in pieces]
        events = [b"data: " + _reply("chat.completion.chunk", c) + b"\n\n" for c in choices]
        headers["content-type"] = "text/event-stream"
        script = Script(headers=headers, body=[*events, b"data: [DONE]\n\n"], chunked=True)
    time.sleep(int(asked["model"].removeprefix("m-")) / 1e3)
    return script


def _repeated(message: str) -> str:
    said = ""
    for sentence in message.split(". "):
        said += sentence + ". "
        if len(said) >= _LEAST:
            break
    return said.strip()


def _reply(kind: str, choice: dict[str, Any]) -> bytes:
    reply = {"id": "c", "object": kind, "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(reply).encode()


def main() -> None:
    """Serve until there is no more input."""
    with WireServer(_answer) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
