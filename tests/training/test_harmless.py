"""Texts that name nobody, templates of records, and noise that keeps its marks."""

from functools import partial
from importlib.metadata import distribution
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.detect.network import ENTITIES
from llm_guard_protecto.training import noise, phrases
from llm_guard_protecto.training.grammar import Marked, expand, join, mark, unmark
from llm_guard_protecto.training.harmless import FILES, harmless, skeletons
from llm_guard_protecto.training.material import Material
from llm_guard_protecto.training.noise import edited, rough
from llm_guard_protecto.training.sources import permissive, snippets
from tests.training.material import SMALL

TEMPLATES = phrases.LISTS.with_name("templates")
SEEDS = st.integers(0, 1 << 30)
BLOCKS = ("records", "logs", "scripts")


def lines(name: str) -> list[str]:
    text = (TEMPLATES / f"{name}.txt").read_text(encoding="utf-8")
    if name in BLOCKS:
        return [block.strip("\n") for block in text.split("\n%%\n")]
    return [line for line in text.splitlines() if line.strip() and line[:2] != "# "]


@pytest.mark.parametrize("name", FILES)
def test_harmless_templates_mark_nothing(name: str) -> None:
    for template in lines(name):
        for seed in range(4):
            found = join(expand(template, Random(seed), Material(Random(seed), SMALL)))
            assert found.text.strip() or "|]]" in template
            assert not found.spans
            assert "[[" not in found.text
            assert "]]" not in found.text


def test_there_are_many_harmless_templates() -> None:
    templates = [line for name in FILES for line in lines(name)]
    assert len(set(templates)) == len(templates)
    assert len(templates) >= 650


@pytest.mark.parametrize("name", [*BLOCKS, "contrast"])
def test_templates_of_records_mark_somebody(name: str) -> None:
    for template in lines(name):
        marks: set[str] = set()
        for seed in range(30):
            found = join(expand(template, Random(seed), Material(Random(seed), SMALL)))
            marks |= {entity for *_, entity in found.spans}
            assert "⟦" not in found.text
        assert marks <= set(ENTITIES)
        assert marks or name == "records" and "sku" in template or name == "logs"


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_generated_texts_mark_nothing_but_matters_of_convention(seed: int) -> None:
    texts = list(harmless(20, Random(seed), SMALL))
    assert len(texts) == 20
    for found in texts:
        assert {entity for *_, entity in found.spans} <= {"?"}
        assert all(found.text[start:end].strip() for start, end, _ in found.spans)
    assert list(harmless(20, Random(seed), SMALL)) == texts


def test_eponyms_teach_nothing() -> None:
    marks = {mark(found) for found in harmless(8_000, Random(1), SMALL) if found.spans}
    assert any("⟦?:Bayes⟧' theorem" in text for text in marks)


def test_skeletons_are_told_apart() -> None:
    assert len(skeletons()) >= 25
    assert not any("%%" in block for block in skeletons())


MARKED = st.lists(
    st.tuples(
        st.text("ab C-\n.é'", max_size=8), st.sampled_from([None, None, "PERSON", "ORG", "?"])
    ),
    min_size=1,
    max_size=8,
).map(join)


@st.composite
def edits(draw: st.DrawFn) -> tuple[Marked, list[noise.Edit]]:
    found = draw(MARKED)
    at = st.integers(0, len(found.text))
    made = []
    for start, size, new in draw(
        st.lists(st.tuples(at, st.integers(0, 3), st.text("xyz", max_size=3)), max_size=6)
    ):
        made.append((start, min(start + size, len(found.text)), new))
    return found, made


def labels(found: Marked) -> list[tuple[str, int]]:
    """Every letter with the number of its marked place, -1 outside."""
    owner = [-1] * len(found.text)
    for number, (start, end, _) in enumerate(found.spans):
        owner[start:end] = [number] * (end - start)
    return list(zip(found.text, owner, strict=True))


@given(edits())
def test_letters_that_stay_keep_their_labels(case: tuple[Marked, list[noise.Edit]]) -> None:
    found, made = case
    after = edited(found, made)
    assert [entity for *_, entity in after.spans] == [entity for *_, entity in found.spans]
    # What was put in is x, y or z; the rest stands in its old order, each letter in its place.
    old = [label for label in labels(after) if label[0] not in "xyz"]
    rest = iter(labels(found))
    assert all(label in rest for label in old)
    put_in = [label for label in labels(after) if label[0] in "xyz"]
    assert all(
        number == -1 or found.spans[number][0] < found.spans[number][1] for _, number in put_in
    )


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ((3, 3, "x"), "to x⟦PERSON:Ada⟧⟦ORG:Bo⟧"),
        ((6, 6, "x"), "to ⟦PERSON:Ada⟧x⟦ORG:Bo⟧"),
        ((8, 8, "x"), "to ⟦PERSON:Ada⟧⟦ORG:Bo⟧x"),
        ((4, 4, "x"), "to ⟦PERSON:Axda⟧⟦ORG:Bo⟧"),
        ((3, 4, "x"), "to ⟦PERSON:xda⟧⟦ORG:Bo⟧"),
        ((5, 7, "x"), "to ⟦PERSON:Ada⟧⟦ORG:Bo⟧"),
        ((3, 6, ""), "to ⟦PERSON:Ada⟧⟦ORG:Bo⟧"),
        ((0, 3, ""), "⟦PERSON:Ada⟧⟦ORG:Bo⟧"),
    ],
)
def test_edits_at_borders(edit: noise.Edit, expected: str) -> None:
    found = Marked("to AdaBo", ((3, 6, "PERSON"), (6, 8, "ORG")))
    assert mark(edited(found, [edit])) == expected


@settings(deadline=None, max_examples=300)
@given(MARKED, SEEDS)
def test_noise_keeps_the_number_and_kind_of_marks(found: Marked, seed: int) -> None:
    after = rough(found, Random(seed))
    assert len(after.spans) == len(found.spans) or not found.text.strip()
    at = 0
    for (start, end, entity), (*_, before) in zip(after.spans, found.spans, strict=True):
        assert at <= start < end <= len(after.text)
        assert entity == before
        at = end


LETTER = unmark(
    "Dear Ms ⟦PERSON:Kowalczyk⟧, the parcel for ⟦PERSON:Ada Lindqvist Moss⟧ of ⟦ORG:Northern "
    "Harbour Supplies Ltd⟧ went to ⟦ADDRESS:12 Old Mill Lane⟧, ⟦LOCATION:Ashcombe⟧.\n"
    "It came back."
)


def seen(change: str, found: Marked = LETTER) -> set[str]:
    make = partial(getattr(noise, change), found)
    return {mark(make(Random(seed))) for seed in range(200)}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("_broken", "-\n"),
        ("_wrapped", "⟦ORG:Northern Harbour\nSupplies Ltd⟧"),
        ("_quoted", "> Dear Ms ⟦PERSON:Kowalczyk⟧"),
        ("_quoted", "\n> It came back."),
        ("_listed", "- Dear Ms ⟦PERSON:Kowalczyk⟧"),
        ("_emphasised", "**⟦PERSON:Ada Lindqvist Moss⟧**"),
        ("_glued", "⟦PERSON:AdaLindqvistMoss⟧ of"),
    ],
)
def test_layouts(change: str, part: str) -> None:
    assert any(part in text for text in seen(change))


@pytest.mark.parametrize("change", ["_broken", "_wrapped", "_quoted", "_listed", "_emphasised"])
def test_layouts_change_no_letter(change: str) -> None:
    def bare(text: str) -> str:
        return "".join(c for c in text if c.isalnum() or c in "⟦⟧")

    assert {bare(text) for text in seen(change)} == {bare(mark(LETTER))}


def test_lines_are_wrapped_at_sixty_to_seventysix() -> None:
    found = Marked("word " * 60, ())
    for text in seen("_wrapped", found):
        assert max(map(len, text.split("\n"))) <= 76


def test_how_often_a_text_is_changed() -> None:
    rng = Random(4)
    texts = [rough(LETTER, rng) for _ in range(4_000)]
    lower = sum(found.text == LETTER.text.lower() for found in texts) / len(texts)
    upper = sum(found.text == LETTER.text.upper() for found in texts) / len(texts)
    same = sum(found == LETTER for found in texts) / len(texts)
    assert 0.18 < lower < 0.22
    assert 0.04 < upper < 0.06
    assert 0.57 < same < 0.67


@pytest.mark.parametrize(
    ("name", "expected"), [("numpy", True), ("httpx", True), ("hypothesis", False)]
)
def test_licences(name: str, expected: bool) -> None:
    assert permissive(distribution(name)) is expected


def test_source_code_names_nobody() -> None:
    found = list(snippets(200, Random(2)))
    assert len(found) == 200
    for piece in found:
        assert piece.text.strip()
        assert {entity for *_, entity in piece.spans} <= {"?"}
        assert "opyright" not in piece.text
