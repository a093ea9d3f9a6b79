"""The spellings of a question: pure, so what the vault holds and finds is said here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.engine.questions import as_asked, spelled
from llm_guard_protecto.engine.tokenise import UnitKey
from llm_guard_protecto.models import IndividualToken, Masked, Span
from llm_guard_protecto.policy import Policy

RULES = Policy.built_in()
HELD = {"Thomas", "Okafor", "What", "Grace", "t.okafor", "mail.example"}


def holds(keys: Iterable[UnitKey]) -> set[UnitKey]:
    return {key for key in keys if key.unit in HELD}


def finder(**entities: str) -> object:
    """Finds these words, as they are written, each as its entity."""

    def find(text: str) -> Sequence[Span]:
        return [
            Span(found.start(), found.end(), entity)
            for pattern, entity in entities.items()
            for found in re.finditer(pattern, text)
        ]

    return find


def spelling(question: str, **entities: str) -> tuple[str, dict[str, str]]:
    made = spelled(question, RULES, finder(**entities), holds)  # type: ignore[arg-type]
    return made.text, dict(made.known)


def test_what_is_found_is_spelled_as_it_is_held() -> None:
    assert spelling("ask okafor", okafor="PERSON") == ("ask Okafor", {})
    assert spelling("ask OKAFOR", OKAFOR="PERSON") == ("ask Okafor", {})
    assert spelling("ask moss", moss="PERSON") == ("ask moss", {})


def test_an_address_is_spelled_in_lower_case() -> None:
    find = {r"T\.Okafor@Mail\.example": "EMAIL_ADDRESS"}
    assert spelling("to T.Okafor@Mail.example", **find) == ("to t.okafor@mail.example", {})


def test_a_held_word_that_is_written_as_a_name_is_one() -> None:
    assert spelling("the boiler of Okafor") == ("the boiler of Okafor", {"Okafor": "PERSON"})


def test_a_word_in_lower_case_is_one_if_it_reads_like_one() -> None:
    assert spelling("boiler of okafor") == ("boiler of okafor", {})
    assert spelling("boiler of okafor", Okafor="PERSON") == (
        "boiler of Okafor",
        {"Okafor": "PERSON"},
    )


def test_the_first_word_of_a_question_has_to_read_like_one() -> None:
    assert spelling("What is it? What? And What then") == (
        "What is it? What? And What then",
        {"What": "PERSON"},
    )
    assert spelling("What is it? What?") == ("What is it? What?", {})
    assert spelling("WHAT IS IT, WHAT") == ("WHAT IS IT, WHAT", {})


def test_everyday_words_and_short_ones_are_no_names() -> None:
    assert spelling("the grace of Grace", Grace="PERSON")[1] == {}


def test_a_policy_without_lasting_parts_looks_up_whole_values_only() -> None:
    for rules in (
        Policy.built_in("anonymize"),
        Policy.parse(
            {"name": "own", "extends": "default", "entities": {"PERSON": {"unit": "value"}}}
        ),
    ):
        made = spelled("boiler of Okafor", rules, finder(), holds)  # type: ignore[arg-type]
        assert (made.text, dict(made.known)) == ("boiler of Okafor", {})


@given(st.text(alphabet="aOkß fİıorOKAFOR'.@-", max_size=40))
def test_a_spelling_is_as_long_as_its_question(question: str) -> None:
    text, _ = spelling(question, okafor="PERSON", OKAFOR="PERSON")
    assert len(text) == len(question)
    assert text.casefold() == question.casefold()


def test_the_answer_is_for_the_question_as_it_was_asked() -> None:
    token = IndividualToken("Okafor", "PERSON", "x7Kp2", "<PER>", "</PER>", 4, 10)
    masked = as_asked("ask okafor", Masked("ask Okafor", "ask <PER>x7Kp2</PER>", (token,)))
    assert (masked.value, masked.token_value) == ("ask okafor", "ask <PER>x7Kp2</PER>")
    assert masked.individual_tokens[0].value == "okafor"
    assert "kafor" not in repr(masked)
