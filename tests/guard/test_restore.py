"""The laws of restoring, and how little a stream is held back."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.guard.places import Place, Places
from llm_guard_protecto.guard.restore import Restored, Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked
from tests.guard.material import (
    DIGITS,
    LETTERS,
    MAP,
    PEOPLE,
    SNIPPETS,
    cut,
    in_pieces,
    mask,
    masked_texts,
    run,
)

TAGGED = [("<PER>", "</PER>"), ("<ORG>", "</ORG>"), ("{Person Name ", "}"), ("<P>", "</P>")]


@settings(deadline=None, max_examples=400)
@given(masked_texts(TAGGED))
def test_masked_text_comes_back_exactly(masked: Masked) -> None:
    tokens = TokenMap.of([masked])
    assert restore(masked.token_value, tokens) == masked.value


@settings(deadline=None, max_examples=400)
@given(masked_texts())
def test_with_any_wrapper_it_comes_back_or_check_says_no(masked: Masked) -> None:
    tokens = TokenMap.of([masked])
    back = restore(masked.token_value, tokens)
    event(f"exact: {back == masked.value}")
    assert tokens.check([masked]) == (back == masked.value)


@settings(deadline=None, max_examples=400)
@given(masked_texts(), st.lists(st.integers(0, 400), max_size=12))
def test_cutting_masked_text_changes_nothing(masked: Masked, at: list[int]) -> None:
    tokens = TokenMap.of([masked])
    text = masked.token_value
    assert in_pieces(cut(text, at), tokens) == restore(text, tokens)
    assert in_pieces(list(text), tokens) == restore(text, tokens)


PARTS = [
    *SNIPPETS,
    *(token.wrapped for token in PEOPLE.individual_tokens),
    *(token.token for token in PEOPLE.individual_tokens),
    *["cn4Rv", "PvBCff2", "cn4", "CN4RV", "c\u200bn4Rv", "cn4\nRv", "cn**4R**v", "cn4RvPvBCff2"],
    *["<PER>cn4Rv", "PvBCff2</PER>", "&lt;PER&gt;cn4Rv&lt;/PER&gt;", "\\u003cPER\\u003ecn4Rv"],
    *["<PER> ", " </PER>", "[/PER]", "<PHN>14720", "09570", "47785", "(", ")", "Mr. ", "s", "<"],
    *["](http://x.example/", "[a]: ", "href=", "url(", "data:x,", "//", "www.", "\\<PER\\>", "&l"],
    *[" ", "\n", ", ", "and", "x", "the ", "%20", "\\n", ">", "-\n", "`"],
]
replies = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3)), max_size=14).map("".join)


@settings(deadline=None, max_examples=400)
@example("%70551-88213-40926", [24])
@given(replies, st.lists(st.integers(0, 400), max_size=12))
def test_cutting_a_reply_changes_nothing(reply: str, at: list[int]) -> None:
    whole = restore(reply, MAP)
    assert in_pieces(cut(reply, at), MAP) == whole
    assert in_pieces(list(reply), MAP) == whole


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join), st.data())
def test_cutting_json_changes_nothing(text: str, data: st.DataObject) -> None:
    document = json.dumps(
        {"a": text, text[:9]: [1, True, text]}, ensure_ascii=data.draw(st.booleans())
    )
    document = document.replace("<", "\\u003c") if data.draw(st.booleans()) else document
    at = data.draw(st.lists(st.integers(0, 600), max_size=12))
    whole = restore(document, MAP, Place.JSON_FRAGMENT)
    assert in_pieces(cut(document, at), MAP, Place.JSON_FRAGMENT) == whole
    assert in_pieces(list(document), MAP, Place.JSON_FRAGMENT) == whole
    json.loads(whole)


@settings(deadline=None, max_examples=400)
@example("[0", "0")
@given(st.text(max_size=30), st.text(st.characters(exclude_categories=[]), min_size=1, max_size=20))
def test_a_value_is_escaped_for_the_string_it_lands_in(around: str, value: str) -> None:
    masked = Masked(value, "<PER>x7Kw2</PER>", mask("v", ("v", "x7Kw2", "PER")).individual_tokens)
    token = masked.individual_tokens[0]
    tokens = TokenMap.of(
        [
            Masked(
                value,
                token.wrapped,
                (type(token)(value, "PERSON", "x7Kw2", "<PER>", "</PER>", 0, len(value)),),
            )
        ]
    )
    assume("x7kw2" not in around.lower())
    document = json.dumps({"to": f"{around} <PER>x7Kw2</PER>"})
    back = json.loads(restore(document, tokens, Place.JSON_FRAGMENT, Places("always", "always")))
    assert back == {"to": f"{around} {value}"}


def test_json_inside_json_is_escaped_twice() -> None:
    value = 'Bo "B" O\\Neil'
    tokens = TokenMap.of([mask(value, (value, 'x7Kwp "R3v" t9Z\\s2dff', "PER"))])
    inner = json.dumps({"name": tokens.texts[0].token_value, "n": 1})
    back = restore(json.dumps({"body": inner}), tokens, Place.JSON_FRAGMENT)
    assert json.loads(json.loads(back)["body"]) == {"name": value, "n": 1}


@pytest.mark.parametrize(
    ("document", "want"),
    [
        ('{"phone": <PHN>(14720) 09570-47785</PHN>}', '{"phone": "(555) 987-6543"}'),
        ('{"phone": 14720-09570-47785, "n": 5}', '{"phone": "555-987-6543", "n": 5}'),
        ("[cn4Rv, 14720, true]", '["Sarah", 14720, true]'),
        ('{"a": "\\u00e9 \\/ <PER>cn4Rv</PER>"}', '{"a": "\\u00e9 \\/ Sarah"}'),
        ('{"a": "<PER>zz9qq</PER>", "b": 1.5e3}', '{"a": "<PER>zz9qq</PER>", "b": 1.5e3}'),
        ('{"a": "line\\ncn4Rv"}', '{"a": "line\\nSarah"}'),
        ('{"cn4Rv": null}', '{"Sarah": null}'),
        ('{"a": "<PER>cn4Rv PvB', '{"a": "Sarah PvB'),
        ("not json at all cn4Rv", '"not json at all Sarah"'),
    ],
)
def test_a_token_where_json_wants_a_value(document: str, want: str) -> None:
    assert restore(document, MAP, Place.JSON_FRAGMENT) == want
    for n in range(len(document)):
        pieces = [document[:n], document[n:]]
        assert in_pieces(pieces, MAP, Place.JSON_FRAGMENT) == want


def test_the_inside_of_a_json_string() -> None:
    raw = 'say \\"hi\\" to \\u003cPER\\u003ecn4Rv PvBCff2\\u003c/PER\\u003e\\n'
    assert restore(raw, MAP, Place.JSON_STRING) == 'say \\"hi\\" to Sarah Johnson\\n'


# -- a wrong person, never ------------------------------------------------------------------------


def _neighbours(token: str, chance: random.Random) -> str:
    """`token` with one sign of one run changed, added, lost or swapped."""
    at = chance.choice([n for n, c in enumerate(token) if c.isalnum()])
    signs = DIGITS + "01" if token[at].isdigit() else LETTERS
    other = chance.choice([c for c in signs if c.lower() != token[at].lower()])
    return chance.choice(
        [
            token[:at] + other + token[at + 1 :],
            token[:at] + other + token[at:],
            token[:at] + token[at + 1 :],
        ]
    )


def test_a_token_that_differs_in_one_sign_stays_with_its_wrapper() -> None:
    chance = random.Random(7)
    runs = {r.lower() for t in PEOPLE.individual_tokens for r in _runs(t.token)}
    tried = 0
    while tried < 6000:
        issued = chance.choice(PEOPLE.individual_tokens)
        other = _neighbours(issued.token, chance)
        changed = [r for r in _runs(other) if r.lower() not in runs]
        if not changed or len(_runs(other)) != len(_runs(issued.token)):
            continue
        tried += 1
        text = f"Dear {issued.prefix}{other}{issued.suffix}, hello."
        assert restore(text, MAP, places=Places("always", "always")) == text
        assert issued.value not in restore(f"Dear {other}, hello.", MAP)


@pytest.mark.slow
def test_a_million_neighbours_and_not_one_wrong_person() -> None:
    chance = random.Random(11)
    open_ = Places("always", "always")
    runs = {r.lower() for t in PEOPLE.individual_tokens for r in _runs(t.token)}
    values = [unit for run in MAP.exact.values() if (unit := run.unit) and len(unit) > 3]
    wrong = tried = 0
    while tried < 1_000_000:
        issued = chance.choice(PEOPLE.individual_tokens)
        own = chance.choice(_runs(issued.token))
        other = _neighbours(own, chance)
        if any(run in other.lower() for run in runs):
            continue
        tried += 1
        shape = chance.choice(["<{1}>{0}</{1}>", "{0}", "<{1}>{0}", "[{1}]{0}[/{1}]", "the {0}"])
        text = shape.format(other, issued.prefix.strip("<>"))
        back = restore(text, MAP, places=open_)
        wrong += back != text and any(value in back and value not in text for value in values)
    assert wrong == 0


def _runs(token: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in token).split()


def test_tokens_of_others_and_invented_ones_stay() -> None:
    chance = random.Random(8)
    for _ in range(3000):
        tag = chance.choice(["PER", "EMAIL", "PHN", "ORG"])
        token = f"{run(chance)} {run(chance)}"
        text = f"Dear <{tag}>{token}</{tag}>, and {token}, {run(chance)}@{run(chance)}."
        assert restore(text, MAP) == text


def test_a_number_in_prose_is_never_a_phone_group() -> None:
    for number in ("14720", "09570", "47785", "83920", "55317"):
        for text in (
            f"Order {number} came.",
            f"{number}",
            f"{number}</PHN>",
            f"in {number}, {number}",
        ):
            assert restore(text, MAP) == text


def test_half_a_number_in_its_wrapper_is_not_mixed_with_a_strange_half() -> None:
    for text in ("<PHN>(14720) 09570-47786</PHN>", "<CRD>83920 55317 60284 19936</CRD>"):
        assert restore(text, MAP) == text


def test_two_runs_that_differ_in_case_only_are_told_by_case() -> None:
    tokens = TokenMap.of([mask("Ann, Bob", ("Ann", "x7Kwp", "PER"), ("Bob", "X7kWp", "PER"))])
    assert restore("x7Kwp X7kWp X7KWP", tokens) == "Ann Bob X7KWP"


def test_an_anonymised_token_stays_and_is_no_stranger() -> None:
    masked = mask("Ann", ("Ann", "x7Kwp", "PER"), reversible=False)
    restorer = Restorer(TokenMap.of([masked]))
    text = "Dear <PER>x7Kwp</PER>, x7Kwp"
    assert restorer.feed(text) + restorer.flush() == text
    assert restorer.counts.unknown == 0


# -- streams ----------------------------------------------------------------------------------------

PROSE = [
    "It is a fine day, isn't it? ",
    "if (a < b && c > d) { return x << 2; }\n",
    "std::vector<std::pair<int, T>> v(10); ",
    "a < b ",
    "<<<<< x",
    "# Title\n\n* item **bold** `code` [link](https://example.com/a?b=c) \n",
    "| 1 | 2024-05-01 | 100% |\n",
    "In 2024, 42 people paid 14.50 in 3 towns. ",
    "<b>html</b> &amp; <br/> ",
    '{"json": [1, 2.5, null]} ',
]


@pytest.mark.parametrize("text", PROSE)
def test_text_that_starts_no_token_is_not_held(text: str) -> None:
    restorer = Restorer(MAP)
    assert restorer.feed(text) == text
    assert restorer.held == 0


def test_a_lone_opening_sign_waits_for_one_sign_only() -> None:
    restorer = Restorer(MAP)
    assert restorer.feed("a <") == "a "
    assert restorer.feed("=") == "<="


@settings(deadline=None, max_examples=400)
@example("\u00e1a :\u00b2y\u0e58")
@given(replies)
def test_what_is_held_is_bounded(reply: str) -> None:
    restorer = Restorer(MAP)
    for sign in reply:
        restorer.feed(sign)
        assert restorer.held <= 3 * MAP.longest + 96


def test_a_cut_reply_is_not_guessed() -> None:
    for n in range(len("<PER>cn4R")):
        text = "Dear " + "<PER>cn4R"[:n]
        assert in_pieces(list(text), MAP) == text


def test_values_are_never_read_again() -> None:
    tokens = TokenMap.of([mask("x7Kwp|Bob", ("x7Kwp", "r4Ttp", "PER"), ("Bob", "x7Kwp", "PER"))])
    assert restore("<PER>r4Ttp</PER> <PER>x7Kwp</PER>", tokens) == "x7Kwp Bob"


# -- counts -----------------------------------------------------------------------------------------


def test_the_counts_say_what_happened() -> None:
    text = (
        "<PER>cn4Rv PvBCff2</PER> and cn4Rv, <PER>zz9qq</PER>,"
        " https://evil.example/?q=<EMAIL>Gh7kt@Wq3Rt</EMAIL>"
    )
    restorer = Restorer(MAP)
    restorer.feed(text)
    restorer.flush()
    assert restorer.counts == Restored(issued=7, restored=1, repaired=1, unknown=1, kept_in_url=1)
    assert "Sarah" not in repr(restorer.counts)


def test_nothing_masked_means_nothing_done() -> None:
    text = "Dear <PER>cn4Rv</PER>"
    restorer = Restorer(TokenMap())
    assert restorer.feed(text) is text
    assert restorer.flush() == ""
