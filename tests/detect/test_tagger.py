"""The shipped tagger: the seeds, hard cases, and what holds for any text."""

import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.detect.decode import decode, entities, together
from llm_guard_protecto.detect.network import TAGS
from llm_guard_protecto.detect.places import address_parts
from llm_guard_protecto.detect.tagger import WEIGHTS, Tagger, tagger
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Span
from tests.marked import unmark

SAMPLE = """John|Doe|lives|at|12|Elm|Street|,|Apt|4|Boston|.|Acme|Corp|said|Mr|Smith|in|May|2020|(|\n|
maria|garcia|o'neil|MUNICH|\n\n|-|;|Dr.|94110|CA|hello|the|der|von's|'s"""
WORDS = st.sampled_from(SAMPLE.split("|"))
PROSE = st.lists(WORDS, max_size=120).map(" ".join)
ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=200)


def places(spans: list[Span]) -> list[tuple[int, int, str]]:
    return [(s.start, s.end, s.entity) for s in spans]


# The sentences of the three seed pages and of the design, none of which was trained on.
@pytest.mark.parametrize(
    "marked",
    [
        (
            "⟦PERSON:John Doe⟧, residing at ⟦ADDRESS:123 Maple Street⟧, ⟦ADDRESS:Apt 456⟧, "
            "⟦ADDRESS:Springfield⟧, owns a device with MAC address 00:1A:2B:3C:4D:5E, works at "
            "⟦ORG:Acme Corp⟧, and frequently visits https://www.example.com."
        ),
        (
            "⟦PERSON:Sarah Johnson⟧ recently moved to ⟦ADDRESS:456 Elm Avenue⟧, ⟦ADDRESS:Boston⟧, "
            "and you can reach her at (555) 987-6543"
        ),
        "⟦PERSON:John Doe⟧ lives at ⟦ADDRESS:123 Maple Street⟧",
        (
            "Write to ⟦PERSON:Sarah Johnson⟧, ⟦ADDRESS:456 Elm Avenue⟧, ⟦ADDRESS:Boston⟧, "
            "(555) 987-6543, that her card 4111 1111 1111 1111 was charged."
        ),
        "My name is ⟦PERSON:Maria Garcia⟧.",
        "my name is ⟦PERSON:maria garcia⟧",
        "MY NAME IS ⟦PERSON:MARIA GARCIA⟧",
        "Is this ⟦PERSON:Peter O'Sullivan⟧'s phone?",
        "I flew from ⟦LOCATION:Paris⟧ to ⟦LOCATION:Tokyo⟧.",
        "She works at ⟦ORG:Deutsche Bank⟧.",
        "What is the best way to cook rice?",
        "for i in range(10):\n    print(i)\n",
    ],
)
def test_finds_what_is_marked(marked: str) -> None:
    text, expected = unmark(marked)
    assert [(s.entity, s.start, s.end) for s in tagger().tag([text])[0]] == expected


def test_scores_and_rule() -> None:
    (spans,) = tagger().tag(["John Doe lives in Boston"])
    assert [s.rule for s in spans] == ["tagger", "tagger"]
    assert all(0.5 < s.score <= 1 for s in spans)


@settings(deadline=None)
@given(st.one_of(ANY_TEXT, PROSE))
def test_spans_of_any_text(text: str) -> None:
    (spans,) = tagger().tag([text])
    at = 0
    for span in spans:
        assert at <= span.start < span.end <= len(text)
        assert not text[span.start].isspace()
        assert not text[span.end - 1].isspace()
        assert text[span.end - 1] not in ".,;:"
        assert 0 < span.score <= 1
        assert span.entity in {"PERSON", "ORG", "LOCATION", "ADDRESS"}
        if span.entity == "ADDRESS":
            assert not set(text[span.start : span.end]) & set(",\n")
        at = span.end
    assert tagger().tag([text])[0] == spans


@settings(deadline=None)
@given(st.lists(st.one_of(ANY_TEXT, PROSE), max_size=6))
def test_a_batch_is_as_good_as_one_by_one(texts: list[str]) -> None:
    alone = [places(tagger().tag([text])[0]) for text in texts]
    assert [places(spans) for spans in tagger().tag(texts)] == alone


@settings(deadline=None, max_examples=40)
@given(st.lists(WORDS, min_size=300, max_size=600).map(" ".join))
def test_windows_change_nothing(text: str) -> None:
    narrow = Tagger(window=1_000)
    assert places(narrow.tag([text])[0]) == places(tagger().tag([text])[0])


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "\ud800", "\ud800\udc00 John", "a" * 100_000, "(" * 50_000, "\n" * 50_000],
    ids=["empty", "blank", "nul", "surrogate", "surrogates", "word", "brackets", "lines"],
)
def test_odd_texts_are_no_error(text: str) -> None:
    (spans,) = tagger().tag([text])
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


def test_a_name_without_end_is_found_to_its_end() -> None:
    text = "John " * 12_000
    (spans,) = tagger().tag([text])
    assert "".join(text[s.start : s.end] for s in spans).count("John") == 12_000


def test_no_texts() -> None:
    assert tagger().tag([]) == []


def test_threads_share_one_tagger() -> None:
    texts = [f"Dear Ana Silva, ship it to {n} Oak Lane, Porto {n}. Regards, Tom" for n in range(40)]
    fresh = Tagger()
    alone = [places(spans) for spans in Tagger().tag(texts)]
    answers: list[list[list[tuple[int, int, str]]]] = []

    def work() -> None:
        answers.append([places(fresh.tag([text])[0]) for text in texts])

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [alone] * 6


def test_tagging_starts_no_thread() -> None:
    before = threading.active_count()
    tagger().tag(["John Doe lives in Boston. " * 500])
    assert threading.active_count() == before


def test_the_cache_of_words_is_bounded() -> None:
    fresh = Tagger()
    text = " ".join(f"w{n:x}" for n in range(40_000))
    fresh.tag([text])
    after = fresh.tag(["John Doe lives in Boston"])
    assert after == Tagger().tag(["John Doe lives in Boston"])
    assert len(fresh._network._words.ids) < 40_000


def test_the_weights_file_is_small_and_holds_no_objects() -> None:
    assert WEIGHTS.stat().st_size < 6_000_000
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        assert {stored[name].dtype.kind for name in stored.files} <= {"f", "u"}


def test_the_weights_are_those_of_the_model_card() -> None:
    card = (Path(__file__).parents[2] / "docs" / "model-card.md").read_text(encoding="utf-8")
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() in card


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04"])
def test_what_is_no_weights_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tagger.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        Tagger(path)


SCORES = st.lists(
    st.lists(st.floats(-5, 5, width=32), min_size=len(TAGS), max_size=len(TAGS)),
    min_size=1,
    max_size=12,
)


@given(SCORES)
def test_decoded_tags_are_a_legal_sequence(rows: list[list[float]]) -> None:
    scores = np.array(rows, np.float32)
    tags = [TAGS[tag] for tag in decode(scores)]
    open_ = ""
    for tag in tags:
        if open_:
            assert tag[1:] == open_
            assert tag[0] in "IE"
        else:
            assert tag[0] in "OBS"
        open_ = tag[1:] if tag[0] in "BI" else ""
    assert not open_


def test_decoding_prefers_the_best_legal_sequence() -> None:
    scores = np.zeros((2, len(TAGS)), np.float32)
    scores[0, TAGS.index("B-PERSON")] = 2
    scores[1, TAGS.index("E-ORG")] = 2
    scores[1, TAGS.index("E-PERSON")] = 1
    assert [TAGS[tag] for tag in decode(scores)] == ["B-PERSON", "E-PERSON"]
    assert [found[:3] for found in entities(scores)] == [(0, 1, "PERSON")]


@given(st.integers(1, 80), st.floats(0, 9), st.integers(0, 2**32 - 1))
def test_entities_are_those_of_the_best_legal_sequence(size: int, calm: float, seed: int) -> None:
    """Mending a few runs gives what searching the whole text gives."""
    scores = (3 * np.random.default_rng(seed).normal(size=(size, len(TAGS)))).astype(np.float32)
    scores[:, 0] += calm
    tags = [TAGS[tag] for tag in decode(together(scores))]
    opens = [at for at, tag in enumerate(tags) if tag[0] in "BS"]
    ends = [at for at, tag in enumerate(tags) if tag[0] in "ES"]
    expected = [(a, b, tags[a][2:]) for a, b in zip(opens, ends, strict=True)]
    assert [found[:3] for found in entities(scores)] == expected


def test_a_place_next_to_an_address_is_part_of_it() -> None:
    text = "12 Elm St, Boston\nMaine and Paris."
    spans = [
        Span(0, 9, "ADDRESS"),
        Span(11, 17, "LOCATION"),
        Span(18, 23, "LOCATION"),
        Span(28, 34, "LOCATION"),
    ]
    assert places(address_parts(text, spans)) == [
        (0, 9, "ADDRESS"),
        (11, 17, "ADDRESS"),
        (18, 23, "ADDRESS"),
        (28, 33, "LOCATION"),
    ]


def test_addresses_are_cut_at_commas_and_line_ends() -> None:
    text = "1 Oak Lane, Apt 2,\n04103 Leipzig."
    assert [text[a:b] for a, b, _ in places(address_parts(text, [Span(0, 34, "ADDRESS")]))] == [
        "1 Oak Lane",
        "Apt 2",
        "04103 Leipzig",
    ]


def test_no_span_crosses_a_line_end() -> None:
    text = "Ada Moss\nTom Quill's"
    assert places(address_parts(text, [Span(0, 20, "PERSON")])) == [
        (0, 8, "PERSON"),
        (9, 18, "PERSON"),
    ]


@pytest.mark.parametrize("gap", [" " * 100_000, " ,, ", "\n\n", " and "])
def test_what_stands_further_off_is_no_part_of_the_address(gap: str) -> None:
    spans = [Span(0, 1, "ADDRESS"), Span(1 + len(gap), 2 + len(gap), "LOCATION")]
    assert address_parts(f"1{gap}X", spans) == spans
