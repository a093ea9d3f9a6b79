"""The command line from outside: real processes, real pipes, a real terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import tomllib
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from llm_guard_protecto import Policy, __version__
from llm_guard_protecto.cli import app
from llm_guard_protecto.cli.streams import read_texts

ROOT = Path(__file__).parents[1]

LETTER = (
    "Sarah Johnson recently moved to 456 Elm Avenue, Boston, "
    "and you can reach her at (555) 987-6543"
)
VISIT = (
    "John Doe, residing at 123 Maple Street, Apt 456, Springfield, owns a device with MAC address "
    "00:1A:2B:3C:4D:5E, works at Acme Corp, and frequently visits https://www.example.com."
)
FORMATS = ("https://platform.openai.com/playground/chat?models=gpt-4o", "(408)- 426 - 9989")
SEEDS = (LETTER, VISIT, "John Doe lives at 123 Maple Street", *FORMATS)

TOXICITY = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]

OTHER_KEY = b64encode(sha256(b"some other vault").digest()).decode()

WRAPPERS = """
name = "Add Prefix Suffix Policy"
[entities.PERSON]
prefix = "{Person Name "
suffix = "}"
[entities.PHONE_NUMBER]
prefix = "{Personal PhoneNumber "
suffix = "}"
"""
NO_URLS = 'name = "Anonymization-policy-1"\n[entities.URL]\naction = "exclude"\n'


def paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        yield from paths(child, (*path, name))


COMMANDS = dict(paths(typer.main.get_command(app)))


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Commands inside this process, as a fresh user with an empty home."""
    monkeypatch.chdir(tmp_path)
    return CliRunner(
        env={
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "LLM_GUARD_VAULT": None,
            "LGP_VAULT_KEY": None,
            "LGP_VAULT_KEY_FILE": None,
        }
    )


def run(runner: CliRunner, *words: str, stdin: bytes = b"", code: int = 0) -> str:
    result = runner.invoke(app, list(words), input=stdin)
    assert result.exit_code == code, result.output
    return result.stdout


def answer(runner: CliRunner, *words: str, stdin: bytes = b"") -> Any:
    frame = json.loads(run(runner, *words, "--json", stdin=stdin))
    assert list(frame) == ["data", "success", "error"]
    assert frame["success"] is True
    assert frame["error"] == {"message": ""}
    return frame["data"]


def rebuilt(item: dict[str, Any]) -> str:
    """`token_value` made again from the value and its tokens, right to left."""
    text: str = item["value"]
    for token in reversed(item["individual_tokens"]):
        assert text[token["start_pos"] : token["end_pos"]] == token["value"]
        wrapped = token["prefix"] + token["token"] + token["suffix"]
        text = text[: token["start_pos"]] + wrapped + text[token["end_pos"] :]
    return text


# What the seed pages print


@pytest.mark.parametrize("text", SEEDS)
def test_a_seed_sentence_is_masked_in_protectos_shape_and_comes_back(
    runner: CliRunner, text: str
) -> None:
    [item] = answer(runner, "mask", text)
    assert list(item) == ["value", "token_value", "toxicity_analysis", "individual_tokens"]
    assert list(item["toxicity_analysis"]) == TOXICITY
    assert item["value"] == text
    assert item["individual_tokens"]
    for token in item["individual_tokens"]:
        assert list(token) == [
            "value",
            "pii_type",
            "token",
            "prefix",
            "suffix",
            "start_pos",
            "end_pos",
        ]
        assert token["value"] not in item["token_value"]
    assert rebuilt(item) == item["token_value"]
    [back] = answer(runner, "unmask", item["token_value"])
    assert list(back) == ["value", "token_value", "toxicity_analysis"]
    assert (back["value"], back["token_value"]) == (text, item["token_value"])
    assert back["toxicity_analysis"] == item["toxicity_analysis"]


def test_the_prefix_and_suffix_page(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "wrappers.toml").write_text(WRAPPERS)
    [item] = answer(runner, "mask", "--policy", "wrappers.toml", LETTER)
    name, *address, phone = item["individual_tokens"]
    assert (name["pii_type"], name["start_pos"], name["end_pos"]) == ("PERSON", 0, 13)
    assert {token["pii_type"] for token in address} == {"ADDRESS"}
    assert (address[0]["start_pos"], address[-1]["end_pos"]) == (32, 54)
    assert (phone["pii_type"], phone["start_pos"], phone["end_pos"]) == ("PHONE_NUMBER", 81, 95)
    assert re.match(r"\{Person Name \w+ \w+\} recently moved to <ADDRESS>", item["token_value"])
    assert re.search(
        r" at \{Personal PhoneNumber \(\d{5,}\) \d{5,}-\d{5,}\}\Z", item["token_value"]
    )
    [back] = answer(runner, "unmask", "--policy", "wrappers.toml", item["token_value"])
    assert back["value"] == LETTER


def test_the_policy_page_with_urls_excluded(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "urls.toml").write_text(NO_URLS)
    run(runner, "policy", "set", "urls.toml")
    [item] = answer(runner, "mask", "--policy", "Anonymization-policy-1", VISIT)
    assert item["excluded_entities"] == [
        {
            "value": "https://www.example.com",
            "pii_type": "URL",
            "start_pos": 154,
            "end_pos": 177,
        }
    ]
    found = [(t["pii_type"], t["start_pos"], t["end_pos"]) for t in item["individual_tokens"]]
    assert found == [
        ("PERSON", 0, 8),
        ("ADDRESS", 22, 38),
        ("ADDRESS", 40, 47),
        ("ADDRESS", 49, 60),
        ("IP_ADDRESS", 93, 110),
        ("ORG", 121, 130),
    ]
    assert item["token_value"].endswith(", and frequently visits https://www.example.com.")


def test_a_policy_can_leave_toxicity_out(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "plain.toml").write_text("toxicity = false\n")
    [item] = answer(runner, "mask", "--policy", "plain.toml", "John Doe")
    assert list(item) == ["value", "token_value", "individual_tokens"]


def test_find_gives_a_list_for_each_text(runner: CliRunner) -> None:
    found = json.loads(run(runner, "find", "--json", LETTER, "nothing here"))
    assert found[1] == []
    first = found[0][0]
    assert list(first) == ["start", "end", "entity", "score", "rule"]
    assert (first["start"], first["end"], first["entity"]) == (0, 13, "PERSON")
    assert 0 < first["score"] <= 1
    assert (first["rule"], found[0][-1]["entity"]) == ("tagger", "PHONE_NUMBER")
    assert found[0][-1]["rule"] not in ("tagger", "known")


def test_find_piped_is_a_line_for_each_find_and_shows_no_value(runner: CliRunner) -> None:
    rows = [line.split("\t") for line in run(runner, "find", "x", LETTER).splitlines()]
    assert rows[0][:4] == ["2", "0", "13", "PERSON"]
    assert all(len(row) == 6 for row in rows)
    assert "Sarah" not in str(rows)


def test_find_stores_nothing(runner: CliRunner, tmp_path: Path) -> None:
    run(runner, "find", "--vault", "v.db", LETTER)
    before = {file: file.read_bytes() for file in tmp_path.glob("v.db*")}
    run(runner, "find", "--vault", "v.db", VISIT)
    assert {file: file.read_bytes() for file in tmp_path.glob("v.db*")} == before


# Texts in and out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"Sarah Johnson",
        b"Sarah Johnson\r\n\r\nJohn Doe\n",
        b"\xff\xfe Sarah Johnson \x80\x00 \xed\xa0\x80 end",
        "Zoë Müller, zoë@example.com \u2028 \U0001f600".encode(),
    ],
)
@pytest.mark.parametrize("lines", [(), ("--lines",)])
def test_any_bytes_come_back(runner: CliRunner, data: bytes, lines: tuple[str, ...]) -> None:
    masked = runner.invoke(app, ["mask", *lines], input=data)
    assert masked.exit_code == 0
    assert b"Johnson" not in masked.stdout_bytes
    back = runner.invoke(app, ["unmask", *lines], input=masked.stdout_bytes)
    assert back.stdout_bytes == data


@given(
    st.text(st.sampled_from("a \r\n\x0b\x85\u2028\udc80"), max_size=20).filter(
        lambda text: text != ""
    )
)
def test_lines_and_what_ends_them_are_the_text(text: str) -> None:
    texts = read_texts([text], lines=True)
    again = "".join(item + end for item, end in zip(texts.items, texts.ends, strict=True))
    assert again in (text, text + "\n")
    assert all("\n" not in item for item in texts.items)
    assert read_texts([text], lines=False).items == (text,)


def test_each_line_is_a_text(runner: CliRunner) -> None:
    data = answer(runner, "mask", "--lines", stdin=b"Sarah Johnson\r\nno one\n\nlast")
    assert [item["value"] for item in data] == ["Sarah Johnson", "no one", "", "last"]


def test_arguments_are_a_line_each(runner: CliRunner) -> None:
    assert run(runner, "mask", "no one", "nothing") == "no one\nnothing\n"


def test_json_is_valid_whatever_the_bytes(runner: CliRunner) -> None:
    result = runner.invoke(app, ["mask", "--json"], input=b"\xff \xc3\xa9")
    assert json.loads(result.stdout_bytes.decode("utf-8"))["data"][0]["value"] == "\udcff é"
    assert "é".encode() in result.stdout_bytes


def test_a_pipe_round_trip_in_real_processes(outside: Any) -> None:
    data = b"\xffSarah Johnson, (555) 987-6543"
    masked = outside.cli("mask", stdin=data)
    assert (masked.returncode, masked.stderr) == (0, b"")
    assert b"Sarah" not in masked.stdout
    assert masked.stdout.startswith(b"\xff<PER>")
    back = outside.cli("unmask", stdin=masked.stdout)
    assert (back.returncode, back.stdout, back.stderr) == (0, data, b"")


def test_a_reader_that_goes_away_is_no_error_message(outside: Any) -> None:
    gone = outside.run(
        "sh",
        "-c",
        f"yes 'plain words' | head -n 20000 | {sys.executable} -m llm_guard_protecto mask | true",
    )
    assert gone.stderr == b""


# Errors and exit codes


def failure(runner: CliRunner, *words: str, code: int) -> str:
    """The message of a command that fails: one line on stderr, a frame on stdout with --json."""
    plain = runner.invoke(app, list(words))
    assert plain.exit_code == code, plain.output
    assert plain.stdout == ""
    assert plain.stderr.startswith("llm-guard-protecto: ")
    assert plain.stderr.count("\n") == 1
    as_json = runner.invoke(app, [words[0], *words[1:], "--json"])
    assert as_json.exit_code == code
    assert as_json.stderr == plain.stderr
    message = plain.stderr.removeprefix("llm-guard-protecto: ").rstrip("\n")
    assert json.loads(as_json.stdout) == {
        "data": None,
        "success": False,
        "error": {"message": message},
    }
    return message


def test_wrong_usage_is_2(runner: CliRunner) -> None:
    assert "--vaultt" in failure(runner, "find", "--vaultt", code=2)
    assert "FILE" in failure(runner, "policy", "check", code=2)
    assert runner.invoke(app, ["guess"]).exit_code == 2
    assert runner.invoke(app, ["policy"]).exit_code == 2


def test_an_unknown_policy_is_1_and_named(runner: CliRunner) -> None:
    assert "nope" in failure(runner, "mask", "--policy", "nope", "x", code=1)
    assert "nope.toml" in failure(runner, "mask", "--policy", "nope.toml", "x", code=1)
    assert "nope" in failure(runner, "policy", "show", "nope", code=1)


def test_an_unknown_kind_of_vault_is_1(runner: CliRunner) -> None:
    assert "gopher" in failure(runner, "mask", "--vault", "gopher://x/y", "x", code=1)


def test_every_mistake_of_a_policy_file_is_named(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        'alow = ["x"]\n[entities.PERSONS]\naction = "exclude"\n[entities.URL]\naction = "hide"\n'
    )
    message = failure(runner, "policy", "check", "bad.toml", code=1)
    assert "alow" in message
    assert "PERSONS" in message
    assert "entities.URL.action" in message


def test_a_missing_key_is_3_and_nothing_changes(outside: Any) -> None:
    vault = outside.home / "v.db"
    assert outside.cli("mask", "--vault", "v.db", "Sarah Johnson").returncode == 0
    [key_file] = (outside.home / "config").rglob("*.key")
    key = key_file.read_bytes()
    key_file.unlink()
    before = vault.read_bytes()
    refused = outside.cli("mask", "--json", "--vault", "v.db", "Sarah Johnson")
    assert refused.returncode == 3
    assert refused.stderr.startswith(b"llm-guard-protecto: ")
    assert refused.stderr.count(b"\n") == 1
    assert json.loads(refused.stdout)["success"] is False
    assert vault.read_bytes() == before
    assert not key_file.exists()
    wrong = outside.cli("keys", "status", "--vault", "v.db", LGP_VAULT_KEY=OTHER_KEY)
    assert wrong.returncode == 3
    key_file.write_bytes(key)
    key_file.chmod(0o600)
    assert outside.cli("keys", "status", "--vault", "v.db").returncode == 0


def heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_is_130_and_one_line(outside: Any) -> None:
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", "mask"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=outside.environ,
        cwd=outside.home,
        # A test run in the background ignores the signal, and would pass that on.
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509  (it takes no lock that a thread could hold)
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"reading from the terminal; end with Ctrl-D\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    os.close(controller)
    os.close(terminal)
    assert (process.returncode, out, errors) == (130, b"", b"llm-guard-protecto: interrupted\n")


# Policies and keys


def test_a_policy_is_stored_shown_used_and_deleted(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[entities.PERSON]\nprefix = "{"\nsuffix = "}"\n')
    assert run(runner, "policy", "check", "mine.toml") == "policy mine: correct\n"
    assert run(runner, "policy", "set", "mine.toml") == "policy mine: stored\n"
    names = [row["name"] for row in json.loads(run(runner, "policy", "list", "--json"))]
    assert {"mine", "default", "strict", "minimal", "anonymize"} == set(names)
    assert "\nmine\t" in "\n" + run(runner, "policy", "list")
    assert "PERSON\tpseudonymize\t{…}\n" in run(runner, "policy", "show", "mine")
    assert run(runner, "mask", "--policy", "mine", "Sarah Johnson").startswith("{")
    assert run(runner, "policy", "delete", "mine") == "policy mine: deleted\n"
    failure(runner, "policy", "show", "mine", code=1)


@pytest.mark.parametrize("name", ["default", "strict", "minimal", "anonymize"])
def test_a_shown_policy_is_a_policy_file(runner: CliRunner, tmp_path: Path, name: str) -> None:
    (tmp_path / "copy.json").write_text(run(runner, "policy", "show", "--json", name))
    assert json.loads(run(runner, "policy", "check", "--json", "copy.json"))["name"] == name
    assert Policy.load(tmp_path / "copy.json").fingerprint == Policy.built_in(name).fingerprint


def test_keys_status_tells_where_the_key_is_and_not_what(runner: CliRunner, tmp_path: Path) -> None:
    run(runner, "mask", "Sarah Johnson")
    facts = run(runner, "keys", "status")
    assert json.loads(run(runner, "keys", "status", "--json"))
    secrets = [file.read_text() for file in (tmp_path / "config").rglob("*") if file.is_file()]
    assert secrets
    for secret in secrets:
        for word in secret.split():
            assert len(word) < 20 or word not in facts


# What a person sees


@pytest.mark.parametrize("words", [("mask", LETTER), ("find", LETTER), ("policy", "list")])
def test_a_terminal_gets_colour_and_a_table_unless_it_wants_none(
    outside: Any, words: tuple[str, ...]
) -> None:
    coloured = on_a_terminal(outside, *words, TERM="xterm-256color")
    plain = on_a_terminal(outside, *words, TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[" in coloured
    assert "\x1b[3" not in plain
    heading = {"mask": "entity", "find": "rule", "policy": "what it does"}[words[0]]
    assert heading in coloured
    assert heading in plain
    lines = re.sub(r"\x1b\[[0-9;]*m", "", plain).splitlines()
    rows = [line for line in lines if line.startswith(("PERSON", "default"))]
    assert rows
    assert all(len(line) <= 80 for line in rows)


def test_a_person_is_told_once_that_a_key_was_made(outside: Any) -> None:
    words = ("mask", "--vault", "v.db", "no one")
    first, second = (on_a_terminal(outside, *words, stream="stderr") for _ in range(2))
    assert re.fullmatch(r"created key [0-9a-f]{8} in \S+\.key: back it up, .+\r\n", first)
    assert second == ""


def on_a_terminal(outside: Any, *words: str, stream: str = "stdout", **environ: str) -> str:
    """What a command shows on a terminal that is its `stream`."""
    controller, terminal = pty.openpty()
    streams = {"stdout": subprocess.DEVNULL, "stderr": None} | {stream: terminal}
    with subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", *words],
        stdin=subprocess.DEVNULL,
        stdout=streams["stdout"],
        stderr=streams["stderr"],
        env={**outside.environ, **environ},
        cwd=outside.home,
    ) as process:
        os.close(terminal)
        output = b""
        while True:
            try:
                piece = os.read(controller, 65536)
            except OSError:  # Linux says so when the other side has closed
                break
            if not piece:
                break
            output += piece
    os.close(controller)
    assert process.returncode == 0
    return output.decode()


# The demo

VALUES = ("Sarah", "Johnson", "Elm", "Boston", "987-6543")


def test_the_demo_shows_the_four_sides_offline(outside: Any) -> None:
    shown = outside.cli("demo")
    assert (shown.returncode, shown.stderr) == (0, b"")
    text = shown.stdout.decode()
    for title in ("1  The user wrote", "2  The provider received", "3  The ", "4  The user got"):
        assert title in text
    assert "\x1b" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    before, after = text.split("2  The provider received")
    seen, got = after.split("4  The user got")
    for value in VALUES:
        assert value in before
        assert value in got
        assert value not in seen
    assert list(outside.home.iterdir()) == []


def test_the_demo_as_json_is_the_whole_round_trip(outside: Any) -> None:
    sides = json.loads(outside.cli("demo", "--json").stdout)
    assert list(sides) == ["wrote", "provider_saw", "reply_pieces", "got"]
    saw = json.loads(sides["provider_saw"])["messages"][0]["content"]
    reply = "".join(sides["reply_pieces"])
    assert len(sides["reply_pieces"]) > 20
    for tag in ("PER", "ADDRESS", "PHN", "CRD"):
        assert f"<{tag}>" in saw
    for value in (*VALUES, "4111 1111 1111 1111"):
        assert value in sides["wrote"]
        assert value not in saw + reply
    assert sides["got"].startswith("Dear Ms. Johnson,\n\nyour card 4111 1111 1111 1111 was")
    assert re.search(r"<\w+>|[^\W\d_]\d[^\W\d_]", sides["got"]) is None


# Every command


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_a_line_in_the_docs(
    runner: CliRunner, path: tuple[str, ...]
) -> None:
    assert COMMANDS[path].help
    assert run(runner, *path, "--help").startswith("Usage: ")
    assert f"`llm-guard-protecto {' '.join(path)}`" in (ROOT / "docs/command-line.md").read_text()


def test_the_docs_list_no_command_that_is_not_there() -> None:
    listed = re.findall(
        r"^\| `llm-guard-protecto ([a-z -]+)`",
        (ROOT / "docs/command-line.md").read_text(),
        re.MULTILINE,
    )
    assert set(listed) == {" ".join(path) for path in COMMANDS}


def test_every_option_is_explained() -> None:
    for path, command in COMMANDS.items():
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.help, (path, parameter.name)


def test_alone_it_shows_its_help_and_its_version(runner: CliRunner) -> None:
    assert "demo" in run(runner)
    assert run(runner, "--version") == f"{__version__}\n"


def test_the_entry_point_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, name = project["scripts"]["llm-guard-protecto"].split(":")
    assert callable(getattr(import_module(module), name))


def test_help_loads_nothing_heavy(outside: Any) -> None:
    heavy = "numpy hyperscan phonenumbers openai cryptography apsw pydantic httpx rich.table"
    asked = outside.run(
        sys.executable,
        "-c",
        "import sys\n"
        "from llm_guard_protecto.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('loaded:', *[name for name in {heavy.split()} if name in sys.modules])",
    )
    assert asked.stdout.decode().endswith("loaded:\n")
