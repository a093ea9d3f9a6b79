"""Each framework in an environment of its own: its checks, and its example over a real socket.

    pytest -m frameworks -s tests/integrations

The environments are made on first use in the user's cache folder; some take minutes. Their pins
contradict each other, so they are not installed beside one another.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import llm_guard_protecto
from llm_guard_protecto.testing import FakeProvider
from tests.bench.environment import environment

pytestmark = pytest.mark.frameworks

ROOT = Path(llm_guard_protecto.__file__).parents[1]
CHECKS = Path(__file__).with_name("frameworks")
EXAMPLES = ROOT / "examples" / "frameworks"

PINS: Mapping[str, Sequence[str]] = {
    "langchain": ("langchain==1.4.7", "langchain-core==1.7.2", "langchain-openai==1.7.3"),
    "llamaindex": ("llama-index-core==0.14.25", "llama-index-llms-openai-like==0.8.1"),
    "litellm": ("litellm[proxy]==1.106.2",),
    "instructor": ("instructor==1.17.0",),
    "pydanticai": ("pydantic-ai-slim[openai]==2.68.0",),
}
VALUES = (b"Sarah", b"Johnson", b"Okafor", b"Lindqvist", b"1111 1111", b"11111111", b"@mail")


def python_of(framework: str) -> Path:
    made = environment(
        f"framework-{framework}", ("-e", str(ROOT), *PINS[framework], "pytest==9.2.0"), uv=True
    )
    assert isinstance(made, Path), made
    return made


def environ(**more: str) -> dict[str, str]:
    """What a program of a framework sees: no proxy, nothing that has it look at the internet."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**kept, "PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True", **more}


@pytest.mark.parametrize("framework", PINS)
def test_the_checks_of_a_framework_pass(framework: str) -> None:
    ran = subprocess.run(
        [
            *(python_of(framework), "-m", "pytest", "-q", "-c", CHECKS / "pytest.ini"),
            CHECKS / f"check_{framework}.py",
        ],
        env=environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"\d passed", ran.stdout)
    assert "skipped" not in ran.stdout


def called(tool: str, /, **arguments: object) -> dict[str, Any]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    calls = [{"id": "1", "type": "function", "function": function}]
    return {"content": None, "tool_calls": calls}


def letter(messages: Any) -> Any:
    """A model with a tool for letters: calls it, then says what it said."""
    last = messages[-1]["content"]
    if messages[-1]["role"] == "tool":
        return last
    name = last.split("to ")[1].split(" that")[0]
    if any("send_letter" in str(one) for one in messages):
        return last
    return called("send_letter", to=name, text="Your card was charged.")


def person(messages: Any) -> Any:
    text = messages[-1]["content"].split("it? ")[1]
    name, mail = text.split(", ")[:2]
    return called("Person", name=name, mail=mail)


@dataclass(frozen=True, slots=True)
class Example:
    """An example: its framework, the model it meets, and what it prints."""

    name: str
    framework: str
    prints: str
    reply: Callable[[Any], Any] | None = None


LETTER = "Write to Sarah Johnson about card 4111 1111 1111 1111."
EXAMPLES_RUN = [
    Example(
        "langchain_rag",
        "langchain",
        r"index: .*<PER>.*<PHN>.*\n"
        r"answer: .*Thomas Okafor.*\n"
        r"stream: \|?What \|.*Thomas Okafor.*\n"
        r"guest: .*<PER>[^O]*\Z",
    ),
    Example(
        "langchain_agent",
        "langchain",
        r"tool: Sarah Johnson \| .*\nanswer: The letter to Sarah Johnson is on its way\.\Z",
        letter,
    ),
    Example("llamaindex_rag", "llamaindex", r"index: .*<PER>.*\nanswer: .*Thomas Okafor.*\Z"),
    Example("litellm_calls", "litellm", rf"openai: {LETTER}\n(?s:.*)anthropic: {LETTER}\Z"),
    Example(
        "instructor_parse",
        "instructor",
        r"person: Sarah Johnson \| sarah\.johnson@mail\.example\Z",
        person,
    ),
    Example(
        "pydantic_ai_agent",
        "pydanticai",
        r"tool: Sarah Johnson\nanswer: The letter to Sarah Johnson is on its way\.\Z",
        lambda messages: without_text(letter(messages)),
    ),
]


def without_text(said: Any) -> Any:
    """The tool of this example takes a name only."""
    if isinstance(said, dict):
        function = said["tool_calls"][0]["function"]
        function["arguments"] = json.dumps({"to": json.loads(function["arguments"])["to"]})
    return said


@pytest.mark.parametrize("example", EXAMPLES_RUN, ids=lambda one: one.name)
def test_an_example_runs_and_its_model_sees_no_value(example: Example, tmp_path: Path) -> None:
    provider = FakeProvider(example.reply)
    with provider.serve() as url:
        ran = subprocess.run(
            [python_of(example.framework), EXAMPLES / f"{example.name}.py"],
            env=environ(
                OPENAI_BASE_URL=url,
                OPENAI_API_KEY="none",
                MODEL_URL=url.removesuffix("/v1"),
                HOME=str(tmp_path),
            ),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    assert re.match(example.prints, ran.stdout.strip()), ran.stdout
    assert provider.requests
    for request in provider.requests:
        for value in VALUES:
            assert value not in request.body


def test_every_example_is_run() -> None:
    assert {one.name for one in EXAMPLES_RUN} == {one.stem for one in EXAMPLES.glob("*.py")}
