"""Left by one process, read by another: real processes, a real vault file, a real socket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto.testing import FakeProvider
from tests.clients.leaks import leaked

ROOT = Path(__file__).parents[2]
KEY = "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="
PROMPT = "Sarah Johnson, sarah.johnson@example.com, (555) 987-6543, asks for a new card."
CLEAR = ("Sarah Johnson", "sarah.johnson@example.com", "(555) 987-6543")

BEGIN = """
import json, sys
import anthropic, openai
from llm_guard_protecto import protect

url, given = sys.argv[1], json.loads(sys.argv[2])
ai = protect(openai.OpenAI(api_key="none", base_url=url, max_retries=0))
claude = protect(anthropic.Anthropic(api_key="none", base_url=url[:-3], max_retries=0))
prompt = given.get("prompt")
"""
LEAVE = """
response = ai.responses.create(model="m", input=prompt, background=True)
streamed = ai.responses.create(model="m", input=prompt, background=True, stream=True)
later = next(iter(streamed)).response.id
streamed.close()
messages = [{"role": "user", "content": prompt}]
talk = ai.conversations.create(items=[{"type": "message", **messages[0]}])
line = {"custom_id": prompt[:13], "method": "POST", "url": "/v1/chat/completions",
        "body": {"model": "m", "messages": messages}}
file = ai.files.create(file=(f"{prompt[:13]}.jsonl", json.dumps(line).encode()), purpose="batch")
batch = ai.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions",
                          completion_window="24h", metadata={"for": prompt[:13]})
params = {"model": "m", "max_tokens": 9, "messages": messages}
many = claude.messages.batches.create(requests=[{"custom_id": "one", "params": params}])
names = {"response": response.id, "later": later, "talk": talk.id, "batch": batch.id,
         "many": many.id, "status": response.status}
print(json.dumps(names))
"""
READ = """
events = list(ai.responses.retrieve(given["later"], stream=True))
batch = ai.batches.retrieve(given["batch"])
result = json.loads(ai.files.content(batch.output_file_id).text)
reply = ai.responses.create(model="m", input="Go on.", conversation=given["talk"])
claude.messages.batches.retrieve(given["many"])
[one] = claude.messages.batches.results(given["many"])
print(json.dumps({
    "background": ai.responses.retrieve(given["response"]).output_text,
    "deltas": "".join(e.delta for e in events if e.type == "response.output_text.delta"),
    "completed": events[-1].response.output_text,
    "conversation": reply.output_text,
    "metadata": batch.metadata,
    "custom_id": result["custom_id"],
    "batch": result["response"]["body"]["choices"][0]["message"]["content"],
    "file": ai.files.retrieve(batch.input_file_id).filename,
    "anthropic": one.result.message.content[0].text,
}))
"""
READ_ONE = """
try:
    print(json.dumps(ai.responses.retrieve(given["response"]).output_text))
except openai.NotFoundError as error:
    print(json.dumps(error.code))
"""


@pytest.fixture
def provider() -> Iterator[tuple[FakeProvider, str]]:
    def repeat(messages: Sequence[Mapping[str, Any]]) -> str:
        return " | ".join(one["content"] for one in messages)

    fake = FakeProvider(reply=repeat)
    with fake.serve() as url:
        yield fake, url


def process(script: str, url: str, vault: Path, **given: Any) -> Any:
    """What a fresh Python process prints."""
    environ = {"LLM_GUARD_VAULT": str(vault), "LGP_VAULT_KEY": KEY, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", BEGIN + script, url, json.dumps(given)],
        env=environ | {"HOME": str(vault.parent), "PATH": ""},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr.decode()[-3000:]
    return json.loads(ran.stdout)


def test_what_one_process_leaves_another_reads(
    provider: tuple[FakeProvider, str], tmp_path: Path
) -> None:
    fake, url = provider
    vault = tmp_path / "vault.db"
    left = process(LEAVE, url, vault, prompt=PROMPT)
    assert left["status"] == "queued"
    assert process(READ, url, vault, **left) == {
        "background": PROMPT,
        "deltas": PROMPT,
        "completed": PROMPT,
        "conversation": f"{PROMPT} | Go on.",
        "metadata": {"for": "Sarah Johnson"},
        "custom_id": "Sarah Johnson",
        "batch": PROMPT,
        "file": "Sarah Johnson.jsonl",
        "anthropic": PROMPT,
    }
    received = b"\n".join(
        f"{r.path}?{r.query} {r.headers}".encode() + r.body for r in fake.requests
    )
    assert received.count(b"<PER>") >= 6
    assert leaked(received, CLEAR) == []
    for file in tmp_path.iterdir():
        assert not file.is_file() or leaked(file.read_bytes(), CLEAR) == []

    # With another vault nothing is known, nothing is guessed, and nothing is sent.
    before = len(fake.requests)
    assert process(READ_ONE, url, tmp_path / "other.db", **left) == "unknown_map"
    assert len(fake.requests) == before
