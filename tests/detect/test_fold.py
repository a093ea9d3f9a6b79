"""The readings of a text: their way back to it, and what folding changes and leaves."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.fold import fold
from llm_guard_protecto.detect.lookalikes import DIGITS, LETTERS, NEARLY
from llm_guard_protecto.detect.view import Patch, View

PATCHES = st.lists(
    st.builds(
        lambda start, size, text: Patch(start, start + size, text, "k"),
        st.integers(0, 30),
        st.integers(0, 6),
        st.text("xyz ", max_size=4),
    ),
    max_size=8,
)


def within(patches: list[Patch], text: str) -> list[Patch]:
    return [patch for patch in patches if patch.end <= len(text)]


@given(st.text(min_size=1, max_size=40), PATCHES, PATCHES)
def test_every_place_goes_back_and_their_order_stays(
    text: str, first: list[Patch], second: list[Patch]
) -> None:
    view = View(text).patched(within(first, text))
    view = view.patched(within(second, view.text)).respelled({"x": "y"}, "k")
    places = [view.origin(i, i + 1) for i in range(len(view.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)
    if places:
        assert view.origin(0, len(view.text)) == (places[0][0], places[-1][1])


@given(st.text(min_size=1, max_size=40), PATCHES)
def test_what_is_not_patched_goes_back_to_itself(text: str, patches: list[Patch]) -> None:
    patches = within(patches, text)
    view = View(text).patched(patches)
    for i, character in enumerate(view.text):
        start, end = view.origin(i, i + 1)
        if not view.kinds(i, i + 1):
            assert (text[start:end], end - start) == (character, 1)


@given(st.text(max_size=40), PATCHES)
def test_every_character_is_kept_or_patched(text: str, patches: list[Patch]) -> None:
    patches = within(patches, text)
    view = View(text).patched(patches)
    back = {i for at in range(len(view.text)) for i in range(*view.origin(at, at + 1))}
    left = set(range(len(text))) - back
    assert left <= {i for patch in patches for i in range(patch.start, patch.end)}


def test_of_overlapping_patches_the_first_and_longest_stays() -> None:
    patches = [
        Patch(2, 4, "b", ""),
        Patch(1, 3, "x", ""),
        Patch(1, 2, "a", ""),
        Patch(3, 4, "c", ""),
    ]
    assert View("01234").patched(patches).text == "0xc4"


def test_a_span_is_widened_over_what_was_dropped_inside_it() -> None:
    view = fold(View("x 4\u200b1\u200b\u200b1 y"))
    assert view.text == "x 411 y"
    assert view.origin(2, 5) == (2, 8)


def test_changes_of_a_kind_that_all_but_touch_are_told_as_one() -> None:
    view = View("a1b2c-3xxxxxxxx4").patched(
        [Patch(at, at + 1, "", "k") for at in (1, 3, 6, 15)] + [Patch(5, 6, "+", "l")]
    )
    assert view.text == "abc+xxxxxxxx"
    assert view.changes() == [(1, 2, "k"), (3, 4, "l"), (4, 4, "k"), (12, 12, "k")]
    assert view.patched([Patch(0, 1, "AAA", "m")]).changes()[:2] == [(0, 3, "m"), (3, 4, "k")]


def test_nothing_clear_in_a_repr() -> None:
    patch = Patch(0, 1, "secret", "percent")
    assert "secret" not in repr(patch) + repr(View("secret!").patched([patch]))


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_ascii_is_not_folded(text: str) -> None:
    view = View(text)
    assert fold(view) is view


@given(st.text())
def test_folding_any_string_keeps_its_way_back(text: str) -> None:
    view = fold(View(text))
    places = [view.origin(i, i + 1) for i in range(len(view.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


@given(st.text())
def test_folding_twice_changes_no_letters_of_ascii(text: str) -> None:
    once = fold(View(text)).text
    again = fold(View(once)).text
    assert [c for c in once if "!" <= c <= "~"] == [
        c for c in again if c in once and "!" <= c <= "~"
    ][: len([c for c in once if "!" <= c <= "~"])]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("s\u200ba\u00adr\u2060a\ufe0fh", "sarah"),
        ("\u202asa\u200erah\u2069", "sarah"),
        ("s\U000e0061arah", "sarah"),
        ("s\u0336a\u0336r\u0336", "sar"),
        ("4\u03011 \u03231", "41 1"),
        ("4\ufe0f\u20e31\ufe0f\u20e3", "41"),
        ("Ｓａｒａｈ ４１１", "Sarah 411"),
        ("𝐒𝐚𝐫𝐚𝐡 𝟒𝟏 𝓈𝒶𝓇", "Sarah 41 sar"),
        ("Ⓢⓐⓡⓐⓗ ④①⓪ ❶", "Sarah 410 1"),
        ("🅂🄰🅁🅰🅗", "SARAH"),
        ("٤١ ४१ ၄၁", "41 41 41"),
        ("sаrаh Јоhnѕоn", "sarah Johnson"),
        ("sαrαh@εxample", "sarah@example"),
        ("sᴀʀᴀʜ", "sarah"),
        ("4111–1111—1111−1111", "4111-1111-1111-1111"),
        ("4111\u20091111\u202f1111", "4111 1111 1111"),
        ("sarah＠example．com", "sarah@example.com"),
        ("DЕ89, ВЕ68", "DE89, BE68"),
        ("cafe\u0301 in Mu\u0308nchen", "café in München"),
    ],
)
def test_disguises_are_folded(text: str, plain: str) -> None:
    assert fold(View(text)).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "Die Größe der Straße, schön und groß",
        "“quoted” – it’s … 5 € ™ ©",
        "Сара Иванова живёт в Москве",
        "Αυτό είναι ένα κείμενο",
        "می‌خواهم بروم",
        "क्‍ष यह हिन्दी है",
        "你好，世界（真的）！",
        "スーパーの前で",
        "👨‍👩‍👧 ❤️ 👍🏽",
        "3D-принтер и IT-отдел",
        "½ cup, 5 ½ hours",
        "Nguyễn Thị Ánh, Łukasz, Ærø, İzmir",
    ],
)
def test_ordinary_writing_is_left(text: str) -> None:
    assert fold(View(text)).text == text


def test_the_table_of_look_alikes_is_sound() -> None:
    for table in (LETTERS, NEARLY):
        for character, plain in table.items():
            assert len(character) == 1
            assert character > "\x7f"
            assert plain.isascii()
            assert plain.isalpha()
            assert unicodedata.category(character)[0] == "L"
    assert all(len(c) == 1 and plain.isdigit() for c, plain in DIGITS.items())
