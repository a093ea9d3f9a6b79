"""Every form of a chat completion, through the real OpenAI SDK to a real socket, both ways.

Each form is a coroutine that takes a `Bench` and asserts. It is written once for blocking and
async clients: `now`, `each` and `held` take what either gives. Run as a script, by any Python that
has an `openai`, it prints `{"openai": VERSION, "results": {"FORM-KIND": null or "what failed"}}`:

    python -m tests.clients.sdk_matrix
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from importlib import import_module

import openai

from tests.clients.bench import CASES, FORMS, Bench

__all__ = ["CASES", "FORMS", "families", "run"]

_FORMS = (
    "asking",
    "places",
    "errors",
    "bytes",
    "connections",
    "clients",
    "fail_closed",
    "inputs",
    "responses",
    "responses_streams",
    "structured",
    "stored",
    "files",
    "policies",
    "streams",
)
for _name in _FORMS:
    import_module(f"tests.clients.forms_{_name}")


async def run(name: str, kind: str, family: str) -> None:
    """Run one form; raises what it raises."""
    bench = Bench(kind, family)
    with bench.server:
        try:
            await FORMS[name](bench)
        finally:
            await bench.close()


def families() -> list[str]:
    """The HTTP families that the installed SDK takes clients of, its own first."""
    newest = int(openai.__version__.partition(".")[0]) >= 3
    names = ["httpx2", "httpx"] if newest else ["httpx"]
    return [name for name in names if import_module(name)]


def main() -> None:
    results: dict[str, str | None] = {}
    family = families()[0]
    for name, kind in CASES:
        try:
            asyncio.run(run(name, kind, family))
            results[f"{name}-{kind}"] = None
        except BaseException:  # noqa: BLE001 - every failure is a result
            results[f"{name}-{kind}"] = traceback.format_exc(limit=-4)
    json.dump({"openai": openai.__version__, "family": family, "results": results}, sys.stdout)


if __name__ == "__main__":
    main()
