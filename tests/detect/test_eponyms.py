"""Names of things are no names; the same words for a person or a place stay names."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect import eponyms
from llm_guard_protecto.detect.eponyms import named_things, names_only
from llm_guard_protecto.models import Span
from llm_guard_protecto.training.grammar import Marked, mark, unmark

TABLE = Path(eponyms.__file__).with_name("eponyms.txt").read_text(encoding="utf-8")
SECTIONS = [section.split("]\n", 1) for section in TABLE.split("\n[")[1:]]


def spans_of(found: Marked) -> list[Span]:
    return [Span(start, end, entity, 0.9, "tagger") for start, end, entity in found.spans]


def kept(row: str) -> str:
    """A marked text with the marks that are left."""
    found = unmark(row)
    left = names_only(found.text, spans_of(found))
    return mark(Marked(found.text, tuple((span.start, span.end, span.entity) for span in left)))


THINGS = """
Play the ⟦PERSON:Queen⟧'s Gambit
a ⟦LOCATION:Boston⟧ fern in the hall
⟦PERSON:Black-eyed Susan⟧ and ⟦PERSON:Sweet William⟧ along the path
a pot of ⟦PERSON:Earl Grey⟧ and a slice of ⟦PERSON:Victoria⟧ sponge
two ⟦PERSON:Bloody⟧ Marys and a ⟦PERSON:Caesar⟧ salad
⟦PERSON:Mann-Whitney⟧ was significant, ⟦LOCATION:Kruskal–Wallis⟧ was not
⟦PERSON:Camembert⟧ with a glass of ⟦LOCATION:Malbec⟧
⟦PERSON:Adam⟧'s apple
rolls of ⟦ADDRESS:Kodak Portra 400⟧
she has ⟦PERSON:Parkinson⟧'s disease
a history of ⟦PERSON:Sjögren⟧ syndrome
seen for ⟦PERSON:Bell⟧’s palsy
state ⟦PERSON:Ohm⟧'s law
⟦PERSON:Dijkstra⟧'s algorithm in Rust
prove ⟦PERSON:Fermat⟧'s last theorem
⟦PERSON:NEWTON⟧'S LAWS
the ⟦LOCATION:Foley⟧ catheter was flushed
a ⟦PERSON:Smith⟧ fracture of the wrist
an ⟦PERSON:Allen⟧ key and a ⟦PERSON:Phillips⟧ screwdriver
a ⟦PERSON:Stanley⟧ knife
an original ⟦PERSON:Chippendale⟧ chair
the ⟦PERSON:Ryder⟧ Cup
⟦LOCATION:Aberdeen Angus⟧ beef
the ⟦PERSON:Jenkins⟧ pipeline hangs
a ⟦PERSON:Jordan⟧ jacket
⟦PERSON:Levi⟧'s jeans
the Battle of ⟦LOCATION:Hastings⟧ in 1066
our ⟦PERSON:Toyota Camry⟧ rattles
a ⟦PERSON:Chevy Malibu⟧ from 2015
the ⟦PERSON:Kafka⟧ broker dropped a partition
⟦PERSON:Othello⟧ act two, themes of the play
⟦PERSON:Andromeda⟧ through binoculars
set the ⟦LOCATION:Georgia⟧ font in the title
a ⟦PERSON:Jack Russell⟧ puppy
a ⟦PERSON:Tom Collins⟧ cocktail
⟦PERSON:Billie Jean⟧ chords
a ⟦PERSON:Granny Smith⟧ apple
⟦PERSON:Martin Luther King⟧ Day
⟦PERSON:Jacob⟧'s ladder seeds
⟦PERSON:Graves⟧' disease
⟦PERSON:Stokes⟧’ theorem
the ⟦LOCATION:Harris Tweed⟧ jacket
"""

NAMES = """
⟦PERSON:Jack Russell⟧ wrote back
My name is ⟦PERSON:Jack Russell⟧, the dog trainer
⟦PERSON:Jack Russell⟧ walks the dog
Mr ⟦PERSON:Jack Russell⟧ terrier club
dog sitter: ⟦PERSON:Jack Russell⟧ <jack@example.com>
this is ⟦PERSON:Tom Collins⟧, gin buyer
⟦PERSON:Tom Collins⟧ ordered gin
signed by ⟦PERSON:Granny Smith⟧ the apple seller
⟦PERSON:Parkinson⟧ called about the disease
Dr ⟦PERSON:Bell⟧'s palsy clinic
⟦PERSON:Taylor⟧'s law firm
⟦PERSON:Jones⟧'s fracture is healing
⟦PERSON:Jones⟧' fracture is healing
⟦PERSON:Kelly⟧'s bag is on the chair
⟦PERSON:Stanley⟧'s knife cut me
⟦PERSON:Henry Law⟧ called
⟦PERSON:Allen Key⟧ called
⟦PERSON:Mary Rose⟧ called
⟦PERSON:Travis⟧ fixed the pipeline
⟦PERSON:Jenkins⟧ broke the build server
⟦PERSON:Julia⟧ deployed the code
⟦LOCATION:Georgia⟧ is warm in June
we moved to ⟦LOCATION:Georgia⟧, fonts and all
flights to ⟦LOCATION:Boston⟧, fern show on Monday
we drank wine in ⟦LOCATION:Burgundy⟧
a flight from ⟦LOCATION:Dundee⟧ with cake
⟦PERSON:Julia⟧ sings a song
⟦PERSON:Oscar⟧ and ⟦PERSON:Emmy⟧ are twins
⟦PERSON:Robin⟧ said the bird has flown
⟦PERSON:Newton⟧ lives at ⟦ADDRESS:12 Park Place⟧
⟦PERSON:Isaac Newton⟧'s laws
⟦PERSON:Ada Bell⟧'s palsy
⟦ORG:Boston Fern Supplies Ltd⟧
⟦PERSON:Allen⟧'s test results came back
⟦PERSON:Wilson⟧'s knee is swollen
⟦PERSON:Thomas⟧'s cup is broken
⟦PERSON:Grant⟧ plays the guitar
Battle of wits with ⟦PERSON:Hastings⟧
"""


@pytest.mark.parametrize("row", THINGS.strip().split("\n"))
def test_a_thing_is_no_name(row: str) -> None:
    assert kept(row) == unmark(row).text


@pytest.mark.parametrize("row", NAMES.strip().split("\n"))
def test_a_name_stays_a_name(row: str) -> None:
    assert kept(row) == row


def test_a_thing_far_from_the_span_is_not_read_and_harms_nobody() -> None:
    row = "a Boston fern" + " and so on" * 60 + " for ⟦PERSON:Ada Moss⟧ in ⟦LOCATION:Boston⟧"
    assert kept(row) == row


def test_the_same_word_as_a_thing_and_as_a_name() -> None:
    row = "⟦PERSON:Bell⟧'s palsy was named so long before ⟦PERSON:Bell⟧ moved in"
    assert kept(row) == "Bell's palsy was named so long before ⟦PERSON:Bell⟧ moved in"


def test_a_span_that_reaches_over_the_thing_stays() -> None:
    row = "⟦PERSON:Ada Boston⟧ fern"
    assert kept(row) == row


def test_nothing_is_read_without_spans() -> None:
    assert names_only("a Boston fern", []) == []


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("Mann-Whitney, Boston fern", ["Mann-Whitney", "Boston fern"]),
        ("St. John's wort, St John’s wort", ["St. John's wort", "St John’s wort"]),
        ("Kodak Portra 400 rolls", ["Kodak Portra 400"]),
        ("Crepes Suzette / Crêpes Suzette", ["Crepes Suzette", "Crêpes Suzette"]),
        ("BOSTON FERN", ["BOSTON FERN"]),
        ("Boston, fern", []),
        ("Boston. Fern", []),
        ("", []),
    ],
)
def test_where_things_stand(text: str, things: list[str]) -> None:
    assert [text[start:end] for start, end in named_things(text)] == things


SOME = (
    "Bell|'s|'|’s|palsy|Boston|fern|Jack|Russell|dog|Mr|Toyota|Camry|Queen|Gambit|é|\n| |, |@x|400"
)
WORDS = st.sampled_from([*SOME.split("|"), "s", "St. John's wort", "Graves' disease", "\ud800"])


@given(st.lists(WORDS).map(" ".join) | st.lists(WORDS).map("".join) | st.text())
def test_places_are_in_order_and_words_are_whole(text: str) -> None:
    at = 0
    for start, end in named_things(text):
        assert at <= start < end <= len(text)
        assert text[start].isalnum()
        assert text[end - 1].isalnum() or text[end - 1] in "'’"
        at = end


@given(st.lists(WORDS, min_size=1, max_size=400).map(" ".join))
def test_what_goes_lies_inside_a_thing(text: str) -> None:
    """The windows around the spans see what a reading of all the text sees near them."""
    spans = [Span(m.start(), m.end(), "PERSON", 0.9, "tagger") for m in re.finditer(r"\w+", text)]
    things = named_things(text)
    inside = [any(a <= span.start and span.end <= b for a, b in things) for span in spans]
    left = names_only(text, spans)
    assert list(left) == [span for span, gone in zip(spans, inside, strict=True) if not gone]


def test_the_table_is_well_formed() -> None:
    kinds = {"term", "pair", "bare", "after", "near", "beside"}
    count = 0
    for header, body in SECTIONS:
        kind, _, words = header.partition(" ")
        assert kind in kinds
        assert bool(words) == (kind != "term")
        if kind not in {"term", "after"}:
            assert all(re.fullmatch(r"[^\W_]+", word) for word in words.split("|"))
        terms = [term for line in body.strip("\n").split("\n") for term in line.split("|")]
        assert all(term == term.strip() and term for term in terms)
        assert len(terms) == len(set(terms))
        count += len(terms)
    assert count >= 4_000
    assert len(TABLE.encode()) < 150_000


@pytest.mark.parametrize(
    "name", ["Ada Moss", "Jack Russell", "Tom Collins", "Georgia", "Paris", "Julia"]
)
def test_what_is_a_name_by_itself_is_no_thing_by_itself(name: str) -> None:
    assert named_things(name) == []
    assert named_things(f"I told {name} about it.") == []
