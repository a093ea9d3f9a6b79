# mypy: ignore-errors
"""dspy: `dspy_python.py URL TOKEN PROMPT`, prints a JSON line a mode."""

import json
import sys

import dspy
from dspy.lm15 import (
    FunctionTool,
    Message,
    Request,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

URL, TOKEN, PROMPT = sys.argv[1:]
TOOL = FunctionTool(
    "send_note",
    "Sends a note.",
    {"type": "object", "properties": {"note": {"type": "string"}}},
)


class Chat(dspy.Module):
    """The model alone, so that its tool calls can be seen."""

    def forward(self, request: Request) -> dspy.Prediction:
        return dspy.Prediction(response=dspy.settings.lm(request))


def say(mode: str, said: str, note: str | None = None) -> None:
    print(json.dumps({"mode": mode, "said": said, "note": note}), flush=True)


def ended(program, **given) -> dspy.Prediction:
    """What a program says: whole, or as the last that its stream brings."""
    said = program(**given)
    if isinstance(said, dspy.Prediction):
        return said
    return [one for one in said if isinstance(one, dspy.Prediction)][-1]


def chat(mode: str, stream: bool) -> None:
    def made(program):
        return dspy.streamify(program, async_streaming=False) if stream else program

    def told(messages: list) -> Message:
        request = Request(model="openai/gpt-4.1", messages=tuple(messages), tools=(TOOL,))
        return ended(made(Chat()), request=request).response.message

    said = ended(made(dspy.Predict("question -> answer")), question=PROMPT).answer
    say(mode, said)
    asked = Message.user(PROMPT)
    called = told([asked])
    [call] = called.parts_of(ToolCallPart)
    note = call.input["note"]
    sent = TextPart(f"Sent: {note} Copy to miguel.alvarez@example.org.")
    answer = Message("tool", (ToolResultPart(call.id, (sent,), name=call.name),))
    say(f"{mode}, tools", told([asked, called, answer]).text, note)


dspy.configure(
    lm=dspy.LM("openai/gpt-4.1", api_base=f"{URL}/v1", api_key=TOKEN, cache=False, num_retries=0)
)
chat("chat", False)
chat("chat, streamed", True)
