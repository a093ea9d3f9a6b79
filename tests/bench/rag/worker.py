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
    """Read passages and questions as JSON, write for each way the first passages of each question."""
    asked = json.load(sys.stdin)
    passages, questions = asked["passages"], asked["questions"]
    json.dump({"bm25": bm25(passages, questions), "minilm": dense(passages, questions)}, sys.stdout)


def bm25(passages: list[str], questions: list[str]) -> list[list[int]]:
    """By the words they share."""
    index = bm25s.BM25()
    index.index([words(one) for one in passages], show_progress=False)
    found, _ = index.retrieve([words(one) for one in questions], k=FIRST, show_progress=False)
    return [[int(at) for at in row] for row in found]


def dense(passages: list[str], questions: list[str]) -> list[list[int]]:
    """By the angle between their vectors."""
    model = MiniLM()
    near = model(questions) @ model(passages).T
    return [[int(at) for at in row] for row in np.argsort(-near, axis=1)[:, :FIRST]]


def words(text: str) -> list[str]:
    """Runs of letters and digits, in lower case."""
    return re.findall(r"\w+", text.lower())


if __name__ == "__main__":
    main()
