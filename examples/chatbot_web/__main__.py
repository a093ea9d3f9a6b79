"""A chat in the browser: `python examples/chatbot_web`, then open the address that it prints.

It needs `pip install 'llm-guard-protecto[server]' fastapi`. It talks to OpenAI when OPENAI_API_KEY
is set, else to a model of few words inside this process. Chats and vault lie in a folder
(`--data`, by default `chatbot-data`); the chats hold masked text only.
"""

import argparse
import os
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from openai import AsyncOpenAI
from web import build

from llm_guard_protecto import LocalVault
from llm_guard_protecto.testing import FakeProvider


def few_words(messages: Sequence[Mapping[str, Any]]) -> str:
    """What the model inside this process says: it greets whom it was told of, and repeats."""
    told = [str(message["content"]) for message in messages if message["role"] == "user"]
    names = re.findall(r"<PER>.+?</PER>", " ".join(told))
    greeting = f"Hello {names[0]}! " if names else "Hello! "
    return f"{greeting}So far you told me: {' / '.join(told)}"


def main() -> None:
    options = argparse.ArgumentParser(description="A chatbot whose history holds no values.")
    options.add_argument("--port", type=int, default=8080, help="0: any free one")
    options.add_argument("--data", type=Path, default=Path("chatbot-data"), metavar="FOLDER")
    given = options.parse_args()
    given.data.mkdir(mode=0o700, exist_ok=True)
    if os.environ.get("OPENAI_API_KEY"):
        openai = AsyncOpenAI()
    else:
        provider = FakeProvider(reply=few_words)
        openai = AsyncOpenAI(api_key="none", http_client=provider.async_client())
    with (
        LocalVault(given.data / "vault.db") as vault,
        socket.create_server(("127.0.0.1", given.port)) as listener,
    ):
        print(f"open http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(build(given.data, vault, openai), log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
