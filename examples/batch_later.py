"""A batch that one process submits and another, later, collects: they share the vault's file."""

import base64
import json
import os
import subprocess
import sys
import tempfile

from openai import OpenAI

from llm_guard_protecto import protect
from llm_guard_protecto.testing import FakeProvider

LETTERS = {"letter-1": "Sarah Johnson, 456 Elm Avenue", "letter-2": "John Doe, (555) 987-6543"}


def submit() -> None:
    client = protect(OpenAI())
    lines = [
        {
            "custom_id": name,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "any", "messages": [{"role": "user", "content": f"Dear {who}"}]},
        }
        for name, who in LETTERS.items()
    ]
    data = "\n".join(map(json.dumps, lines)).encode()
    file = client.files.create(file=("letters.jsonl", data), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    print(batch.id, end="")


def collect(batch_id: str) -> None:
    client = protect(OpenAI())
    batch = client.batches.retrieve(batch_id)
    results = client.files.content(batch.output_file_id or "").text
    for result in map(json.loads, results.splitlines()):
        message = result["response"]["body"]["choices"][0]["message"]
        print(f"{result['custom_id']}: {message['content']}")


if len(sys.argv) > 1:
    submit() if sys.argv[1] == "submit" else collect(sys.argv[2])
else:
    provider = FakeProvider()  # stands in for OpenAI, in a process of its own
    with provider.serve() as url, tempfile.TemporaryDirectory() as folder:
        key = base64.b64encode(os.urandom(32)).decode()
        settings = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none", "LGP_VAULT_KEY": key}
        environ = {**os.environ, **settings, "LLM_GUARD_VAULT": f"{folder}/vault.db"}
        command = [sys.executable, __file__]
        name = subprocess.run([*command, "submit"], env=environ, check=True, stdout=-1).stdout
        subprocess.run([*command, "collect", name], env=environ, check=True)
    print("the provider saw:", provider.requests[0].body.decode().split("\r\n")[-3])
