"""Who restores bent tokens: ours, plain string replace, and two other products in their own words.

The others run in an environment of their own, made on first use in the user's cache folder, with
their own restoring functions and their own tokens, which are bent in the same ways.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from llm_guard_protecto.guard.restore import restore
from tests.bench.environment import environment
from tests.guard.drift import Token
from tests.guard.neighbours import Crowd

__all__ = ["ENGINES", "engine_tokens", "restored"]

ENGINES = ("ours", "str.replace", "maskrelay", "llm-redact")
PEERS = ("maskrelay==0.1.0", "llm-redact-proxy==1.12.1")
# Their detectors are not asked, so what only those import is left out.
IMPORTED = ("regex", "rapidfuzz", "cryptography", "structlog")

_STYLE = {"maskrelay": ("[", "PERSON_{}", "]"), "llm-redact": ("«", "PERSON_{:03}", "»")}


def engine_tokens(engine: str, crowd: Crowd) -> list[Token]:
    """The people's tokens as this engine issues them."""
    if engine not in _STYLE:
        return [token for token, _ in crowd.people]
    opens, body, closes = _STYLE[engine]
    return [
        Token(opens, (body.format(number),), closes, tag="PERSON")
        for number in range(1, len(crowd.people) + 1)
    ]


def restored(engine: str, crowd: Crowd, texts: Sequence[str]) -> list[str] | str:
    """The texts as the engine gives them back; a string says why it cannot be asked."""
    if engine == "ours":
        return [restore(text, crowd.tokens) for text in texts]
    if engine == "str.replace":
        return [_replaced(crowd, text) for text in texts]
    python = environment("drift", ("--no-deps", *PEERS), IMPORTED)
    if isinstance(python, str):
        return python
    values = [str(value) for _, value in crowd.people]
    ran = subprocess.run(
        [python, Path(__file__).with_name("drift_worker.py"), engine],
        input=json.dumps({"values": values, "texts": list(texts)}),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        return f"{engine} failed: {ran.stderr.strip().splitlines()[-1:]}"
    answer = json.loads(ran.stdout)
    if answer["tokens"] != [str(token) for token in engine_tokens(engine, crowd)]:
        return f"{engine} issues other tokens than were bent"
    return list(answer["texts"])


def _replaced(crowd: Crowd, text: str) -> str:
    for token, value in crowd.people:
        text = text.replace(str(token), str(value))
    return text
