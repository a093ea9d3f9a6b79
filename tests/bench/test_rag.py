"""The corpus of the retrieval study is what it says, and so are the placeholders beside it."""

from __future__ import annotations

import re
from collections import Counter

from llm_guard_protecto.models import IndividualToken, Masked
from tests.bench.rag.__main__ import KINDS, numbered
from tests.bench.rag.corpus import made

CORPUS = made()


def test_the_corpus_is_as_large_as_promised_and_the_same_every_time() -> None:
    assert len(CORPUS.passages) >= 2_000
    assert len(CORPUS.questions) >= 300
    assert len({*CORPUS.passages}) == len(CORPUS.passages)
    assert made() == CORPUS


def test_every_kind_of_question_is_asked_and_counted() -> None:
    kinds = Counter(question.kind for question in CORPUS.questions)
    assert {*kinds} == {kind for group in KINDS.values() for kind in group}
    assert min(kinds.values()) >= 40


def test_a_question_about_a_name_has_one_answer() -> None:
    """No two passages have the same reporter, and whoever came to mend it reported nothing."""
    for question in CORPUS.questions:
        if question.kind in ("name", "typed"):
            words = question.text.lower().removeprefix("what did ").split()[:2]
            name = " ".join(words)
            whole = re.compile(rf"\b{name}\b")
            held = [at for at, one in enumerate(CORPUS.passages) if whole.search(one.lower())]
            assert held == [question.answer]


def test_placeholders_count_anew_in_each_text() -> None:
    def token(value: str, start: int) -> IndividualToken:
        return IndividualToken(value, "PERSON", "x", "<PER>", "</PER>", start, start + 3)

    text = Masked("Ada met Bob, Ada.", "", (token("Ada", 0), token("Bob", 8), token("Ada", 13)))
    assert numbered(text) == "<PERSON_1> met <PERSON_2>, <PERSON_1>."
