"""Every format that streams, its bytes cut and twisted in every way that a network can."""

from __future__ import annotations

import json

import pytest
from chunk_invariance import assert_chunk_invariant
from chunk_invariance.strategies import splits_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.guard.streams import FORMATS, TEXT, cut_at, masked, run, said, sse, told, whole

MANY = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
ends = st.sampled_from(["\n", "\r\n", "\r"])
styles = st.sampled_from(["plain", "noisy"])


@pytest.mark.parametrize("form", FORMATS)
def test_chunk_invariance_finds_no_split_that_matters(form: str) -> None:
    """The published check: every cut in two of the bytes of a short stream."""
    data = sse(told(form, 40)[:5])
    checked = assert_chunk_invariant(
        lambda pieces: run(form, pieces), lambda data: b"".join(run(form, [data])), data
    )
    assert checked == len(data)


@pytest.mark.parametrize("form", FORMATS)
@MANY
@given(data=st.data())
def test_chunk_invariance_finds_no_split_into_many(form: str, data: st.DataObject) -> None:
    sent = sse(told(form, data.draw(st.integers(3, 30))))
    pieces = data.draw(splits_of(sent, 24))
    assert b"".join(run(form, pieces)) == b"".join(run(form, [sent]))


@pytest.mark.parametrize("form", FORMATS)
@MANY
@given(
    size=st.integers(1, 40),
    order=st.lists(st.integers(0, 3), max_size=60),
    cuts=st.lists(st.integers(0, 10**6), max_size=12),
    end=ends,
    style=styles,
)
def test_texts_that_interleave_come_back_whole(
    form: str, size: int, order: list[int], cuts: list[int], end: str, style: str
) -> None:
    """Choices and parallel tool calls, in any order, in any dress, cut anywhere."""
    sent = sse(told(form, size, order), end, style)
    assert whole(form, said(form, b"".join(run(form, cut_at(sent, cuts)))))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("style", ["plain", "noisy"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_byte_alone(form: str, style: str, end: str) -> None:
    """Characters of several bytes are cut as well."""
    sent = sse(told(form, 7), end, style)
    assert max(sent) > 127
    passed = b"".join(run(form, [bytes([byte]) for byte in sent]))
    assert passed == b"".join(run(form, [sent]))
    assert whole(form, said(form, passed))


@pytest.mark.parametrize("form", FORMATS)
@MANY
@given(size=st.integers(1, 30), where=st.integers(0, 10**6), end=ends)
def test_a_cut_connection_shows_no_half_wrapper_and_guesses_nothing(
    form: str, size: int, where: int, end: str
) -> None:
    """What was passed on before the cut is the beginning of the clear text, of each text."""
    sent = sse(told(form, size), end)
    *passed, _ = run(form, [sent[: where % len(sent)]])
    clear = {key: text for key, text in said(form, b"".join(run(form, [sent]))).items()}
    for key, text in said(form, b"".join(passed)).items():
        assert clear[key].startswith(text)


@pytest.mark.parametrize("form", FORMATS)
@MANY
@given(size=st.integers(1, 30), events=st.integers(0, 10**6))
def test_an_error_in_the_middle_ends_every_text(form: str, size: int, events: int) -> None:
    """No text ends in half a wrapper, and none is guessed; the error itself is restored."""
    all_of_them = told(form, size)
    before = all_of_them[: events % len(all_of_them)]
    error = {"type": "error", "error": {"type": "overloaded", "message": masked(form)}}
    passed = b"".join(run(form, [sse([*before, error])]))
    assert json.dumps(TEXT, ensure_ascii=False).encode() in passed
    data, _, after = passed.partition(b"overloaded")
    assert b"delta" not in after
    sent = said(form, sse(before))
    clear = said(form, b"".join(run(form, [sse(all_of_them)])))
    for key, text in said(form, data.rpartition(b"data:")[0]).items():
        assert clear[key].startswith(text)
        assert text or len(sent[key]) <= 6  # one word at most is not certain yet
