"""Our own marked prompts are what they claim to be: readable, ours alone, and not trained on."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import llm_guard_protecto
from llm_guard_protecto.entities import ENTITIES
from tests.bench.detection_sets import MARKED, Marks, marked

TRAINING = Path(llm_guard_protecto.__file__).parent / "training"
LANGUAGES = ("de", "fr", "es", "it", "pt", "nl")
FILES = sorted(MARKED.glob("*.txt"))

# Names that everybody knows; nobody in the prompts may share both words with them.
FAMOUS = """
Barack Obama|Donald Trump|Joe Biden|Angela Merkel|Emmanuel Macron|Vladimir Putin|Xi Jinping
Taylor Swift|Lionel Messi|Cristiano Ronaldo|Serena Williams|Roger Federer|Usain Bolt|Michael Jordan
Elon Musk|Bill Gates|Steve Jobs|Jeff Bezos|Mark Zuckerberg|Tim Cook|Sam Altman|Linus Torvalds
Albert Einstein|Isaac Newton|Marie Curie|Charles Darwin|Ada Lovelace|Alan Turing|Nikola Tesla
William Shakespeare|Jane Austen|Charles Dickens|Agatha Christie|Stephen King|Leo Tolstoy
Wolfgang Mozart|Johann Bach|Ludwig Beethoven|Pablo Picasso|Vincent Gogh|Frida Kahlo|Claude Monet
Abraham Lincoln|George Washington|Winston Churchill|Nelson Mandela|Mahatma Gandhi|Martin Luther
Julius Caesar|Napoleon Bonaparte|Queen Victoria|King Charles|Michael Jackson|Elvis Presley
Harry Potter|Sherlock Holmes|James Bond|Marilyn Monroe|Tom Hanks|Brad Pitt|Oprah Winfrey
"""


def prompts(path: Path) -> list[Marks]:
    return list(marked(path))


def values(prompt: Marks) -> list[tuple[str, str]]:
    return [(entity, prompt.text[start:end]) for entity, start, end in prompt.spans]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """All runs of so many words in a text."""
    found = words(text)
    return {tuple(found[at : at + length]) for at in range(len(found) - length + 1)}


def trained_on() -> str:
    paths = [*sorted(TRAINING.rglob("*.txt")), *sorted(TRAINING.rglob("*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_marks_are_closed_and_tight(path: Path) -> None:
    for prompt in prompts(path):
        assert not set("⟦⟧") & set(prompt.text), prompt.text
        for entity, value in values(prompt):
            assert entity in ENTITIES
            assert value
            assert value == value.strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_prompt_stands_twice(path: Path) -> None:
    folded = Counter(" ".join(words(prompt.text)) for prompt in prompts(path))
    assert [text for text, count in folded.items() if count > 1] == []


def test_english_covers_its_domains() -> None:
    domains = Counter(prompt.domain for prompt in prompts(MARKED / "en.txt"))
    assert len(domains) >= 12
    assert sum(domains.values()) >= 300
    assert min(domains.values()) >= 15


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_prompts(language: str) -> None:
    found = prompts(MARKED / f"{language}.txt")
    assert len(found) >= 60
    assert sum(len(prompt.spans) for prompt in found) >= 100


def test_negatives_hold_nothing() -> None:
    found = prompts(MARKED / "negatives.txt")
    assert len(found) >= 200
    assert [prompt.text for prompt in found if prompt.spans] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_of_it_is_in_the_training_material(path: Path) -> None:
    """No run of six words, and no value of more than one word."""
    text = trained_on()
    folded, known = " ".join(words(text)), runs(text, 6)
    for prompt in prompts(path):
        assert not runs(prompt.text, 6) & known, prompt.text
        for _, value in values(prompt):
            parts = words(value)
            named = [part for part in parts if not part.isdigit()]
            if len(named) > 1:
                assert f" {' '.join(parts)} " not in f" {folded} ", value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nobody_is_real_and_famous(path: Path) -> None:
    famous = [set(words(name)) for line in FAMOUS.split("\n") for name in line.split("|") if name]
    for prompt in prompts(path):
        for entity, value in values(prompt):
            if entity == "PERSON":
                assert not any(name <= set(words(value)) for name in famous), value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_mail_and_web_addresses_belong_to_nobody(path: Path) -> None:
    """Only domains kept for examples: nobody can get mail there."""
    for prompt in prompts(path):
        for entity, value in values(prompt):
            if entity == "EMAIL_ADDRESS":
                assert value.lower().endswith((".example", "example.com", "example.org")), value
