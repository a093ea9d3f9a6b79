# mypy: ignore-errors
"""langchain-openai: `langchain_python.py URL TOKEN PROMPT`, prints a JSON line a mode."""

import json
import sys

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

URL, TOKEN, PROMPT = sys.argv[1:]


@tool
def send_note(note: str) -> str:
    """Sends a note."""
    return f"Sent: {note} Copy to miguel.alvarez@example.org."


def say(mode: str, said: str, note: str | None = None) -> None:
    print(json.dumps({"mode": mode, "said": said, "note": note}), flush=True)


def text_of(message) -> str:
    content = message.content
    return content if isinstance(content, str) else "".join(one.get("text", "") for one in content)


def chat(mode: str, model: ChatOpenAI, stream: bool) -> None:
    def told(runnable, history: list):
        if not stream:
            return runnable.invoke(history)
        whole = None
        for piece in runnable.stream(history):
            whole = piece if whole is None else whole + piece
        return whole

    asked = [HumanMessage(PROMPT)]
    say(mode, text_of(told(model, asked)))
    with_tools = model.bind_tools([send_note])
    called = told(with_tools, asked)
    [call] = called.tool_calls
    answer = ToolMessage(send_note.invoke(call["args"]), tool_call_id=call["id"])
    said = text_of(told(with_tools, [*asked, called, answer]))
    say(f"{mode}, tools", said, call["args"]["note"])


for name, responses in (("chat", False), ("responses", True)):
    model = ChatOpenAI(
        model="gpt-4.1",
        api_key=TOKEN,
        base_url=f"{URL}/v1",
        max_retries=0,
        use_responses_api=responses,
    )
    chat(name, model, False)
    chat(f"{name}, streamed", model, True)
