"""Values under a heading: found however far from it, and nothing else of the table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.rules import rules
from llm_guard_protecto.detect.tables import telling, unrolled
from tests.marked import mark, unmark

FOUND = [
    "name,ssn,phone\n" + "x,⟦US_SSN:219099999⟧,⟦PHONE_NUMBER:5551234567⟧\n" * 30,
    "id;dob;amount\n" + "1;⟦DATE_OF_BIRTH:1980-02-03⟧;219099999\n" * 5,
    "| Name | SSN | Passport |\n|---|:-:|---|\n"
    + "| Ann | ⟦US_SSN:219099999⟧ | ⟦PASSPORT_NUMBER:X1234567⟧ |\n" * 5,
    "id\tmrn\tlogin\tage\n" + "1\t⟦MRN:00482991⟧\t⟦USER_NAME:jdoe⟧\t⟦AGE:45⟧\n" * 9,
    '"Card Number","Nationality"\r\n'
    + '"⟦CREDIT_CARD:584500001238⟧","⟦NATIONALITY:Dutch⟧"\r\n' * 4,
    'note,"account number"\n' + '"a, ""b""","⟦ACC_NO:876543210⟧"\n' * 4,
    "here it is:\n\nphoneNumber,zip\n"
    + "⟦PHONE_NUMBER:5551234567⟧,⟦ADDRESS:12345⟧\n" * 4
    + "\nthanks",
    "name, ssn\n" + "Ann Lee, ⟦US_SSN:219099999⟧\n" * 3,
    "password,n\n" + "⟦PASSWORD:swordfish⟧,1\n" * 3,
    "SSN " + "." * 60 + ": ⟦US_SSN:219099999⟧",
    "Passport no " + "_" * 60 + " ⟦PASSPORT_NUMBER:X1234567⟧",
    '{"ssn": "⟦US_SSN:219099999⟧", "phone": ⟦PHONE_NUMBER:5551234567⟧}',
    "patient:\n  ssn: ⟦US_SSN:219099999⟧\n  mrn: ⟦MRN:00482991⟧",
    "<ssn>⟦US_SSN:219099999⟧</ssn><td>SSN</td><td>⟦US_SSN:219099999⟧</td>",
]

NOT_FOUND = [
    "code,size,price\n" + "219099999,5551234567,12\n" * 5,
    "one, two\nthree, four\n219099999, five",
    "name,total\n" + "x,219099999\n" * 3,
    "I, user, name\nsay hello, world, now\n",
    "Dear team,\nplease call Tom, thanks\nfor all that you have done for us until now, 12345678\n",
    "f(self, user, passwd,\n  host, port, dirs,\n",
    "ssn,phone\n\n\nsum,219099999",
]


@pytest.mark.parametrize("marked", FOUND, ids=lambda value: value[:30])
def test_a_heading_supports_what_stands_under_it(marked: str) -> None:
    text, _ = unmark(marked)
    assert mark(text, rules().scan(text)) == marked


@pytest.mark.parametrize("text", NOT_FOUND, ids=lambda value: value[:30])
def test_other_columns_are_left_alone(text: str) -> None:
    assert mark(text, rules().scan(text)) == text


_WORDS = telling(["ssn", "phone number"])
_CELL = st.text(st.sampled_from('ab1 é漢"\ud800'), max_size=6)
_TEXT = st.lists(
    st.lists(_CELL | st.sampled_from(["ssn", "phone_number"]), min_size=1, max_size=4), max_size=5
)


@given(rows=_TEXT, mark=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n"]))
def test_every_place_is_where_the_value_stands(rows: list[list[str]], mark: str, end: str) -> None:
    text = end.join(mark.join(row) for row in rows)
    table = unrolled(text, _WORDS)
    if table is None:
        return
    for start, last, origins in table.values:
        assert origins
        for place in table.places(start, last):
            assert text[place[0] : place[1]] == table.text[start:last]
    for start, _, _ in table.values:
        assert list(table.places(start - 1, start)) == []  # a part of a heading


def test_a_mark_in_the_quotes_of_a_heading_is_no_border() -> None:
    text = '"Name, first",ssn\n"Moss, Ada",219099999\n"Bell, Tom",536904399\n'
    table = unrolled(text, _WORDS)
    assert table is not None
    places = [place for _, _, origins in table.values for place in origins]
    assert [text[place : place + 9] for place in places] == ["219099999", "536904399"]


def test_the_second_text_is_no_longer_than_the_cells_allow() -> None:
    row = "219099999," * 9 + "1\n"
    table = unrolled("ssn," * 9 + "x\n" + row * 1000, _WORDS)
    assert table is not None
    assert len(table.values) == 1
    assert len(table.values[0][2]) == 9000
