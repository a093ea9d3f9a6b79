"""Eight clients through the gateway: `python -m tests.bench.gateway.clients`.

Each runs in an environment of its own, with nothing but its base URL and key changed, before a
server of ours in a process of its own and a mock of the providers that somebody else wrote. It asks
plainly, streamed and with a tool, whose arguments and answer hold values too. Ends with 1 when an
answer was not restored or the mock's journal holds a value. The last row is the control: without
the gateway the same journal holds them all.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.bench.environment import environment
from tests.bench.gateway.mock import Mock, mocked, seen
from tests.bench.gateway.npm import packages, program
from tests.bench.server import serving

__all__ = ["CLIENTS", "Client", "Outcome", "main", "outcomes"]

PROMPT = "Write to Sarah Johnson, (555) 987-6543, that card 4111 1111 1111 1111 was charged."
ANSWER = f"Sent: {PROMPT} Copy to miguel.alvarez@example.org."
VALUES = ("Sarah", "Johnson", "(555) 987-6543", "4111 1111 1111 1111", "miguel.alvarez")
MODES = ("", ", streamed", ", tools", ", streamed, tools")

_PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class Client:
    """A client: the packages it is, and the program of ours that uses it."""

    name: str
    packages: tuple[str, ...]
    program: str

    def command(self) -> list[str]:
        """What runs the program. Raises `RuntimeError` when the packages cannot be had."""
        folder = "gateway-" + self.name.replace(" ", "-").lower()
        if not self.packages:
            if shutil.which("curl") is None:
                raise RuntimeError("curl is not installed")
            return [sys.executable, str(_PROGRAMS / self.program)]
        node = self.program.endswith(".mjs")
        made = packages(folder, self.packages) if node else environment(folder, self.packages)
        if isinstance(made, str):
            raise RuntimeError(made)  # noqa: TRY004 - it says why there is none
        return program(made, self.program) if node else [str(made), str(_PROGRAMS / self.program)]


CLIENTS = (
    Client("openai python", ("openai==3.54.0",), "openai_python.py"),
    Client("openai python 2", ("openai==2.54.0",), "openai_python.py"),
    Client("openai node", ("openai@6.49.0",), "openai_node.mjs"),
    Client(
        "Vercel AI SDK",
        (
            "ai@6.0.326",
            "@ai-sdk/openai@3.0.141",
            "@ai-sdk/openai-compatible@2.0.91",
            "zod@4.6.7",
        ),
        "vercel_ai.mjs",
    ),
    Client("anthropic python", ("anthropic==2.12.0",), "anthropic_python.py"),
    Client(
        "langchain-openai",
        ("langchain-openai==1.7.3", "langchain-core==1.7.2"),
        "langchain_python.py",
    ),
    Client("litellm", ("litellm==1.106.2", "mcp==2.3.0"), "litellm_python.py"),
    Client("dspy", ("dspy==3.4.1",), "dspy_python.py"),
    Client("curl", (), "with_curl.py"),
)


@dataclass(slots=True)
class Outcome:
    """What became of one client. `modes`: what was wrong with each of its calls, "" for nothing."""

    name: str
    modes: dict[str, str] = field(default_factory=dict)
    leaked: Sequence[str] = ()
    requests: int = 0

    @property
    def right(self) -> bool:
        """Whether all was restored and nothing leaked."""
        return bool(self.modes) and not any(self.modes.values()) and not self.leaked


def asked(client: Client, url: str, token: str, mock: Mock) -> Outcome:
    """Let a client ask at `url`, and look at what came to the mock."""
    mock.clear()
    outcome = Outcome(client.name)
    ran = subprocess.run(
        [*client.command(), url, token, PROMPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    for line in ran.stdout.splitlines():
        if line.startswith('{"mode"'):
            told = json.loads(line)
            outcome.modes[told["mode"]] = _wrong(told)
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["no word"])[-1]
        outcome.modes["end"] = f"ended with {ran.returncode}: {last}"
    journal = mock.journal()
    outcome.requests, outcome.leaked = len(journal), seen(journal, [*VALUES, token])
    return outcome


def _wrong(told: dict[str, str | None]) -> str:
    """What is wrong with an answer; "" for nothing."""
    tools = told["note"] is not None
    if (told["said"] or "").strip() != (ANSWER if tools else PROMPT):
        return "the answer is not restored"
    if tools and told["note"] != PROMPT:
        return "the tool's arguments are not restored"
    return "" if tools == ("tools" in (told["mode"] or "")) else "no tool was called"


def outcomes(names: Sequence[str] = ()) -> tuple[list[Outcome], Outcome]:
    """Every client (or those `names`), and the control: the last one without the gateway."""
    chosen = [one for one in CLIENTS if not names or one.name in names]
    with TemporaryDirectory() as folder, mocked() as mock:
        file = Path(folder) / "gateway.toml"
        kinds = ("openai", "anthropic")
        file.write_text("".join(f'[upstreams.{one}]\nurl = "{mock.url}/v1"\n' for one in kinds))
        with serving("--gateway", str(file)) as served:
            found = [
                asked(client, served.url, served.token, mock)
                for client in track(chosen, "clients", console=Console(stderr=True))
            ]
        return found, asked(CLIENTS[-1], mock.url, "nothing", mock)


def table(found: Sequence[Outcome], control: Outcome) -> Table:
    """One row a client and API."""
    made = Table(title="Clients through the gateway", title_justify="left")
    for heading in ("client", "API", "plain", "streamed", "tools", "both", "values at the mock"):
        made.add_column(heading)
    for one in [*found, control]:
        name = one.name if one is not control else f"{one.name}, no gateway (control)"
        leaked = f"{len(one.leaked)} of {len(VALUES)} in {one.requests} requests"
        for api in dict.fromkeys(mode.partition(",")[0] for mode in one.modes):
            cells = [one.modes.get(api + mode, "not asked") or "restored" for mode in MODES]
            if one is control:
                cells = ["as sent"] * len(MODES)
            made.add_row(name, api, *cells, leaked)
            name = leaked = ""
    return made


def main(names: Sequence[str] = ()) -> int:
    """Run and print; 1 when something leaked or was not restored."""
    found, control = outcomes(names)
    console = Console(width=130)
    console.print(table(found, control))
    for one in found:
        for mode, wrong in one.modes.items():
            if wrong:
                console.print(f"{one.name}, {mode}: {wrong}", markup=False)
    if len(control.leaked) != len(VALUES):
        console.print("the control did not find every value: the journal cannot be trusted")
        return 1
    return int(not all(one.right for one in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
