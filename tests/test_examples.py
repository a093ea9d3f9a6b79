"""Every example runs offline, as a fresh user, and does what it says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import Policy

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))

CONVERSATION = "I am John Doe, john.doe@example.com\nMy sister is Jane Doe\n\n"


def output(outside: Any, name: str, stdin: str = "") -> str:
    ran = outside.run(sys.executable, EXAMPLES / name, stdin=stdin.encode())
    assert ran.returncode == 0, ran.stderr.decode()
    assert ran.stderr == b""
    return str(ran.stdout.decode())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_is_short_and_leaves_nothing_behind(outside: Any, script: Path) -> None:
    assert len(script.read_text().splitlines()) < 60
    assert output(outside, script.name, CONVERSATION)
    assert list(outside.home.iterdir()) == []


def test_chat(outside: Any) -> None:
    wrote, saw, got = output(outside, "openai_chat.py").splitlines()
    assert "Sarah Johnson" in wrote
    assert "Sarah" not in saw
    assert "example.com" not in saw
    assert got.split(": ", 2)[-1] == wrote.split(": ", 1)[1].strip()


def test_stream(outside: Any) -> None:
    printed = output(outside, "openai_stream.py")
    assert printed.count("|") > 10
    assert printed.replace("|", "").strip() == (
        "Repeat: Sarah Johnson and John Doe meet at 456 Elm Avenue, call (555) 987-6543."
    )


def test_chatbot_remembers_in_clear_what_the_provider_never_saw(outside: Any) -> None:
    lines = output(outside, "chatbot.py", CONVERSATION).splitlines()
    assert lines[0] == "bot> So far you told me: I am John Doe, john.doe@example.com"
    assert lines[2] == f"{lines[0]} / My sister is Jane Doe"
    first, second = (line for line in lines if "the provider saw" in line)
    for clear in ("John", "Jane", "Doe", "example.com"):
        assert clear not in first + second
    # The two share a family name, and the model can see that they do.
    [surname] = re.findall(r"<PER>\w+ (\w+)</PER>", first)
    assert f" {surname}</PER>" in second


def test_custom_policy_prints_protectos_answer(outside: Any) -> None:
    [item] = json.loads(output(outside, "custom_policy.py"))["data"]
    assert re.match(r"\{Person Name \w+ \w+\} recently moved to <ADDRESS>", item["token_value"])
    assert re.search(
        r"\{Personal PhoneNumber \(\d+\) \d+-\d+\} or https://www\.example\.com\Z",
        item["token_value"],
    )
    assert [left["pii_type"] for left in item["excluded_entities"]] == ["URL"]


def test_receipts_and_a_log_without_values(outside: Any) -> None:
    masked, back, _, logged, agent, owner = output(outside, "receipts.py").splitlines()
    assert json.loads(masked.split(": ", 1)[1]) == {"EMAIL_ADDRESS": 1, "PERSON": 1}
    assert back.endswith("2 of 2 tokens")
    assert "Sarah" not in logged
    assert "example.com" not in logged
    assert "Sarah Johnson" in agent
    assert "example.com" not in agent
    assert owner.endswith(
        "Sarah Johnson (sarah.johnson@example.com) that her refund is on its way."
    )


def test_custom_patterns_mask_and_say_why(outside: Any) -> None:
    masked, *reasons = output(outside, "custom_patterns.py").splitlines()
    for clear in ("Sarah", "EMP-123456", "40117", "T/b7", "heron"):
        assert clear not in masked
    assert "CASE_NO      masked   custom.CASE_NO.patterns.0 case" in reasons
    assert "TICKET       masked   tickets" in reasons


def test_a_program_written_for_llm_guard(outside: Any) -> None:
    sent, got = output(outside, "from_llm_guard.py").splitlines()
    for clear in ("Sarah", "example.com", "Falcon"):
        assert clear not in sent
    assert got == (
        "reply: Done. Write to Sarah Johnson (sarah.johnson@example.com) about Project Falcon."
    )


def test_the_policy_file_is_correct() -> None:
    policy = Policy.load(EXAMPLES / "policy.toml")
    assert policy.rule("URL").action == "exclude"
    assert policy.allow == {"Protecto"}


def test_a_batch_is_collected_by_another_process(outside: Any) -> None:
    first, second, seen, again = output(outside, "batch_later.py").splitlines()
    assert first == "letter-1: Dear Sarah Johnson, 456 Elm Avenue"
    assert second == "letter-2: Dear John Doe, (555) 987-6543"
    for clear in ("Sarah", "Elm", "Doe", "987"):
        assert clear not in seen + again
    assert seen.count("<PER>") == again.count("<PER>") == 1
