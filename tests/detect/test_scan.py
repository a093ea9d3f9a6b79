"""The scanner and what it keeps: offsets, words, linear time only, files nobody can poison."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.context import Nearby
from llm_guard_protecto.detect.pattern import Pattern
from llm_guard_protecto.detect.rules import Rules
from llm_guard_protecto.detect.scan import Scanner, Shape
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed

NUMBERS = Scanner([Shape(r"\d+"), Shape(r"[a-z]+@[a-z]+")], [("tel", "phone number")])


@given(st.text(st.characters(categories=None) | st.sampled_from("12é漢\ud800\x00"), max_size=60))
def test_places_are_string_offsets_of_the_longest_matches(text: str) -> None:
    expected = [found.span() for found in re.finditer(r"[0-9]+", text)]
    assert NUMBERS.scan(text).places.get(0, []) == expected


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Tel 12", [3]),
        ("é tel 12", [5]),
        ("hotel 12", []),
        ("telly 12", []),
        ("TEL_12 tel.3", [3, 10]),
        ("phone_number 1, Phone-Number 2, phonenumber 3", [12, 28, 43]),
    ],
)
def test_words_stand_between_borders(text: str, ends: list[int]) -> None:
    assert NUMBERS.scan(text).words.get(("tel", "phone number"), []) == ends


def test_a_shape_that_needs_a_word_is_found_only_beside_it() -> None:
    words = ("ssn",)
    scanner = Scanner([Shape(r"\b\d{9}\b", needs=(words,))], [words])
    far = "ssn" + " x" * 600 + " 123456789 " + " x" * 600
    assert scanner.scan(far).places == {}
    near = far + " ssn 123456789"
    assert scanner.scan(near).places == {0: [(len(near) - 9, len(near))]}


@given(lead=st.text(st.sampled_from("x é1-\n"), max_size=400), gap=st.integers(0, 39))
def test_a_window_cuts_nothing(lead: str, gap: int) -> None:
    words = ("ssn",)
    scanner = Scanner([Shape(r"\b\d{9}\b", needs=(words,))], [words])
    text = f"{lead} ssn{' ' * gap}:123456789"
    assert (len(text) - 9, len(text)) in scanner.scan(text).places.get(0, [])


@pytest.mark.parametrize("regex", [r"(?=a)b", r"(a)\1", "(", r"(?<!x)y"])
def test_what_cannot_run_in_linear_time_is_refused(regex: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be compiled"):
        Scanner([Shape(regex)])


class _Unreadable(str):
    """A text whose bytes cannot be had."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Fail with the text in the message, as Unicode errors do."""
        raise UnicodeError(f"{encoding} {errors}: {self}")


def test_an_error_in_a_scan_never_reads_as_no_match() -> None:
    with pytest.raises(DetectionFailed) as failed:
        NUMBERS.scan(_Unreadable("a hidden value"))
    assert "hidden" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


def _found(cache: Path | None) -> list[tuple[int, int]]:
    rules = Rules([Pattern("CUSTOM_ID", r"\bACME-\d+\b", name="acme")], cache)
    return [(s.start, s.end) for s in rules.scan("see ACME-4711")]


def test_the_compiled_form_is_kept_for_the_user_alone(tmp_path: Path) -> None:
    cache = tmp_path / "a" / "b"
    assert _found(cache) == [(4, 13)]
    [kept] = cache.iterdir()
    assert cache.stat().st_mode & 0o777 == 0o700
    assert kept.stat().st_mode & 0o077 == 0
    written = kept.stat().st_mtime_ns
    assert _found(cache) == [(4, 13)]
    assert kept.stat().st_mtime_ns == written


def test_what_earlier_rules_left_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("not ours")
    for letter in "abcdef":
        Rules([Pattern("CUSTOM_ID", f"{letter}-1", name=letter)], tmp_path)
    assert len(list(tmp_path.iterdir())) == 1 + 4
    assert (tmp_path / "note.txt").exists()


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_a_damaged_file_is_passed_over_and_replaced(tmp_path: Path, damage: bytes | None) -> None:
    _found(tmp_path)
    [kept] = tmp_path.iterdir()
    good = kept.read_bytes()
    kept.write_bytes(good[:-1] + b"\xff" if damage is None else damage)
    assert _found(tmp_path) == [(4, 13)]
    assert kept.read_bytes()[:64] == good[:64]
    assert [p.name for p in tmp_path.iterdir()] == [kept.name]


def test_a_file_others_could_have_written_is_passed_over(tmp_path: Path) -> None:
    _found(tmp_path)
    [kept] = tmp_path.iterdir()
    kept.chmod(0o666)
    assert _found(tmp_path) == [(4, 13)]
    assert kept.stat().st_mode & 0o077 == 0


def test_nowhere_to_keep_it_costs_only_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert _found(blocked / "cache") == [(4, 13)]
    assert _found(None) == [(4, 13)]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("tel 123", True),
        ("tel" + " " * 41 + "123", False),
        ("tel\n123", True),
        ("tel\n\n123", False),
        ("123 (tel)", True),
        ("123\ntel", False),
        ("123", False),
    ],
)
def test_a_word_supports_what_is_close(text: str, near: bool) -> None:
    words = ("tel",)
    found = Scanner([Shape(r"\d+")], [words]).scan(text)
    start = text.index("123")
    assert Nearby(text, found.words).near(words, start, start + 3) is near
