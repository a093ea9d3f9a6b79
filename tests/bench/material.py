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


_QUESTIONS = (
    "I spoke to {name} this morning and the parcel still has not arrived.",
    "Could you write a short answer that I can send before lunch?",
    "Please call {phone} if the driver cannot find the entrance.",
    "The invoice says the total is wrong, and nobody can tell me why.",
    "{name} wants to know whether the warranty covers a broken handle.",
    "Forward the summary to {mail} and leave the figures out.",
    "We would rather wait until the end of the month than pay twice.",
    "Make it friendlier, and do not mention the delay again.",
    "As far as I know, {name} has already signed the form.",
    "What would you say if a customer asked for the money back?",
    "The log shows a request from {host} shortly after midnight.",
    "Let me know which of the two versions reads better to you.",
    "She paid with {card}, but the receipt shows another amount.",
    "Thanks, that helps; now shorten the second paragraph a little.",
    "Our notes are at {link} in case you need the background.",
    "It took three weeks last time, which is far too long for a simple repair.",
    "Ask {name} for the order number before you promise anything.",
    "Please keep the list in the same order and number the lines.",
)
_ANSWERS = (
    "Of course. Here is a shorter version that keeps the main point and the tone.",
    "I would start with an apology and then say what happens next, step by step.",
    "That sounds reasonable. You could also offer to call back later in the week.",
    "Here is a draft; tell me if it should be more formal than this.",
    "The second version is clearer, because it names the next step at once.",
)


def chat(turns: int, seed: int = 1) -> list[list[dict[str, str]]]:
    """The messages of each turn of a conversation: turn n holds everything before it."""
    chance = random.Random(seed)
    history: list[dict[str, str]] = []
    requests: list[list[dict[str, str]]] = []
    for turn in range(turns):
        question = PROMPT if turn == 0 else _question(chance)
        history.append({"role": "user", "content": question})
        requests.append(list(history))
        history.append({"role": "assistant", "content": " ".join(chance.sample(_ANSWERS, 2))})
    return requests


def _question(chance: random.Random) -> str:
    """Nine sentences, about 540 characters, with three or four things to mask."""
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    number = chance.randrange(10**4)
    return " ".join(chance.sample(_QUESTIONS, 9)).format(
        name=f"{first} {last}",
        phone=f"(555) {chance.randrange(200, 999)}-{number:04d}",
        mail=f"{first}.{last}@example.com".lower(),
        host=f"192.168.{number % 256}.{number % 250}",
        card="4111 1111 1111 1111",
        link=f"https://www.example.com/{last.lower()}/{number}",
    )
