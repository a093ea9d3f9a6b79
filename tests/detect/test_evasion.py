"""Values written so that a filter overlooks them, and writing that only looks like that."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault
from llm_guard_protecto.detect.disguise import hidden, named, reading
from llm_guard_protecto.detect.find import find
from llm_guard_protecto.detect.rules import rules
from llm_guard_protecto.detect.tagger import tagger
from llm_guard_protecto.engine.resolve import resolve
from tests.marked import mark, unmark
from tests.tricks import ENCODINGS, SENTENCES, TRICKS, caught, value_of

DATA = Path(__file__).parent.parent / "data" / "evasion.txt"
ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|n|\\)")
ENTITIES = [entity for entity in SENTENCES if entity != "PERSON"]

NASTY = st.text(
    st.sampled_from(
        "a14 1@.,-_\n\t%4&#;\\u=[](){}<>/|+é\u0301\u200b\ufe0f\u202e\u202cаОοα٣１Ａ𝟏Ⓐ😀"
    )
    | st.sampled_from(["\U000e0041", "\ud800", "\x00", "\u2028", "\xa0", "–", "ﬁ", "½", "क", "़"])
    | st.characters(),
    max_size=80,
)
PIECES = st.lists(
    st.sampled_from(
        [
            "one",
            "two",
            "dot",
            "at",
            "double",
            "%40",
            "&#64;",
            "\\u0040",
            "c2FyYWhAZXhhbXBsZS5jb20=",
            "4",
            "1",
            "1",
            "1",
            "@",
            ".",
            "com",
            "[at]",
            "sarah",
            "536",
            "90",
            "1234",
            "536-90-1234",
            "4111",
            "\u200b",
            "＠",
            "5",
            "5",
            "5",
            "-",
            "call",
            "ssn",
            "\n",
        ]
    ),
    max_size=40,
).map(" ".join)


def rows(*, marked: bool) -> list[str]:
    """The rows of the data file with a mark, or those without."""
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#" and ("⟦" in line) is marked]


def plainly(row: str) -> str:
    """A row with its escapes read."""

    def read(found: re.Match[str]) -> str:
        sign = found[1]
        return {"n": "\n", "\\": "\\"}.get(sign) or chr(int(sign[1:], 16))

    return ESCAPE.sub(read, row)


@pytest.mark.parametrize("row", rows(marked=True))
def test_what_is_marked_is_found(row: str) -> None:
    text, spans = unmark(plainly(row))
    ((entity, start, end),) = spans
    found = [s for s in resolve(text, find([text])[0]) if s.start < end and s.end > start]
    assert [(s.entity, s.start, s.end) for s in found] == [(entity, start, end)], mark(text, found)
    assert ":" in found[0].rule, "the plain text gave it: the row tests nothing"


@pytest.mark.parametrize("row", rows(marked=False))
def test_ordinary_writing_gives_nothing_new(row: str) -> None:
    text = plainly(row)
    view = reading(text)
    if view is not None:
        plain = [*rules().scan(text), *tagger().tag([text])[0]]
        ruled, (tagged,) = rules().scan(view.text), tagger().tag([view.text])
        assert hidden(view, ruled, tagged, plain) == []


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), sentence=st.integers(0, 5))
def test_every_trick_is_seen_through(trick: str, entity: str, seed: int, sentence: int) -> None:
    before, after = SENTENCES[entity][sentence % len(SENTENCES[entity])].split("{}")
    value = TRICKS[trick](value_of(entity, random.Random(seed)))
    assert caught(before + value + after, len(before), len(before + value))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), sentence=st.integers(0, 5))
def test_every_encoding_is_read(encoding: str, entity: str, seed: int, sentence: int) -> None:
    before, after = SENTENCES[entity][sentence % len(SENTENCES[entity])].split("{}")
    value = ENCODINGS[encoding](value_of(entity, random.Random(seed)))
    assert caught(before + value + after, len(before), len(before + value))


@pytest.mark.parametrize("trick", TRICKS)
def test_most_names_are_seen_through(trick: str) -> None:
    chance = random.Random(trick)
    results = []
    for sentence in SENTENCES["PERSON"] * 5:
        before, after = sentence.split("{}")
        value = TRICKS[trick](value_of("PERSON", chance))
        results.append(caught(before + value + after, len(before), len(before + value)))
    assert sum(results) >= 8


@given(NASTY | PIECES)
@settings(deadline=None, max_examples=300)
def test_spans_are_places_of_the_text(text: str) -> None:
    (spans,) = find([text])
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert not text[span.start].isspace()
        assert not text[span.end - 1].isspace()


@given(st.lists(NASTY | PIECES, max_size=4))
@settings(deadline=None, max_examples=50)
def test_texts_do_not_touch_each_other(texts: list[str]) -> None:
    assert find(texts) == [find([text])[0] for text in texts]


@given(st.lists(st.sampled_from(["please", "write", "the", "report,", "today.", "3", "it's"])))
def test_plain_prose_is_read_once(words: list[str]) -> None:
    assert reading(" ".join(words)) is None


def test_a_block_is_one_span_named_by_what_is_in_it() -> None:
    run = ENCODINGS["base64"]("Sarah Johnson, sarah@example.com, 4111 1111 1111 1111")
    found = [s for s in find([f"see {run} there"])[0] if s.rule.startswith("base64:")]
    assert [(s.start, s.end, s.entity) for s in found] == [(4, 4 + len(run), "EMAIL_ADDRESS")]
    assert found[0].score < 0.99


def test_only_one_level_is_read() -> None:
    twice = ENCODINGS["base64"](ENCODINGS["base64"]("sarah@example.com"))
    assert find([twice]) == [[]]


def test_a_key_found_plainly_is_not_looked_into() -> None:
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6InNhcmFoQGV4YW1wbGUuY29tIn0.c2lnbmF0dXJlLW9mLWl0"
    assert {span.rule for span in find([jwt])[0]} == {"key_jwt"}


def test_an_address_in_the_query_of_a_link_is_told_beside_the_link() -> None:
    text = "open https://shop.example/?e=sarah%40example.com&n=1 now"
    found = {(s.entity, text[s.start : s.end]) for s in find([text])[0]}
    assert ("EMAIL_ADDRESS", "sarah%40example.com") in found


def test_a_long_text_is_read_around_its_disguises_only() -> None:
    prose = "the report says that every customer has been answered. " * 200
    text = f"{prose}card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 {prose}sarah (at) example.com {prose}"
    view = reading(text)
    assert view is not None
    assert len(view.text) < 1000
    found = [text[s.start : s.end] for s in find([text])[0] if ":" in s.rule]
    assert found == ["4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "sarah (at) example.com"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Ann%61 wrote", "Anna wrote"),
        ("Anna%20Moss", "Anna Moss"),
        ("anna%40example.com", ""),  # the sign is in no name
        ("anna at example dot com", ""),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", ""),
    ],
)
def test_names_are_sought_only_where_letters_were_changed(text: str, read: str) -> None:
    view = reading(text)
    assert view is not None
    assert named(view) == read


def test_what_is_blanked_for_names_keeps_its_place() -> None:
    words = "the report says that every customer was answered " * 4
    view = reading(f"anna%40example.com {words}%41nna Moss {words}anna%40example.com")
    assert view is not None
    text = named(view)
    at = view.text.index("Anna Moss")
    assert text[at - 100 : at + 100] == view.text[at - 100 : at + 100]
    assert "@" not in text


@pytest.mark.parametrize("trick", [*TRICKS, *ENCODINGS])
def test_masking_goes_back_exactly(trick: str) -> None:
    chance = random.Random(trick)
    disguise = {**TRICKS, **ENCODINGS}[trick]
    texts = []
    for entity, sentences in SENTENCES.items():
        texts += [s.replace("{}", disguise(value_of(entity, chance))) for s in sentences]
    with LocalVault("memory:") as vault:
        masked = vault.mask(texts)
        assert [m.value for m in vault.unmask([m.token_value for m in masked])] == texts


@pytest.mark.parametrize("piece", ["1 ", "a.", "x at y dot ", "%40", "a\u200b", "aа ", "l1", "4\n"])
def test_the_view_does_not_outgrow_the_text(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    view = reading(text)
    assert view is None or len(view.text) <= len(text)
