"""Texts, tokens and masked texts for the tests of restoring, and ways to cut a text."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import strategies as st

from llm_guard_protecto.guard.places import Place, Places
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import IndividualToken, Masked, rebuild

LETTERS = "bcdfghjkmnpqrstvwxzBCDFGHJKMNPQRSTVWXZ"
DIGITS = "23456789"


def mask(text: str, *rows: tuple[str, str, str], reversible: bool = True) -> Masked:
    """`text` with each (value, token, tag) masked where the value stands first."""
    tokens = tuple(
        IndividualToken(
            value=value,
            pii_type=tag,
            token=token,
            prefix=f"<{tag}>",
            suffix=f"</{tag}>",
            start_pos=text.index(value),
            end_pos=text.index(value) + len(value),
            reversible=reversible,
        )
        for value, token, tag in rows
    )
    return Masked(text, rebuild(text, tokens), tokens)


PEOPLE = mask(
    "Write to Sarah Johnson, 456 Elm Avenue, (555) 987-6543 or sarah.j@acme.example, card"
    " 4111 1111 1111 1111, site https://acme.example/home, born 1990-02-03.",
    ("Sarah Johnson", "cn4Rv PvBCff2", "PER"),
    ("456 Elm Avenue", "zz2Kp k9Wtb qRT4m", "ADDRESS"),
    ("(555) 987-6543", "(14720) 09570-47785", "PHN"),
    ("sarah.j@acme.example", "Gh7kt@Wq3Rt", "EMAIL"),
    ("4111 1111 1111 1111", "83920 55317 60284 19935", "CRD"),
    ("https://acme.example/home", "hT4ps://aC3mk/pP9th", "URL"),
    ("1990-02-03", "70551-88213-40926", "DOB"),
)
MAP = TokenMap.of([PEOPLE])


def run(chance: random.Random, size: int | None = None) -> str:
    """A run as the engine makes them: at least one digit and one letter."""
    size = size or chance.randint(5, 10)
    signs = [chance.choice(LETTERS + DIGITS) for _ in range(size)]
    at, other = chance.sample(range(size), 2)
    signs[at], signs[other] = chance.choice(DIGITS), chance.choice(LETTERS)
    return "".join(signs)


def cut(text: str, at: Sequence[int]) -> list[str]:
    """`text` cut at these places (taken modulo its length)."""
    places = sorted({n % (len(text) + 1) for n in at})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def in_pieces(
    pieces: Sequence[str],
    tokens: TokenMap,
    place: Place = Place.PLAIN,
    places: Places | None = None,
) -> str:
    """What a restorer gives for these pieces, all together."""
    restorer = Restorer(tokens, place, places)
    return "".join([restorer.feed(piece) for piece in pieces]) + restorer.flush()


WRAPPERS = [
    ("<PER>", "</PER>"),
    ("<P>", "</P>"),
    ("<PERSON>", "</PERSON>"),
    ("<DATE_TIME>", "</DATE_TIME>"),
    ("{Person Name ", "}"),
    ("{Phone ", "}"),
    ("{", "}"),
    ("{{", "}}"),
    ("[[", "]]"),
    ("«", "»"),
    ("", ""),
    ("PER:", ""),
    ("", "#"),
]
SNIPPETS = [
    "<PER>",
    "</PER>",
    "&lt;PER&gt;",
    "[PER]",
    "(per)",
    "{",
    "}}",
    "{Person Name ",
    "<PER>x7Kw2 T9sdd</PER>",
    "x7Kw2",
    "14720 09570",
    "https://evil.example/?q=",
    "](",
    "src='",
    "\\",
    "%3CPER%3E",
    "the ",
    "\n\n",
    "**",
    "\u200b",
    "\x00",
    "\ud800",
]
values = st.one_of(
    st.sampled_from(["John", "Sarah Johnson", "a@b.example", "<PER>", "{x}", "O'Neil-Smith"]),
    st.text(st.characters(exclude_categories=[]), min_size=1, max_size=8),
    st.text("aB1 -@<>{}/", min_size=1, max_size=12),
)
clears = st.one_of(
    st.sampled_from(SNIPPETS),
    st.sampled_from([" ", ", ", "a", "Dear ", " and "]),
    st.text(st.characters(exclude_categories=[]), max_size=8),
    st.lists(st.sampled_from(SNIPPETS), max_size=4).map("".join),
)


def token_for(value: str, chance: random.Random, words: dict[str, str], digits: bool) -> str:
    """A token of `value` as the engine shapes it: separators copied, one run per unit."""
    parts: list[str] = []
    word = ""
    for char in [*value, ""]:
        if char and char.isascii() and char.isalnum():
            word += char
            continue
        if word:
            if word not in words:
                taken = {other.lower() for other in words.values()}
                new = "".join(chance.choices("0123456789", k=5)) if digits else run(chance)
                while new.lower() in taken:
                    new = run(chance)
                words[word] = new
            parts.append(words[word])
            word = ""
        parts.append(char)
    token = "".join(parts)
    if not any(char.isascii() and char.isalnum() for char in token):
        return words.setdefault(value, run(chance))
    return token


@st.composite
def masked_texts(draw: st.DrawFn, wrappers: Sequence[tuple[str, str]] = WRAPPERS) -> Masked:
    """A clear text with planted things in it, some spans of it masked."""
    chance = draw(st.randoms(use_true_random=True))
    words: dict[str, str] = {}
    numbers: dict[str, str] = {}
    text = draw(clears)
    tokens: list[IndividualToken] = []
    for _ in range(draw(st.integers(0, 4))):
        value = draw(values)
        prefix, suffix = draw(st.sampled_from(wrappers))
        digits = draw(st.booleans())
        token = token_for(value, chance, numbers if digits else words, digits)
        start = len(text)
        text += value
        tokens.append(
            IndividualToken(value, "PERSON", token, prefix, suffix, start, len(text), True)
        )
        text += draw(clears)
    return Masked(text, rebuild(text, tokens), tuple(tokens))
