"""Marked texts are read in both forms, and every mistake is named without showing the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto import ConfigurationError
from llm_guard_protecto.training.grammar import Marked
from llm_guard_protecto.tuning.marked_text import read_marked, read_plain

SECRET = "Wilhelmina"
OVERLAPPING = [
    {"start": 0, "end": 4, "label": "ORG"},
    {"start": 3, "end": 5, "label": "PER"},
]


def written(folder: Path, text: str, name: str = "texts.txt") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_marks_in_place(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "Dear ⟦PERSON:Ada Moss⟧,\nyour parcel waits in ⟦LOC:Oakham⟧.\n%%\n\n%%\nNothing here.\n",
    )
    read = read_marked(file)
    assert [text.text for text in read.texts] == [
        "Dear Ada Moss,\nyour parcel waits in Oakham.",
        "Nothing here.",
    ]
    first = read.texts[0]
    assert [(first.text[a:b], entity) for a, b, entity in first.spans] == [
        ("Ada Moss", "PERSON"),
        ("Oakham", "LOCATION"),
    ]
    assert read.others == {}


def test_json_lines(tmp_path: Path) -> None:
    spans = [{"start": 10, "end": 13, "label": "Company"}, {"start": 0, "end": 3, "label": "PER"}]
    rows = [{"text": "Ada joins IBX", "spans": spans}, {"text": "none"}]
    read = read_marked(written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows)))
    assert read.texts == (
        Marked("Ada joins IBX", ((0, 3, "PERSON"), (10, 13, "ORG"))),
        Marked("none", ()),
    )


def test_what_rules_find_is_counted_and_teaches_nothing(tmp_path: Path) -> None:
    file = written(
        tmp_path, "⟦EMAIL_ADDRESS:a@b.example⟧ is ⟦PERSON:Ada⟧ or ⟦EMAIL_ADDRESS:c@d.ex⟧"
    )
    read = read_marked(file)
    assert read.others == {"EMAIL_ADDRESS": 2}
    assert [entity for _, _, entity in read.texts[0].spans] == ["?", "PERSON", "?"]


def test_plain_texts(tmp_path: Path) -> None:
    assert read_plain(written(tmp_path, "one\ntwo\n%%\n \n%%\nthree")) == ["one\ntwo", "three"]
    assert read_plain(written(tmp_path, '{"text": "one"}\n{"text": "two"}\n')) == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"one\n%%\nDear ⟦PERSN:{SECRET}⟧", "text 2: a label 'PERSN'; the tagger learns PERSON"),
        (f"Dear ⟦PERSON:{SECRET}", "text 1: a mark is not ⟦ENTITY:text⟧"),
        (f"Dear {SECRET}⟧", "text 1: a mark is not"),
        (f"Dear ⟦PERSON: ⟧ {SECRET}", "text 1: a mark is empty"),
        (f"Dear ⟦{SECRET} and all her many friends and relations:x⟧", "a label that is no name"),
        (f'{{"text": "{SECRET}"}}\n{{"txt": "{SECRET}"}}', "line 2: not {"),
        (f'{{"text": "{SECRET}", "spans": [{{"start": 0, "end": 1}}]}}', "line 1: not {"),
        (
            f'{{"text": "{SECRET}", "spans": [{{"start": 0.0, "end": 1, "label": "ORG"}}]}}',
            "line 1: not {",
        ),
        (
            f'{{"text": "{SECRET}", "spans": [{{"start": 4, "end": 40, "label": "ORG"}}]}}',
            r"line 1: a mark \(ORG\) is empty or not inside",
        ),
        (
            json.dumps({"text": SECRET, "spans": OVERLAPPING}),
            r"line 1: a mark \(PERSON\) overlaps another",
        ),
    ],
)
def test_a_mistake_is_named_and_shows_no_text(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_marked(written(tmp_path, text))
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.txt: No such file"):
        read_marked(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_marked(tmp_path / "latin.txt")


@given(
    texts=st.lists(
        st.lists(
            st.tuples(
                st.text("abc ,.é漢", max_size=6),
                st.sampled_from([None, "PERSON", "ORG", "ADDRESS"]),
            ),
            min_size=1,
            max_size=5,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_both_forms_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[tuple[str, str | None]]]
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    blocks, rows = [], []
    for pieces in texts:
        block, plain, spans = "", "", []
        for piece, label in [("x", None), *pieces]:
            if label and piece.strip():
                spans.append({"start": len(plain), "end": len(plain + piece), "label": label})
                block += f"⟦{label}:{piece}⟧"
            else:
                block += piece
            plain += piece
        blocks.append(block)
        rows.append(json.dumps({"text": plain, "spans": spans}))
    in_place = read_marked(written(folder, "\n%%\n".join(blocks)))
    assert in_place == read_marked(written(folder, "\n".join(rows), "texts.jsonl"))
    assert len(in_place.texts) == len(texts)
