"""Marked texts in six languages: consistent, repeatable, titles outside, enough of them empty."""

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.detect.network import ENTITIES
from llm_guard_protecto.training.grammar import Marked, expand, join
from llm_guard_protecto.training.languages import LANGUAGES, everyday, foreign, speak
from llm_guard_protecto.training.sandhi import smooth
from llm_guard_protecto.training.tongues import tongue
from llm_guard_protecto.training.vernacular import Speaker
from tests.training.material import SMALL

SEEDS = st.integers(0, 1 << 30)
TITLES = re.compile(
    r"(Herr|Frau|Dr|Prof|Mme|Madame|Monsieur|Mlle|Sig|Sra?|Dott|Avv|Don|Doña|Dona|mevrouw|meneer"
    r"|dhr|Exm[oa]|Sr\.ª)\b",
    re.IGNORECASE,
)


def consistent(found: Marked) -> None:
    at = 0
    for start, end, entity in found.spans:
        assert at <= start < end <= len(found.text)
        assert entity in ENTITIES
        piece = found.text[start:end]
        assert piece == piece.strip()
        assert piece
        assert not re.search(r"[~^¬{}|]", piece)
        if entity == "PERSON":
            assert not TITLES.match(piece)
        at = end


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_template_can_be_filled(code: str) -> None:
    spoken = tongue(code)

    def one(slot: str) -> list[tuple[str, str | None]]:
        return [("so", None)] if slot in {"say", "tell"} else list(speaker(slot))

    assert len({*spoken.plain, *spoken.named}) >= 150
    for template in (*spoken.plain, *spoken.named):
        for seed in range(3):
            speaker = Speaker(spoken, Random(seed), SMALL)
            found = join(smooth(expand(template, Random(seed), one), code))
            consistent(found)
            if template in spoken.plain:
                assert not found.spans
            assert "^" not in found.text


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_has_every_entity_and_a_third_of_its_texts_have_none(code: str) -> None:
    texts = list(speak(code, 400, Random(5), SMALL))
    seen = Counter(entity for found in texts for *_, entity in found.spans)
    assert min(seen[entity] for entity in ("PERSON", "ORG", "LOCATION", "ADDRESS")) > 40
    assert sum(not found.spans for found in texts) > len(texts) / 3
    assert len({found.text for found in texts}) > 380


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_texts_are_consistent_and_repeatable(seed: int) -> None:
    texts = list(foreign(12, Random(seed), SMALL))
    assert len(texts) == 12
    for found in texts:
        consistent(found)
    assert list(foreign(12, Random(seed), SMALL)) == texts


def _smoothed(code: str, text: str, name: str = "") -> str:
    return "".join(text for text, _ in smooth([(text, None), (name, "ORG")], code))


@pytest.mark.parametrize(
    ("code", "rough", "fine"),
    [
        ("de", "bei dem Arzt", "beim Arzt"),
        ("de", "^zu der Bank", "Zur Bank"),
        ("fr", "de le contrat", "du contrat"),
        ("fr", "le accès de le hôpital", "l'accès de l'hôpital"),
        ("fr", "ce avis est à les voisins", "cet avis est aux voisins"),
        ("es", "de el piso a el taller", "del piso al taller"),
        ("it", "di il sconto", "dello sconto"),
        ("it", "in la idea e un sconto", "nell'idea e uno sconto"),
        ("pt", "de a carta em o porto", "da carta no porto"),
        ("nl", "^de fiets", "De fiets"),
    ],
)
def test_small_words_run_together(code: str, rough: str, fine: str) -> None:
    assert _smoothed(code, rough) == fine


def test_small_words_run_together_before_a_name() -> None:
    assert _smoothed("fr", "le chef de ", "Orange") == "le chef d'Orange"
    assert _smoothed("fr", "le chef de ", "Michelin") == "le chef de Michelin"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("de", {"rechnung", "schreib", "vertrag", "gestern"}),
        ("fr", {"facture", "écris", "demain"}),
        ("es", {"según", "escribe", "factura"}),
        ("it", {"redazione", "fattura", "scrivi"}),
        ("pt", {"fatura", "escreva", "ontem"}),
        ("nl", {"factuur", "schrijf", "gisteren"}),
    ],
)
def test_everyday_words(code: str, words: set[str]) -> None:
    found = everyday(code)
    assert words <= found
    assert len(found) > 900
    assert all(word == word.lower() and word.isalpha() for word in found)
    assert not found & {"müller", "dupont", "berlin", "marseille", "siemens", "garcía"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_lists_are_rich(code: str) -> None:
    lists = tongue(code).lists

    def size(*names: str) -> int:
        return len({entry for name in names for entry in lists.get(name, ())})

    assert size("noun_m", "noun_f", "noun_n") >= 240
    assert size("imp", "inf", "ich") >= 150
    assert size("adv") >= 80
    assert size("thing", "month", "day") >= 60
    assert size("labels") >= 24


def test_an_unknown_slot_is_an_error() -> None:
    with pytest.raises(KeyError):
        Speaker(tongue("de"), Random(1), SMALL)("nonsense")


def test_a_numbered_slot_is_one_person_throughout() -> None:
    speaker = Speaker(tongue("nl"), Random(2), SMALL)
    full, first = speaker("full1")[0][0], speaker("first1")[0][0]
    assert full.startswith(first)
