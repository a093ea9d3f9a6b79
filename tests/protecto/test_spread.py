"""Found once, masked everywhere: the promise of a vault for answers that do not keep it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.models import ExcludedEntity, IndividualToken, Masked, rebuild
from llm_guard_protecto.protecto.spread import spread

NAMES = ("Ada Moss", "Moss", "李雷", "a.b@c.example")
TEXT = st.lists(st.sampled_from([*NAMES, "of", "Mossy", ".", "=", "said"]), max_size=12).map(
    " ".join
)


def answer(text: str, *values: str, excluded: str = "") -> Masked:
    """What a service says that found each of these values once, where it stands first."""
    tokens = [
        IndividualToken(value, "PERSON", f"t{len(value)}", "<P>", "</P>", at, at + len(value))
        for value in values
        if (at := text.find(value)) >= 0
    ]
    left = (
        [ExcludedEntity(excluded, "URL", at, at + len(excluded))]
        if excluded and (at := text.find(excluded)) >= 0
        else []
    )
    return Masked(text, rebuild(text, tokens), tuple(tokens), tuple(left))


@given(first=TEXT, second=TEXT, name=st.sampled_from(["Ada Moss", "a.b@c.example"]))
def test_no_whole_occurrence_is_left(first: str, second: str, name: str) -> None:
    texts = spread([answer(first, name), answer(second)])
    for text, before in zip(texts, (first, second), strict=True):
        assert text.value == before
        assert rebuild(before, text.individual_tokens) == text.token_value
        if name in first:
            clear = rebuild(before, text.individual_tokens)
            assert name not in clear.replace("Mossy", "")


def test_the_longer_value_wins_and_parts_of_words_stay() -> None:
    texts = [
        answer("Ada Moss and Moss", "Ada Moss"),
        answer("Moss", "Moss"),
        answer("Ada Moss, Mossy"),
    ]
    assert [text.token_value for text in spread(texts)] == [
        "<P>t8</P> and <P>t4</P>",
        "<P>t4</P>",
        "<P>t8</P>, Mossy",
    ]


def test_what_a_policy_leaves_in_clear_stays() -> None:
    texts = [
        answer("Moss", "Moss"),
        answer("https://Moss.example Moss", excluded="https://Moss.example"),
    ]
    assert spread(texts)[1].token_value == "https://Moss.example <P>t4</P>"


def test_short_values_and_nothing_at_all() -> None:
    short = [answer("34", "34"), answer("34 years")]
    assert spread(short) == short
    assert spread([]) == []
