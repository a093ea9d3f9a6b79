"""Texts to measure on: made by a fixed recipe, about invented people, the same in every run."""

from __future__ import annotations

import random

__all__ = ["PROMPT", "chat", "mixed", "prose"]

PROMPT = (
    "Please write a friendly reply to the customer below and keep it under one hundred words. "
    "Her name is Marlene Okafor-Lindqvist and she lives at 48 Thornbury Crescent, Apt 12, "
    "Milldale. She ordered a standing desk from Northwind Interiors on the third of March, paid "
    "with card 4111 1111 1111 1111, and it arrived with a broken leg. She wrote from "
    "marlene.okafor@example.com and left the number (555) 013-4477 for calls after six. Her "
    "colleague Tom Achterberg says the invoice went to billing@northwind.example instead. Offer "
    "her a replacement within five working days, apologise once, and do not promise a refund "
    "before the warehouse has confirmed the damage with Marlene herself."
)
"""One hundred words or so, with eleven things to mask."""

_WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "it",
    "for",
    "as",
    "with",
    "was",
    "on",
    "be",
    "by",
    "this",
    "are",
    "from",
    "or",
    "had",
    "not",
    "at",
    "which",
    "report",
    "meeting",
    "project",
    "customer",
    "invoice",
    "delivery",
    "service",
    "week",
    "plan",
    "budget",
    "team",
    "question",
    "answer",
    "review",
    "quality",
    "change",
    "market",
    "number",
    "system",
    "result",
    "note",
    "point",
    "order",
    "value",
    "process",
    "before",
    "after",
    "between",
    "during",
    "however",
    "therefore",
    "maybe",
    "often",
    "never",
    "always",
    "please",
    "thanks",
]
_FIRST = [
    "Amara",
    "Bjorn",
    "Celeste",
    "Dmitri",
    "Eun",
    "Farida",
    "Goran",
    "Hyacinth",
    "Ingrid",
    "Jorge",
    "Kwame",
    "Lucia",
]
_LAST = [
    "Abara",
    "Brandvold",
    "Castellano",
    "Dvorak",
    "Eriksen",
    "Farouk",
    "Galbraith",
    "Hoshino",
    "Ivanova",
]


def prose(size: int, seed: int = 1) -> str:
    """`size` characters of plain sentences without anything to mask."""
    return _text(size, seed, 0.0)


def mixed(size: int, seed: int = 1) -> str:
    """`size` characters of sentences with about two things to mask in a hundred words."""
    return _text(size, seed, 0.02)


def _text(size: int, seed: int, share: float) -> str:
    chance = random.Random(seed)
    words: list[str] = []
    length = 0
    while length < size:
        word = _value(chance) if chance.random() < share else chance.choice(_WORDS)
        if chance.random() < 0.08:
            word += chance.choice(".,.;.\n")
        words.append(word)
        length += len(word) + 1
    return " ".join(words)[:size]


def _value(chance: random.Random) -> str:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    number = chance.randrange(10**4)
    return chance.choice(
        (
            f"{first} {last}",
            f"{first}.{last}@example.com".lower(),
            f"(555) {chance.randrange(200, 999)}-{number:04d}",
            f"192.168.{number % 256}.{number % 250}",
            "4111 1111 1111 1111",
            f"https://www.example.com/{last.lower()}/{number}",
        )
    )


def chat(turns: int, seed: int = 1) -> list[list[dict[str, str]]]:
    """The messages of each turn of a conversation: turn n holds everything before it."""
    chance = random.Random(seed)
    history: list[dict[str, str]] = []
    requests: list[list[dict[str, str]]] = []
    for turn in range(turns):
        question = PROMPT if turn == 0 else mixed(520, seed * 1000 + turn) + _value(chance)
        history.append({"role": "user", "content": question})
        requests.append(list(history))
        history.append({"role": "assistant", "content": prose(100, seed * 2000 + turn)})
    return requests
