"""Runs in an environment of its own: which passages BM25 and an embedding model put first."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import bm25s
import numpy as np

if __name__ == "__main__":  # as a script it is in no package
    sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.bench.rag.encoder import MiniLM

FIRST = 5


def main() -> None:
    """Read the forms of passages and questions as JSON; write the first passages of each question.

    Progress goes to standard error.
    """
    forms = json.load(sys.stdin)
    model = MiniLM()
    found = {}
    for name, (passages, questions) in forms.items():
        print(f"retrieving from {name} passages ...", file=sys.stderr, flush=True)
        found[name] = {
            "bm25": bm25(passages, questions),
            "minilm": dense(model, passages, questions),
        }
    json.dump(found, sys.stdout)


def bm25(passages: list[str], questions: list[str]) -> list[list[int]]:
    """By the words they share."""
    index = bm25s.BM25()
    index.index([words(one) for one in passages], show_progress=False)
    found, _ = index.retrieve([words(one) for one in questions], k=FIRST, show_progress=False)
    return [[int(at) for at in row] for row in found]


def dense(model: MiniLM, passages: list[str], questions: list[str]) -> list[list[int]]:
    """By the angle between their vectors."""
    near = model(questions) @ model(passages).T
    return [[int(at) for at in row] for row in np.argsort(-near, axis=1)[:, :FIRST]]


def words(text: str) -> list[str]:
    """Runs of letters and digits, in lower case."""
    return re.findall(r"\w+", text.lower())


if __name__ == "__main__":
    main()
