"""The gateway judged by `pii-leak-benchmark`: `python -m tests.bench.gateway.leaks`.

The benchmark is somebody else's. Its request profile plays the provider and looks for the values
that it sent; its response profile streams the prompt back beside values of the provider's own, and
looks whether the caller gets every value again, and whether the others come through, whole or cut
in two (the difference is the fragmentation delta). Both run twice: with replies that are restored,
as by default, and with `replies = "mask"`, which is to hold back the provider's own values as well.
`--exhaustive` cuts at every place, `--out` keeps the reports. Ends with 1 when a value leaked, was
not restored, or a cut made a difference.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

import llm_guard_protecto
from tests.bench.environment import environment
from tests.bench.server import serving

__all__ = ["BENCHMARK", "Judged", "judged", "main"]

BENCHMARK = "pii-leak-benchmark[validate]==0.6.0"
_SEED = "a1b2c3d4e5f60001"
_DOCS = "docs/gateway.md"


@dataclass(frozen=True, slots=True)
class Judged:
    """Both reports. `response` is the benchmark's summary of its second profile."""

    replies: str
    request: Mapping[str, Any]
    response: Mapping[str, Any]

    @property
    def clean(self) -> bool:
        """Whether nothing leaked, all was restored, and cuts made no difference."""
        told = self.response
        return bool(
            self.request["passed"]
            and not told["request_path_leak"]
            and told["fidelity_rate"] == 1.0
            and told["delta_frag"] == 0.0
            and not told["inconclusive"]
            and told["schema_valid"]
            and (self.replies == "restore" or told["outcome"] == "pass")
        )


def judged(folder: Path, replies: str, *, exhaustive: bool = False) -> Judged:
    """Run both profiles; their reports lie in `folder`. Raises `RuntimeError` if it cannot."""
    python = environment("gateway-pii-leak", (BENCHMARK,))
    if isinstance(python, str):
        raise RuntimeError(python)  # noqa: TRY004 - it says why there is none
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "gateway.toml"
    upstream = f'[upstreams.openai]\nurl = "http://127.0.0.1:{port}/v1"\n'
    file.write_text(f'replies = "{replies}"\n{upstream}')
    with serving("--gateway", str(file)) as served:
        key = {"CONFORMANCE_TARGET_API_KEY": served.token}
        request, summary = folder / "request.json", folder / "response-summary.json"
        cited = ["--redaction-claimed", "claimed", "--redaction-claim-citation", _DOCS]
        enabled = ["--redaction-enabled", "--redaction-config-reference", "the default policy"]
        named = ["--target-name", "llm_guard_protecto"]
        version = ["--target-version", llm_guard_protecto.__version__]
        where = ["--target-base-url", f"{served.url}/v1", "--capture-port", str(port)]
        first = [*where, *named, *version, *cited, *enabled, "--json-out", str(request)]
        _ran(python.with_name("pii-leak-benchmark"), first, key)
        second = ["--validate", "--partial-emission", "--only", "gateway", "--seed", _SEED]
        second += ["--gateway-url", f"{served.url}/v1/chat/completions"]
        second += ["--upstream-port", str(port), "--out", str(folder), "--json-out", str(summary)]
        if exhaustive:
            second.append("--exhaustive-splits")
        _ran(python.with_name("pii-leak-benchmark-v2"), second, key)
    [row] = json.loads(summary.read_text())["rows"]
    return Judged(replies, json.loads(request.read_text()), row)


def _ran(program: Path, words: Sequence[str], key: Mapping[str, str]) -> None:
    done = subprocess.run(
        [program, *words], env={**os.environ, **key}, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):  # 1 is a verdict, and it is in the report
        raise RuntimeError(f"{program.name} did not run: {done.stderr.strip()}")


def table(both: Sequence[Judged]) -> Table:
    """What the benchmark says, a row a measure and a column a setting."""
    made = Table(title=f"{BENCHMARK} against the gateway", title_justify="left")
    for heading in ("profile", "measure", *(f'replies = "{one.replies}"' for one in both)):
        made.add_column(heading)

    def row(profile: str, measure: str, told: Callable[[Judged], str]) -> None:
        made.add_row(profile, measure, *(told(one) for one in both))

    row("request", "outcome", lambda one: str(one.request["outcome"]))
    for name in both[0].request["checks"]:
        row("", name, lambda one, n=name: _word(one.request["checks"][n]["passed"]))  # type: ignore[misc]
    row("response", "outcome", lambda one: str(one.response["outcome"]))
    row("", "cases scored", lambda one: _cases(one.response))
    row("", "values that reached the provider", lambda one: _leaked(one.response))
    for name, key in (
        ("values restored (fidelity)", "fidelity_rate"),
        ("the provider's own values that passed, whole", "leak_single_chunk"),
        ("the provider's own values that passed, cut", "leak_adversarial"),
    ):
        row("", name, lambda one, k=key: f"{one.response[k]:.0%}")  # type: ignore[misc]
    row("", "fragmentation delta", lambda one: f"{one.response['delta_frag']:g}")
    return made


def _word(passed: bool) -> str:
    return "passed" if passed else "failed"


def _cases(told: Mapping[str, Any]) -> str:
    return f"{told['cases_applicable']} of {told['cases_attempted']}"


def _leaked(told: Mapping[str, Any]) -> str:
    return ", ".join(told["request_path_leak"]) or "none"


def main(words: Sequence[str] | None = None) -> int:
    """Run and print; 1 when it is not clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway.leaks")
    parser.add_argument("--exhaustive", action="store_true", help="cut at every place")
    parser.add_argument("--out", type=Path, help="keep the reports here")
    given = parser.parse_args(words)
    with TemporaryDirectory() as scratch:
        both = []
        for replies in ("restore", "mask"):
            folder = (given.out or Path(scratch)) / replies
            folder.mkdir(parents=True, exist_ok=True)
            both.append(judged(folder, replies, exhaustive=given.exhaustive))
    Console(width=110).print(table(both))
    return int(not all(one.clean for one in both))


if __name__ == "__main__":
    sys.exit(main())
