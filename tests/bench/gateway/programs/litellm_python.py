# mypy: ignore-errors
"""LiteLLM's `anthropic/` route: `litellm_python.py URL TOKEN PROMPT`, prints a JSON line a mode."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

URL, TOKEN, PROMPT = sys.argv[1:]
TOOL = {
    "name": "send_note",
    "description": "Sends a note.",
    "parameters": {"type": "object", "properties": {"note": {"type": "string"}}},
}


def say(mode: str, said: str, note: str | None = None) -> None:
    print(json.dumps({"mode": mode, "said": said, "note": note}), flush=True)


def messages(mode: str, stream: bool) -> None:
    def told(history: list, **more):
        pieces = litellm.completion(
            model="anthropic/claude-sonnet-4-5",
            api_base=URL,
            api_key=TOKEN,
            max_tokens=500,
            num_retries=0,
            messages=history,
            stream=stream,
            **more,
        )
        whole = litellm.stream_chunk_builder(list(pieces)) if stream else pieces
        return whole.choices[0].message

    tools = [{"type": "function", "function": TOOL}]
    asked = {"role": "user", "content": PROMPT}
    say(mode, told([asked]).content)
    called = told([asked], tools=tools)
    [call] = called.tool_calls
    note = json.loads(call.function.arguments)["note"]
    result = f"Sent: {note} Copy to miguel.alvarez@example.org."
    answer = {"role": "tool", "tool_call_id": call.id, "content": result}
    history = [asked, called.model_dump(exclude_none=True), answer]
    say(f"{mode}, tools", told(history, tools=tools).content, note)


messages("messages", False)
messages("messages, streamed", True)
