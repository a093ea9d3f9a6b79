"""Maps made to be confused, and replies that try to get one person's name for another's token.

Every value carries the number of its person (`Ann17z`), so that a wrong one can be seen wherever
it turns up. The people of a map come in pairs whose tokens differ in one sign, in case, or in a
sign more.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from tests.guard.drift import FORMS, Token
from tests.guard.material import DIGITS, LETTERS, mask, run

__all__ = ["Crowd", "Trial", "crowd", "near", "trials", "wrong"]

NAMES = ("Ann", "Bee", "Lee")
_SEEN = re.compile(r"(?:ann|bee|lee)(\d+)z", re.IGNORECASE)
_WORD = re.compile(r"[0-9A-Za-z]+")
_BETWEEN = " ;;; "
_CUT = re.compile(r"\s*;;;\s*")


@dataclass(frozen=True, slots=True)
class Crowd:
    """A map, its people as (token, value), and whose each run is."""

    tokens: TokenMap
    people: Sequence[tuple[Token, Token]]
    owner: dict[str, int]


@dataclass(frozen=True, slots=True)
class Trial:
    """A piece of a reply, and the numbers of the people who may be named in its place.

    `last`: it stands at the end of a reply, because that was cut off there.
    """

    text: str
    allowed: frozenset[int]
    last: bool = False


def near(word: str, chance: random.Random) -> str:
    """`word` with one sign changed, lost, added, moved, or its case turned."""
    at = chance.randrange(len(word))
    sign = chance.choice(LETTERS + DIGITS)
    ways = (
        word[:at] + sign + word[at + 1 :],
        word[:at] + word[at + 1 :],
        word[:at] + sign + word[at:],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
        word[:at] + word[at].swapcase() + word[at + 1 :],
        word + chance.choice("s" + DIGITS),
    )
    return chance.choice(ways)


def crowd(size: int, chance: random.Random, close: bool = True) -> Crowd:
    """A map of `size` people of two or three words; with `close`, in pairs of near tokens."""
    owner: dict[str, int] = {}
    people: list[tuple[Token, Token]] = []
    for number in range(size):
        words: list[str] = []
        for at in range(3 if number % 10 > 7 else 2):
            word = run(chance)
            before = people[-1][0].words if people else ()
            if close and number % 2 and at < len(before):
                word = near(before[at], chance)
            while word in owner or len(word) < 5 or word.isalpha() or word.isdigit():
                word = run(chance)
            owner[word] = number
            words.append(word)
        value = tuple(f"{name}{number}z" for name in NAMES[: len(words)])
        people.append((Token("<PER>", tuple(words), "</PER>"), Token("", value, "")))
    masked = [mask(str(value), (str(value), token.inner, "PER")) for token, value in people]
    return Crowd(TokenMap.of(masked), people, owner)


def trials(crowd: Crowd, others: Crowd, chance: random.Random) -> Trial:
    """One piece: a token of the map, one that is nearly of it, of another tenant, or invented."""
    kind = chance.random()
    number = chance.randrange(len(crowd.people))
    token = crowd.people[number][0]
    mine = frozenset({number})
    if kind > 0.4:
        mine = frozenset()
        words = tuple(near(word, chance) or "x" for word in token.words)
        if kind > 0.7:
            words = chance.choice(others.people)[0].words
        if kind > 0.9:
            words = tuple(run(chance, chance.randint(2, 10)) for _ in token.words)
        token = Token(token.opens, words, token.closes)
    text = None
    while text is None:
        form = chance.choice(FORMS)
        text = form.bend(token)
    # What stands there letter for letter is that person's token, whoever was meant.
    found = _WORD.findall(text)
    there = {crowd.owner[word] for word in found if word in crowd.owner}
    if not mine:
        folded = {word.lower() for word in (*token.words, *found)}
        there |= {who for word, who in crowd.owner.items() if word.lower() in folded}
        # Two words that are wrong each can still be, run together, those of somebody's token.
        solid = text.lower()
        there |= {
            number
            for number, (other, _) in enumerate(crowd.people)
            if any((a + b).lower() in solid for a, b in permutations(other.words, 2))
        }
    return Trial(text, mine | there, form.group == "cut")


def wrong(crowd: Crowd, others: Crowd, count: int, chance: random.Random) -> list[tuple[str, str]]:
    """Of `count` trials, eight to a reply, those that named someone else: (sent, got)."""
    bad: list[tuple[str, str]] = []
    for _ in range(0, count, 8):
        batch = [trials(crowd, others, chance) for _ in range(8)]
        got = restore(_BETWEEN.join([trial.text for trial in batch]), crowd.tokens)
        parts = _CUT.split(got)
        alone = len(parts) != len(batch)
        parts = [
            restore(trial.text, crowd.tokens) if alone or trial.last else part
            for trial, part in zip(batch, parts if not alone else [""] * 8, strict=True)
        ]
        bad += [
            (trial.text, part)
            for trial, part in zip(batch, parts, strict=True)
            if any(int(n) not in trial.allowed for n in _SEEN.findall(part))
        ]
    return bad
