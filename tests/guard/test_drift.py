"""Bent tokens come back, form by form, and never as somebody else's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked
from tests.guard.drift import FORMS, PROMISED, Form, Token
from tests.guard.material import in_pieces, mask, run
from tests.guard.neighbours import Crowd, crowd, near, trials, wrong

NOT_TOLD = {"initials"}
"""Forms that are left as they are on purpose: docs/bent-tokens.md says why."""


@pytest.fixture(scope="module")
def people() -> Crowd:
    return crowd(50, random.Random(4), close=False)


@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
def test_a_form_comes_back(form: Form, people: Crowd) -> None:
    tried = 0
    for token, value in people.people:
        bent = form.bend(token)
        if bent is None:
            continue
        tried += 1
        sent = f"Dear {bent}" + ("" if form.stays else ", hello.")
        got = restore(sent, people.tokens)
        if form.name in NOT_TOLD:
            assert got != f"Dear {form.want(value)}, hello."
        else:
            assert got == (sent if form.stays else f"Dear {form.want(value)}, hello.")
    assert tried >= 10


def test_nothing_promised_is_left_out() -> None:
    assert len(FORMS) >= 25
    assert not [form for form in FORMS if form.group in PROMISED and form.name in NOT_TOLD]


@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
@pytest.mark.parametrize("around", [("Dear ", ", hi"), ("x\n(", ")"), ("<PER>", " {{ ")])
def test_a_cut_changes_nothing(form: Form, around: tuple[str, str], people: Crowd) -> None:
    bent = next(b for token, _ in people.people if (b := form.bend(token)) is not None)
    text = around[0] + bent + around[1]
    whole = restore(text, people.tokens)
    assert in_pieces(list(text), people.tokens) == whole
    for n in range(len(text)):
        assert in_pieces([text[:n], text[n:]], people.tokens) == whole


def test_nobody_is_mistaken_for_a_neighbour() -> None:
    chance = random.Random(6)
    assert wrong(crowd(40, chance), crowd(40, chance), 2400, chance) == []


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32))
def test_a_reply_full_of_neighbours_names_nobody_wrong(seed: int) -> None:
    chance = random.Random(seed)
    assert wrong(crowd(10, chance), crowd(10, chance), 16, chance) == []


def test_the_trials_would_show_a_guess() -> None:
    """A restorer that guesses would be seen: near tokens, and a person who is not meant."""
    chance = random.Random(8)
    here, there = crowd(40, chance), crowd(40, chance)
    drawn = [trials(here, there, chance) for _ in range(400)]
    assert sum(not trial.allowed for trial in drawn) > 100
    assert sum(len(trial.allowed) == 1 for trial in drawn) > 100
    assert all(near(word, chance) != "" for word in here.owner)


PAIR = mask(
    "Ann Lee and Bea Fox", ("Ann Lee", "x7Kwp T4sdd", "PER"), ("Bea Fox", "x7Kwq R9ghh", "PER")
)
MAP = TokenMap.of([PAIR])


@pytest.mark.parametrize(
    ("text", "want"),
    [
        # Under another name a wrapper counts only around our runs, closed, and alone.
        ("<Persona>x7Kwp T4sdd</Persona>", "Ann Lee"),
        ("<人名>x7Kwp T4sdd</人名>", "Ann Lee"),
        ("[NOM]x7Kwp[/NOM] parle", "Ann parle"),
        ("<person><PER>x7Kwp T4sdd</PER></person>", "<person>Ann Lee</person>"),
        ("<person>x7Kwp T4sdd is here", "<person>Ann Lee is here"),
        ("the client (person) x7Kwp said", "the client (person) Ann said"),
        ("<b>x7Kwp T4sdd</b>", "<b>Ann Lee</b>"),
        ("<person>Bo Ray</person>", "<person>Bo Ray</person>"),
        ("<person>x7Kwp Z8qqq</person>", "<person>Ann Z8qqq</person>"),
        # Brackets around a wrapper in brackets are text.
        ("(see (PER)x7Kwp T4sdd(/PER))", "(see Ann Lee)"),
        ("((PER)x7Kwp T4sdd(/PER))", "(Ann Lee)"),
        ("{{PER}}x7Kwp T4sdd{{/PER}}", "Ann Lee"),
        # Two tokens, the first not closed.
        ("<PER>x7Kwp<PER>x7Kwq</PER>", "AnnBea"),
        ("<PER>x7Kwp<PER>, <PER>x7Kwq<PER>", "Ann, Bea"),
        ("a list<PER>x7Kwp", "a listAnn"),
        ("SUPER>x7Kwp", "SUPER>Ann"),
        ("<PER>x7Kwp T4sdd</PE", "Ann Lee"),
        ("<PER>x7Kwp T4sdd<", "Ann Lee"),
        ("<PER>x7Kwp T4sdd (", "Ann Lee ("),
        # Nearly a token is none.
        ("<PER>x7Kwr T4sdd</PER>", "<PER>x7Kwr T4sdd</PER>"),
        ("<PER>x7Kw</PER>", "<PER>x7Kw</PER>"),
        ("<PER>A. L.</PER>", "<PER>A. L.</PER>"),
        ("<PER>1</PER>, <PER>Ann</PER>", "<PER>1</PER>, <PER>Ann</PER>"),
    ],
)
def test_where_the_line_is(text: str, want: str) -> None:
    assert restore(text, MAP) == want
    assert in_pieces(list(text), MAP) == want


def test_a_name_the_user_wrote_is_the_users() -> None:
    """Where clear text has `<person>` in it, only our own wrapper is ever taken off."""
    asked = Masked("Answer in <person> tags.", "Answer in <person> tags.")
    text = "<person>x7Kwp T4sdd</person>"
    assert restore(text, TokenMap.of([PAIR])) == "Ann Lee"
    for tokens in (
        TokenMap.of([PAIR, asked]),
        TokenMap.of([asked]).with_([PAIR]),
        MAP.with_([asked]),
    ):
        assert restore(text, tokens) == "<person>Ann Lee</person>"
        assert restore("<per>x7Kwp T4sdd</per>", tokens) == "Ann Lee"


def test_two_people_who_differ_in_case_are_told_by_case_only() -> None:
    tokens = TokenMap.of([mask("Ann and Bea", ("Ann", "x7Kwp", "PER"), ("Bea", "X7kwp", "PER"))])
    assert restore("<PER>x7Kwp</PER>, <PER>X7kwp</PER>", tokens) == "Ann, Bea"
    assert restore("<PER>x7kwp</PER>, X7KWP", tokens) == "<PER>x7kwp</PER>, X7KWP"


def test_what_could_be_two_people_stays() -> None:
    """A cut token that looks like another's in other case, and a plural that does."""
    masked = mask(
        "Ann, Bea, Cas, Dan",
        ("Ann", "CH5Pjd8hWw", "PER"),
        ("Bea", "CH5Pjd8hw", "PER"),
        ("Cas", "64769d8v", "PER"),
        ("Dan", "64769d8vS", "PER"),
    )
    tokens = TokenMap.of([masked])
    for text in ("<PER>CH5Pjd8hW", "CH5Pjd8hW", "the 64769d8vs' house", "both 64769d8vs"):
        assert in_pieces(list(text), tokens) == restore(text, tokens) == text
    assert restore("<PER>CH5Pjd8hW</PER>. CH5Pjd8hW.", tokens) == "Bea. Bea."
    assert restore("64769d8v's and 64769d8vS", tokens) == "Cas's and Dan"


PIECES = [
    *(
        "<PERSON>",
        "</PERSON>",
        "<person",
        "[Nom]",
        "[/Nom]",
        "PER>",
        "</PER",
        "{{PER}}",
        "{{/PER}}",
    ),
    *(
        "((PER)",
        "(/PER))",
        "<PER/>",
        '<PER class="x">',
        "<PER a=",
        "&amp;lt;PER&amp;gt;",
        "&amp;lt;/",
    ),
    *(
        "<PER>",
        "</PER>",
        "x7Kwp",
        "T4sdd",
        "x7Kwq",
        "x7",
        "Kwp",
        "\n  ",
        "\r\n",
        "x７Kwp",
        "「PER」",
    ),
    *(
        "「/PER」",
        "<PER",
        "</P",
        " ",
        ", ",
        "and",
        "Ms. ",
        "s",
        "**",
        "<b>",
        "x7Kwpq",
        "(",
        ")",
        ">",
    ),
]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join), st.integers(0, 99))
def test_no_cut_of_any_mixture_changes_it(text: str, at: int) -> None:
    whole = restore(text, MAP)
    assert in_pieces(list(text), MAP) == whole
    assert in_pieces([text[:at], text[at:]], MAP) == whole


def test_what_a_wrapper_was_escaped_with_escapes_the_value_too() -> None:
    value = 'A&B <"x">'
    tokens = TokenMap.of([mask(value, (value, "x7Kwp", "ORG"))])
    twice = "&amp;lt;ORG&amp;gt;x7Kwp&amp;lt;/ORG&amp;gt;"
    assert restore(twice, tokens) == 'A&amp;amp;B &amp;lt;"x"&amp;gt;'
    json_twice = "\\\\u003cORG\\\\u003ex7Kwp\\\\u003c/ORG\\\\u003e"
    assert restore(json_twice, tokens) == 'A&B <\\\\\\"x\\\\\\">'


def test_a_token_of_one_word_bends_as_well() -> None:
    chance = random.Random(9)
    for _ in range(20):
        word = run(chance)
        tokens = TokenMap.of([mask("Bo", ("Bo", word, "PER"))])
        for form in FORMS:
            bent = form.bend(Token("<PER>", (word,), "</PER>"))
            if bent is None or form.group not in PROMISED:
                continue
            assert restore(bent, tokens) == form.want(Token("", ("Bo",), "")), (form.name, bent)
