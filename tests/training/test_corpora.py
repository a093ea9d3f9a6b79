"""Labels of the corpora, and the tenth that is held back."""

import json
from pathlib import Path

import pytest

from llm_guard_protecto.training.corpora import held_back, read
from llm_guard_protecto.training.grammar import mark
from llm_guard_protecto.training.measure import marked_file

ROOT = Path(__file__).parents[1]


def corpus(folder: Path, name: str, text: str, *spans: tuple[str, str]) -> str:
    """What `read` makes of one row whose spans are given as (words, label)."""
    rows = [
        {"start": text.index(words), "end": text.index(words) + len(words), "label": label}
        for words, label in spans
    ]
    line = json.dumps({"id": "1", "text": text, "spans": rows})
    (folder / f"{name}.jsonl").write_text(line + "\n", encoding="utf-8")
    ((_, found),) = read(folder, name)
    return mark(found)


@pytest.mark.parametrize(
    ("name", "text", "spans", "expected"),
    [
        (
            "wnut_dev",
            "Ada of Acme saw Elves in Rome with a Pixel",
            [
                ("Ada", "PERSON"),
                ("Acme", "CORPORATION"),
                ("Elves", "GROUP"),
                ("Rome", "LOCATION"),
                ("Pixel", "PRODUCT"),
            ],
            "⟦PERSON:Ada⟧ of ⟦ORG:Acme⟧ saw ⟦ORG:Elves⟧ in ⟦LOCATION:Rome⟧ with a Pixel",
        ),
        (
            "btc_a",
            "@ada saw Bo",
            [("@", "PER"), ("ada", "PER"), ("Bo", "PER")],
            "@ada saw ⟦PERSON:Bo⟧",
        ),
        (
            "sec_FIN5",
            "Borrower is Acme at 5 Elm St",
            [("Borrower", "PER"), ("Acme", "ORG"), ("5 Elm St", "LOC")],
            "Borrower is ⟦ORG:Acme⟧ at ⟦ADDRESS:5 Elm St⟧",
        ),
    ],
)
def test_labels(
    tmp_path: Path, name: str, text: str, spans: list[tuple[str, str]], expected: str
) -> None:
    assert corpus(tmp_path, name, text, *spans) == expected


def test_mentions_that_are_no_names_teach_nothing(tmp_path: Path) -> None:
    text = "We met General Ada Moss of the Council in Rome"
    spans = [("We", "ORGANISATION"), ("General Ada Moss", "PERSON"), ("Rome", "LOCATION")]
    ((_, found),) = read_one(tmp_path, text, spans)
    assert [entity for *_, entity in found] == ["?", "LOCATION"]


def read_one(
    folder: Path, text: str, spans: list[tuple[str, str]]
) -> list[tuple[str, tuple[tuple[int, int, str], ...]]]:
    corpus(folder, "re3d_train", text, *spans)
    return [(identity, found.spans) for identity, found in read(folder, "re3d_train")]


def test_a_tenth_is_held_back() -> None:
    share = sum(held_back(f"corpus/{n}") for n in range(5_000)) / 5_000
    assert 0.08 < share < 0.12


def test_the_marked_prompts_can_be_read() -> None:
    rows = marked_file(ROOT / "data" / "marked_prompts.txt")
    assert len(rows) >= 140
    assert all(found.text.strip() and "⟦" not in found.text for _, found in rows)
    entities = {entity for _, found in rows for *_, entity in found.spans}
    assert entities == {"PERSON", "ORG", "LOCATION", "ADDRESS"}
