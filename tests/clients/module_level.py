"""The client that the `openai` module keeps, protected; run as a script, for there is one a process.

python -m tests.clients.module_level
"""

from __future__ import annotations

from typing import Any

import openai

from llm_guard_protecto import ConfigurationError, UnknownFormat
from llm_guard_protecto.clients import protect
from tests.clients.bench import PROMPT, VALUES, echo, say
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import TinyVault
from tests.wireserver import WireServer


def refused(calling: Any, error: type[Exception]) -> str:
    try:
        calling()
    except error as why:
        return str(why)
    raise AssertionError("not refused")


def main() -> None:
    with WireServer(echo) as server:
        assert protect(openai, TinyVault(*VALUES)) is openai
        openai.api_key = "none"
        openai.base_url = f"{server.url}/v1/"
        openai.max_retries = 0
        asked: Any = {"model": "m", "messages": [say(PROMPT)]}
        reply = openai.chat.completions.create(**asked)
        assert reply.choices[0].message.content == PROMPT
        pieces = openai.chat.completions.create(stream=True, **asked)
        said = "".join(one.choices[0].delta.content or "" for one in pieces)
        assert said == PROMPT
        refused(lambda: openai.images.generate(prompt=PROMPT), openai.BadRequestError)
        refused(lambda: openai.realtime.connect(model="m").enter(), UnknownFormat)
        refused(lambda: protect(openai, TinyVault(*VALUES)), ConfigurationError)
        assert len(server.requests) == 2
        assert leaked(bytes(server.heard), VALUES) == []
        assert openai.http_client is not None
        openai.http_client.close()


if __name__ == "__main__":
    main()
