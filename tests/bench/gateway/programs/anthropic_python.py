# mypy: ignore-errors
"""anthropic-python: `anthropic_python.py URL TOKEN PROMPT`, prints a JSON line a mode."""

import json
import sys

from anthropic import Anthropic

URL, TOKEN, PROMPT = sys.argv[1:]
TOOL = {
    "name": "send_note",
    "description": "Sends a note.",
    "input_schema": {"type": "object", "properties": {"note": {"type": "string"}}},
}
client = Anthropic(api_key=TOKEN, base_url=URL, max_retries=0)


def say(mode: str, said: str, note: str | None = None) -> None:
    print(json.dumps({"mode": mode, "said": said, "note": note}), flush=True)


def messages(mode: str, stream: bool) -> None:
    def told(history: list, **more):
        asked = {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": history, **more}
        if not stream:
            return client.messages.create(**asked)
        with client.messages.stream(**asked) as events:
            return events.get_final_message()

    asked = {"role": "user", "content": PROMPT}
    say(mode, told([asked]).content[0].text)
    called = told([asked], tools=[TOOL])
    [call] = [one for one in called.content if one.type == "tool_use"]
    note = call.input["note"]
    result = f"Sent: {note} Copy to miguel.alvarez@example.org."
    back = {"type": "tool_use", "id": call.id, "name": call.name, "input": call.input}
    answer = {"type": "tool_result", "tool_use_id": call.id, "content": result}
    history = [
        asked,
        {"role": "assistant", "content": [back]},
        {"role": "user", "content": [answer]},
    ]
    say(f"{mode}, tools", told(history, tools=[TOOL]).content[0].text, note)


messages("messages", False)
messages("messages, streamed", True)
