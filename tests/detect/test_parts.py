"""The parts of words, against the plain definition."""

from collections.abc import Iterator
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.parts import LONGEST, NO_PART, PARTS, parts_of

ANY_WORD = st.text(st.characters(codec=None, categories=None), max_size=LONGEST)


def parts(word: str) -> Iterator[str]:
    """Trigrams inside, then beginnings and ends of two, three and four letters."""
    size = len(word)
    yield from (word[at : at + 3] for at in range(1, min(size - 3, 12)))
    for length in (2, 3, 4):
        if size >= length:
            yield f"<{word[:length]}"
            yield f"{word[-length:]}>"
    if size < 2:
        yield f"<{word}>"


def test_the_parts_of_a_word() -> None:
    assert list(parts("marina")) == ["ari", "rin", "<ma", "na>", "<mar", "ina>", "<mari", "rina>"]


@given(st.lists(ANY_WORD, max_size=6))
def test_buckets_are_the_sums_of_the_parts(words: list[str]) -> None:
    buckets, counts = parts_of(words)
    expected = [
        [crc32(part.encode("utf-8", "surrogatepass")) % PARTS for part in parts(word)]
        for word in words
    ]
    assert counts.tolist() == list(map(len, expected))
    assert buckets.shape == (max(map(len, expected), default=0), len(words))
    for column, mine in zip(buckets.T.tolist(), expected, strict=True):
        assert column == mine + [NO_PART] * (len(column) - len(mine))
