"""The packed corpora: real lines of them, and the part that is held back."""

import json
import lzma
from collections import Counter
from pathlib import Path

import pytest

from llm_guard_protecto.training.grammar import mark
from llm_guard_protecto.training.more import FOLDER, more, read

ENTITIES = {"PERSON", "ORG", "LOCATION", "ADDRESS", "?"}
FILES = sorted(FOLDER.glob("*.jsonl.xz"))


def pack(file: Path, *rows: object) -> None:
    file.write_bytes(lzma.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))


def test_a_line_is_read_as_it_was_written(tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 3, "label": "PERSON"}, {"start": 11, "end": 15, "label": "?"}]
    row = {"id": "7", "source": "s", "text": "Ada saw us Elba-wards", "spans": spans}
    pack(tmp_path / "a.jsonl.xz", row)
    ((source, (identity, found)),) = read(tmp_path / "a.jsonl.xz")
    assert (source, identity) == ("s", "s/7")
    assert mark(found) == "⟦PERSON:Ada⟧ saw us ⟦?:Elba⟧-wards"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_spans_lie_in_order_inside_the_text(file: Path) -> None:
    for _, (identity, found) in read(file):
        after = 0
        for start, end, entity in found.spans:
            assert after <= start < end <= len(found.text), identity
            assert entity in ENTITIES, identity
            assert found.text[start:end].strip() == found.text[start:end], identity
            after = end


def test_ids_are_unique() -> None:
    ids = Counter(identity for file in FILES for _, (identity, _) in read(file))
    assert max(ids.values()) == 1


def test_what_is_held_back_is_not_trained_on() -> None:
    measured = {found.text for _, (_, found) in more(measuring=True)}
    trained = [found.text for _, (_, found) in more(measuring=False)]
    assert measured.isdisjoint(trained)
    assert 0.08 < len(measured) / (len(measured) + len(trained)) < 0.12


def test_every_entity_is_taught() -> None:
    taught = Counter(
        entity for _, (_, found) in more(measuring=False) for *_, entity in found.spans
    )
    assert all(taught[entity] > 1_000 for entity in ENTITIES)


def test_a_folder_without_files_holds_nothing(tmp_path: Path) -> None:
    assert list(more(tmp_path, measuring=True)) == []
