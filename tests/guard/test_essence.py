"""What is kept of a text restores as the whole text does, and the rest is gone."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.guard.essence import Essences, essence
from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked, rebuild
from tests.clients.tiny_vault import TinyVault

TEXTS = [
    (
        "Dear Sarah Johnson, we have looked into your complaint about the delivery of 3 March. The parcel "
        "was handed over at 456 Elm Avenue, Boston, and signed for by John Doe. Please call us on (555) "
        "987-6543, or write to service@shop.example, if anything is still missing. With kind regards."
    ),
    (
        "The patient, Olga Brandt, presented with chest pain after running. No allergies are known. "
        "She takes aspirin in the morning; her sister Ines Almeida can be reached at any time."
    ),
    "Sehr geehrte Frau Brandt, Ihre Karte 4111 1111 1111 1111 wurde gesperrt. Bitte antworten Sie.",
]
VAULT = TinyVault("Sarah Jönsson", "Olga Brandt", "elm@brandt.example")


def kept(text: str) -> str:
    return "".join(one.value for one in essence(VAULT.mask([text])))


def test_ordinary_words_go_and_tokens_stay() -> None:
    [one] = essence(
        VAULT.mask(["My patient Sarah Jönsson has diabetes, isn't well-read; ask Olga Brandt."])
    )
    assert one.value == " Sarah Jönsson well-read; ask Olga Brandt."
    assert one.token_value == rebuild(one.value, one.individual_tokens)
    assert [t.value for t in one.individual_tokens] == ["Sarah Jönsson", "Olga Brandt"]


@pytest.mark.parametrize(
    "text",
    ["", " \n ", "Only ordinary words, in three sentences. Isn't it? It's!", "Обычные слова"],
)
def test_a_text_without_anything_to_keep_is_left_out(text: str) -> None:
    assert essence(VAULT.mask([text])) == ()


@pytest.mark.parametrize(
    "text",
    [
        "kq7vn",
        "Kq7Vn",
        "bcdfg",
        "BcDfgH",
        "7",
        "<PER>",
        "</ per >",
        "[nombre]",
        "{Person Name x}",
        "&lt;PER&gt;",
        "https://shop.example/a?b=c",
        "a@b.example",
        "ｋｑ７ｖｎ",
        "sn\u200bfx",
    ],
)
def test_what_could_be_taken_for_a_token_or_a_wrapper_stays(text: str) -> None:
    assert text in kept(f"the words {text} around")


def test_what_touches_a_token_stays() -> None:
    text = "see http://x.example/Sarah Jönsson/more and [docs](all about Olga Brandt) anyway"
    [one] = essence(VAULT.mask([text]))
    assert "http://x.example/Sarah Jönsson/more" in one.value
    assert "[docs](all about Olga Brandt)" in one.value


PIECES = st.lists(
    st.sampled_from(
        [
            "Sarah Jönsson",
            "Olga Brandt",
            "elm@brandt.example",
            "and the",
            "Sehr geehrte",
            "слова",
            "kq7vn",
            "<PER>",
            "PER>",
            "[persona",
            "(name)",
            "; persona",
            "https://x.example/",
            "](",
            "src=",
            "\n",
            "\n\n",
            " ",
            "7",
            "“",
            ".",
            "&lt;PER&gt;",
        ]
    )
    | st.text(max_size=4),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES.map("".join), max_size=3), st.lists(PIECES, max_size=3), st.booleans())
def test_every_reply_is_restored_as_from_the_whole_texts(
    texts: list[str], said: list[list[str]], bare: bool
) -> None:
    masked = VAULT.mask(texts)
    whole, short = TokenMap.of(masked), TokenMap.of(essence(masked))
    assert short.wrappers_in_originals == whole.wrappers_in_originals
    assert short.names_in_originals == whole.names_in_originals
    assert short.links == whole.links
    assert short.forms.keys() == whole.forms.keys()
    for pieces in said:
        reply = "".join(one.token_value for one in VAULT.mask(pieces))
        if bare:
            reply = reply.replace("<PER>", "")
        assert restore(reply, short) == restore(reply, whole)


def test_real_texts_are_restored_and_mostly_gone() -> None:
    with LocalVault("memory:", environ={}) as vault:
        masked = vault.mask(TEXTS)
    short = essence(masked)
    tokens = TokenMap.of(short)
    assert all(restore(one.token_value, tokens) == one.value for one in masked)
    before = sum(len(one.value) for one in masked)
    values = sum(len(t.value) for one in masked for t in one.individual_tokens)
    assert sum(len(one.value) for one in short) - values < (before - values) / 2


def test_the_same_text_has_the_same_essence() -> None:
    """So that a vault stores it once, and a map of it is found again."""
    of = Essences()
    one, two = VAULT.mask(["of Sarah Jönsson"]), VAULT.mask(["of Sarah Jönsson"])
    assert of(one)[0] is of(two)[0]
    assert of(one) == essence(one)
    assert isinstance(of(one)[0], Masked)


def test_what_is_remembered_goes_with_its_guard() -> None:
    """Nothing of it is the process's: another guard's is another object."""
    masked = VAULT.mask(["of Sarah Jönsson, once"])
    of, other = Essences(), Essences()
    assert of(masked)[0] is of(masked)[0]
    assert of(masked)[0] is not other(masked)[0]
    gone = weakref.ref(of)
    del of
    gc.collect()
    assert gone() is None
