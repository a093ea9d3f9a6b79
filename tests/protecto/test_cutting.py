"""Long texts: where they are cut, and that nobody sees it in the result."""

from __future__ import annotations

import unicodedata

import pytest
import regex  # type: ignore[import-untyped] # tiktoken brings it
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto import Item, VaultError
from llm_guard_protecto.models import rebuild
from llm_guard_protecto.protecto.borders import is_border
from llm_guard_protecto.protecto.codec import plan_mask
from llm_guard_protecto.protecto.cutting import cut
from tests.protecto.conftest import Opens
from tests.protecto.service import Service

WORDS = ["Ada Moss", "wrote", "to", "Øystein", "Brandvold", "(555) 987-6543", "the", "house."]
WORDS += [
    "Mr.",
    "said:",
    "\n\n",
    "\n",
    "<PER>tq 9x</PER>",
    "👩‍👩‍👧‍👦",
    "é̂",
    "🇳🇴🇸🇪",
    "नमस्ते",
    "각",
    "李雷來",
]
PROSE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=120).map(" ".join)
ANY = st.text(st.characters(), min_size=1, max_size=300) | PROSE


@given(text=ANY, size=st.integers(40, 120))
def test_the_pieces_are_the_text(text: str, size: int) -> None:
    pieces = cut(text, size)
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.start for piece in pieces] == [
        sum(len(one.text) for one in pieces[:at]) for at in range(len(pieces))
    ]
    for piece in pieces:
        assert piece.sent == bool(piece.text.strip() and not "\ud800" <= piece.text[0] <= "\udfff")


@given(text=PROSE, size=st.integers(40, 120))
def test_no_piece_is_too_long(text: str, size: int) -> None:
    assert all(len(piece.text) <= size for piece in cut(text, size))


@given(text=ANY, size=st.integers(40, 120))
def test_no_cut_is_inside_a_grapheme(text: str, size: int) -> None:
    inside = set(range(len(text)))
    inside -= {match.start() for match in regex.finditer(r"\X", text)}
    for piece in cut(text, size):
        lone = "\ud800" <= text[piece.start] <= "\udfff"
        after_lone = piece.start and "\ud800" <= text[piece.start - 1] <= "\udfff"
        assert lone or after_lone or piece.start not in inside


def test_every_character_of_this_python_clings_as_unicode_says() -> None:
    for char in map(chr, (*range(0x3400), *range(0x3400, 0xA000, 97), *range(0xA000, 0x20000))):
        if unicodedata.category(char) not in ("Cs", "Co", "Cn"):
            for pair in (f"a{char}", f"{char}a", f"{char}क", f"한{char}", f"{char}{char}"):
                if len(pair) == 2 and is_border(pair, 1):
                    assert len(regex.findall(r"\X", pair)) == 2, ascii(pair)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a" * 30 + ". " + "b" * 30, ["a" * 30 + ". ", "b" * 30]),
        ("we have seen the house. and " + "x" * 30, ["we have seen the house. ", "..."]),
        (
            "one two three four five\n\nsix. seven eight nine",
            ["one two three four five\n\n", "..."],
        ),
        ("one two three four five\nsix Seven Eight Nine ten", ["one two three four five\n", "..."]),
        ("we met somebody there and Ada Moss of Elmtown", ["we met somebody there ", "..."]),
        ("so when you will call (555) 987-6543 at noon", ["...", "noon"]),
        ("we were yesterday at Dr. Moss of Elm, at noon", ["...", "at noon"]),
        ("x" * 100, ["x" * 40, "x" * 40, "x" * 20]),
    ],
)
def test_cuts_are_where_they_harm_least(text: str, pieces: list[str]) -> None:
    made = [piece.text for piece in cut(text, 40)]
    assert len(made) == len(pieces)
    for one, expected in zip(made, pieces, strict=True):
        assert expected in ("...", one)


def test_a_wrapped_token_stays_whole() -> None:
    text = "words " * 5 + "<PER>abcdefg hijklmnop qrstuv</PER>" + " words" * 5
    assert any("<PER>abcdefg hijklmnop qrstuv</PER>" in piece.text for piece in cut(text, 40))


def test_a_text_of_any_length_is_cut_in_linear_time() -> None:
    """A piece looks at its own stretch only: ten times the text, ten times the pieces."""
    assert len(cut("word " * 100_000, 400)) == pytest.approx(1250, rel=0.05)
    assert len(cut("x" * 500_000, 400)) == 1250


def test_a_message_is_masked_in_one_request_and_put_together(
    service: Service, opens: Opens
) -> None:
    sentence = (
        "Yesterday, when it had rained for hours upon hours, Ada Moss called (555) 987-6543. "
    )
    text = sentence * 20
    [masked] = opens().mask([text])
    assert len(service.requests) == 1
    sent = [item["value"] for item in service.asked()[0]["mask"]]
    assert len(sent) == 5
    assert all(len(one) <= 400 for one in sent)
    assert "".join(sent) == text.rstrip() or "".join(sent) == text
    assert len(masked.individual_tokens) == 40
    for token in masked.individual_tokens:
        assert text[token.start_pos : token.end_pos] == token.value
    assert rebuild(text, masked.individual_tokens) == masked.token_value
    assert opens().unmask([masked.token_value])[0].value == text


@pytest.mark.parametrize("size", [77, 150, 400, None])
def test_what_comes_back_is_the_pieces_masked_one_by_one(opens: Opens, size: int | None) -> None:
    text = ("Ada Moss, who met Øystein Brandvold\n\nat noon. 李雷 (555) 987-6543 \ud800 then " * 9)[
        :590
    ]
    service_limit = opens(size=size, retries=0)
    [masked] = service_limit.mask([text if size else text[:300]])
    pieces = [piece for piece in cut(masked.value, size) if piece.sent]
    alone = iter([opens(size=None).mask([piece.text])[0].token_value for piece in pieces])
    parts = [next(alone) if piece.sent else piece.text for piece in cut(masked.value, size)]
    assert masked.token_value == "".join(parts)


def test_a_piece_that_grew_too_long_is_cut_smaller(service: Service, opens: Opens) -> None:
    """The limit is on the masked form, which dense texts make twice as long as the text."""
    text = "Ada Moss " * 60
    [masked] = opens().mask([text])
    lengths = [max(len(item["value"]) for item in one["mask"]) for one in service.asked()]
    assert len(lengths) > 1
    assert lengths == sorted(lengths, reverse=True)
    assert rebuild(text, masked.individual_tokens) == masked.token_value
    assert "Moss" not in masked.token_value


def test_a_limit_nothing_fits_into_is_an_error(service: Service, opens: Opens) -> None:
    service.limit = 10
    with pytest.raises(VaultError, match="approved limit"):
        opens().mask(["Ada Moss " * 60])
    with pytest.raises(VaultError, match="approved limit"):
        opens(size=None).mask(["Ada Moss " * 2])


def test_the_scores_of_a_text_are_those_of_its_worst_piece(opens: Opens) -> None:
    text = "All is well here. " * 30 + "You idiot."
    [masked] = opens().mask([text])
    assert masked.toxicity_analysis["insult"] == 0.9


def test_nothing_is_cut_that_is_masked_by_name() -> None:
    plan = plan_mask([Item("word " * 200, "Text Token")])
    assert [len(pieces) for pieces in plan.pieces] == [1]
