# mypy: ignore-errors
"""openai-python, any version: `openai_python.py URL TOKEN PROMPT`, prints a JSON line a mode."""

import json
import sys

from openai import OpenAI

URL, TOKEN, PROMPT = sys.argv[1:]
TOOL = {
    "name": "send_note",
    "description": "Sends a note.",
    "parameters": {"type": "object", "properties": {"note": {"type": "string"}}},
}
client = OpenAI(api_key=TOKEN, base_url=f"{URL}/v1", max_retries=0)


def say(mode: str, said: str, note: str | None = None) -> None:
    print(json.dumps({"mode": mode, "said": said, "note": note}), flush=True)


def sent(note: str) -> str:
    return f"Sent: {note} Copy to miguel.alvarez@example.org."


def chat(mode: str, stream: bool) -> None:
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": PROMPT}]}
    tools = [{"type": "function", "function": TOOL}]

    def told(messages: list, **more):
        if not stream:
            return client.chat.completions.create(model="gpt-4.1", messages=messages, **more)
        with client.chat.completions.stream(model="gpt-4.1", messages=messages, **more) as events:
            return events.get_final_completion()

    say(mode, told(asked["messages"]).choices[0].message.content)
    called = told(asked["messages"], tools=tools).choices[0].message
    [call] = called.tool_calls
    note = json.loads(call.function.arguments)["note"]
    answer = {"role": "tool", "tool_call_id": call.id, "content": sent(note)}
    history = [*asked["messages"], called.model_dump(exclude_none=True), answer]
    for one in history[1]["tool_calls"]:
        one["function"].pop("parsed_arguments", None)
    say(f"{mode}, tools", told(history, tools=tools).choices[0].message.content, note)


def responses(mode: str, stream: bool) -> None:
    tools = [{"type": "function", **TOOL}]

    def told(items: list, **more):
        if not stream:
            return client.responses.create(model="gpt-4.1", input=items, **more)
        with client.responses.stream(model="gpt-4.1", input=items, **more) as events:
            return events.get_final_response()

    asked = [{"role": "user", "content": PROMPT}]
    say(mode, told(asked).output_text)
    [call] = [one for one in told(asked, tools=tools).output if one.type == "function_call"]
    note = json.loads(call.arguments)["note"]
    answer = {"type": "function_call_output", "call_id": call.call_id, "output": sent(note)}
    back = {
        "type": "function_call",
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
    }
    say(f"{mode}, tools", told([*asked, back, answer], tools=tools).output_text, note)


chat("chat", False)
chat("chat, streamed", True)
responses("responses", False)
responses("responses, streamed", True)
