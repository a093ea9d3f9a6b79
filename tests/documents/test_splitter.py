from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import ConfigurationError, LocalVault
from llm_guard_protecto.documents import Chunk, Splitter
from llm_guard_protecto.documents.counting import estimate
from llm_guard_protecto.models import Masked

LETTER = (
    "Dear Sarah Johnson,\n\nyour card 4111 1111 1111 1111 was charged. Call (555) 987-6543.\n"
    "Or write to sarah.johnson@example.com, 456 Elm Avenue, Boston.\n\n"
    "Kind regards\nThomas Okafor and Sarah Johnson\n"
)


@pytest.fixture(scope="module")
def letter() -> Iterator[Masked]:
    with LocalVault("memory:", environ={}) as vault:
        yield vault.mask([LETTER])[0]


def words(text: str) -> int:
    return len(text.split())


def check(masked: Masked, chunks: list[Chunk], size: int) -> None:
    text = masked.token_value
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text
        for token in chunk.tokens:
            assert chunk.text[token.start_pos : token.end_pos] == token.wrapped
        alone = len(chunk.tokens) == 1 and chunk.tokens[0].wrapped in chunk.text
        assert chunk.size <= size or alone or " " not in chunk.text.strip()
    every = {token.wrapped for token in masked.individual_tokens}
    assert {token.wrapped for chunk in chunks for token in chunk.tokens} == every


@pytest.mark.parametrize("size", [1, 5, 20, 60, 1000])
def test_no_token_is_cut_and_nothing_is_lost(letter: Masked, size: int) -> None:
    splitter = Splitter(size)
    chunks = splitter.split(letter)
    check(letter, chunks, size)
    assert "".join(chunk.text for chunk in chunks) == letter.token_value


@given(size=st.integers(2, 60), overlap=st.integers(0, 59))
@settings(max_examples=60)
def test_chunks_overlap_by_what_was_asked(letter: Masked, size: int, overlap: int) -> None:
    overlap = min(overlap, size - 1)
    chunks = Splitter(size, overlap=overlap).split(letter)
    check(letter, chunks, size)
    assert chunks[0].start == 0
    assert chunks[-1].end == len(letter.token_value)
    for one, other in pairwise(chunks):
        assert one.start < other.start <= one.end < other.end
        assert estimate(letter.token_value[other.start : one.end]) <= overlap


@given(st.text(max_size=300), st.integers(1, 40))
def test_any_text_is_the_sum_of_its_chunks(text: str, size: int) -> None:
    chunks = Splitter(size).split(text)
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(chunk.text for chunk in chunks)


def test_a_chunk_ends_where_the_text_pauses() -> None:
    text = "One two three four. Five six.\nSeven eight nine.\n\nTen eleven twelve thirteen fourteen"
    chunks = Splitter(11, count=words).split(text)
    assert [chunk.text.strip() for chunk in chunks] == [
        "One two three four. Five six.\nSeven eight nine.",
        "Ten eleven twelve thirteen fourteen",
    ]


def test_a_word_without_an_end_is_cut() -> None:
    chunks = Splitter(50).split("x" * 5000)
    assert max(chunk.size for chunk in chunks) <= 67  # one unit of 200 characters
    assert len(chunks) == 25


def test_sizes_that_cannot_work_are_refused() -> None:
    for size, overlap in ((0, 0), (10, 10), (10, -1)):
        with pytest.raises(ConfigurationError, match="size"):
            Splitter(size, overlap=overlap)
    with pytest.raises(ConfigurationError, match="encoding"):
        Splitter(10, encoding="made_up")


def test_the_splitter_says_how_it_counts() -> None:
    assert Splitter(10, count=words).counted_by == "count"
    assert "o200k_base" in Splitter(10).counted_by
