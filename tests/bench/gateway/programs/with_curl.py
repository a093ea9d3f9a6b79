"""curl: `with_curl.py URL TOKEN PROMPT`, prints a JSON line a mode."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

URL, TOKEN, PROMPT = sys.argv[1:]
TOOL = {
    "name": "send_note",
    "description": "Sends a note.",
    "parameters": {"type": "object", "properties": {"note": {"type": "string"}}},
}


def say(mode: str, said: str, note: str | None = None) -> None:
    print(json.dumps({"mode": mode, "said": said, "note": note}), flush=True)


def posted(body: dict[str, Any]) -> str:
    command = ["curl", "-sS", "-N", "--fail-with-body", f"{URL}/v1/chat/completions"]
    command += ["-H", f"Authorization: Bearer {TOKEN}", "-H", "Content-Type: application/json"]
    return subprocess.run(
        [*command, "-d", json.dumps(body)], capture_output=True, text=True, check=True
    ).stdout


def told(messages: list[Any], stream: bool, **more: object) -> tuple[str, str]:
    """What was said, and the arguments of the call that was made."""
    body = posted({"model": "gpt-4.1", "messages": messages, "stream": stream, **more})
    lines = [line[6:] for line in body.splitlines() if line.startswith("data: {")]
    replies = [json.loads(line) for line in lines] if stream else [json.loads(body)]
    part = "delta" if stream else "message"
    parts = [reply["choices"][0][part] for reply in replies if reply["choices"]]
    calls = [call for one in parts for call in one.get("tool_calls") or ()]
    said = "".join(one.get("content") or "" for one in parts)
    return said, "".join(call["function"].get("arguments", "") for call in calls)


def chat(mode: str, stream: bool) -> None:
    tools = [{"type": "function", "function": TOOL}]
    asked = {"role": "user", "content": PROMPT}
    say(mode, told([asked], stream)[0])
    _, arguments = told([asked], stream, tools=tools)
    note = json.loads(arguments)["note"]
    function = {"name": "send_note", "arguments": arguments}
    back = {
        "role": "assistant",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    content = f"Sent: {note} Copy to miguel.alvarez@example.org."
    answer = {"role": "tool", "tool_call_id": "call_1", "content": content}
    say(f"{mode}, tools", told([asked, back, answer], stream, tools=tools)[0], note)


chat("chat", False)
chat("chat, streamed", True)
