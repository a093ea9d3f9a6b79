"""Runs in the peers' own environment: restores texts with a peer's own function, JSON in and out.

Input: `{"values": [...], "texts": [...]}`; the nth value (from 1) is the person that the peer's
nth token stands for. Output: `{"tokens": [...], "texts": [...]}`.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable


def maskrelay(values: list[str]) -> tuple[list[str], Callable[[str], str]]:
    """Its default: exact, then bounded mutations; its fuzzy pass is off unless asked for."""
    detokenize = importlib.import_module("maskrelay.detok.tolerant").detokenize
    codec = importlib.import_module("maskrelay.placeholders").PlaceholderCodec()
    people = dict(enumerate(values, 1))

    def resolve(entity: str, number: int) -> str | None:
        return people.get(number) if entity.upper() == "PERSON" else None

    tokens = [f"[PERSON_{number}]" for number in people]
    return tokens, lambda text: str(detokenize(text, resolve, codec).text)


def llm_redact(values: list[str]) -> tuple[list[str], Callable[[str], str]]:
    """Its default: fuzzy matching on."""
    rehydrator = importlib.import_module("llm_redact.rehydrate").Rehydrator
    vault = importlib.import_module("llm_redact.vault").InMemoryVault()
    tokens = [vault.placeholder_for("PERSON", value) for value in values]
    return tokens, lambda text: str(rehydrator(vault, fuzzy=True).rehydrate_text(text))


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    tokens, restore = {"maskrelay": maskrelay, "llm-redact": llm_redact}[sys.argv[1]](
        asked["values"]
    )
    json.dump({"tokens": tokens, "texts": [restore(text) for text in asked["texts"]]}, sys.stdout)


if __name__ == "__main__":
    main()
