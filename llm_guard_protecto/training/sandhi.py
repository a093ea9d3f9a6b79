"""Articles, and what becomes of small words where they meet: de + le = du, di + lo = dello."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from llm_guard_protecto.training.grammar import Piece

__all__ = ["article", "smooth"]

# For the slot: the article of a masculine, a feminine and a neuter noun. Dutch has its `de` words
# as masculine. `acc` and `dat` are `det` where a language has no cases.
_ARTICLES: dict[str, dict[str, str]] = {
    "de": {
        "det": "der die das",
        "acc": "den die das",
        "dat": "dem der dem",
        "ind": "ein eine ein",
        "inda": "einen eine ein",
        "indd": "einem einer einem",
        "my": "mein meine mein",
        "mya": "meinen meine mein",
        "myd": "meinem meiner meinem",
        "your": "Ihr Ihre Ihr",
        "youra": "Ihren Ihre Ihr",
        "this": "dieser diese dieses",
        "no": "kein keine kein",
    },
    "fr": {
        "det": "le la",
        "ind": "un une",
        "my": "mon ma",
        "your": "votre votre",
        "this": "ce cette",
        "no": "aucun aucune",
    },
    "es": {
        "det": "el la",
        "ind": "un una",
        "my": "mi mi",
        "your": "su su",
        "this": "este esta",
        "no": "ningún ninguna",
    },
    "it": {
        "det": "il la",
        "ind": "un una",
        "my": "il_mio la_mia",
        "your": "il_Suo la_Sua",
        "this": "questo questa",
        "no": "nessun nessuna",
    },
    "pt": {
        "det": "o a",
        "ind": "um uma",
        "my": "o_meu a_minha",
        "your": "o_seu a_sua",
        "this": "este esta",
        "no": "nenhum nenhuma",
    },
    "nl": {
        "det": "de de het",
        "ind": "een een een",
        "my": "mijn mijn mijn",
        "your": "uw uw uw",
        "this": "deze deze dit",
        "no": "geen geen geen",
    },
}
_WITHOUT_CASES = {"acc": "det", "dat": "det", "inda": "ind", "indd": "ind"}
_WITHOUT_CASES |= {"mya": "my", "myd": "my", "youra": "your"}


def article(code: str, slot: str, gender: int) -> str:
    """The word before a noun. `gender` is 0 (m), 1 (f) or 2 (n). KeyError for other slots."""
    forms = _ARTICLES[code]
    chosen = forms[slot] if slot in forms else forms[_WITHOUT_CASES[slot]]
    return chosen.split()[gender].replace("_", " ")


_VOWEL = "aàâeéèêiîoôuùûœAÀÂEÉÈÊIÎOÔUÙÛ"
_MUTE_H = "h(?=ab|eu|is|ui|ôp|ôt|or|um|y)"

_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _italian(found: re.Match[str]) -> str:
    stem = {"di": "de", "a": "a", "da": "da", "in": "ne", "su": "su"}[found[1].lower()]
    kind = found[2]
    end = {"il": "l", "i": "i", "gli": "gli"}.get(kind, "l" + kind)
    whole = stem + end + ("" if kind == "l'" else " ")
    return whole.capitalize() if found[1][0].isupper() else whole


def _portuguese(found: re.Match[str]) -> str:
    stem = {"de": "d", "em": "n", "por": "pel", "a": "a"}[found[1].lower()]
    rest = found[2]
    whole = "à" + rest[1:] if stem == "a" and rest[0] == "a" else stem + rest
    return whole.capitalize() if found[1][0].isupper() else whole


def _rules(*rules: tuple[str, str | Callable[[re.Match[str]], str]]) -> tuple[_Rule, ...]:
    return tuple((re.compile(pattern), put) for pattern, put in rules)


_RULES: dict[str, tuple[_Rule, ...]] = {
    "de": _rules(
        (r"\b([Bb]ei|[Vv]on|[Zz]u|[Ii]n|[Aa]n) dem\b", lambda m: _GERMAN[m[1].lower()](m[1])),
        (r"\b([Zz])u der\b", r"\1ur"),
    ),
    "fr": _rules(
        (r"\b([Dd])e les\b", r"\1es"),
        (r"\b([Dd])e le (?=[^" + _VOWEL + "])(?!" + _MUTE_H + ")", r"\1u "),
        (r"\bà les\b", "aux"),
        (r"\bÀ les\b", "Aux"),
        (r"\bà le (?=[^" + _VOWEL + "])(?!" + _MUTE_H + ")", "au "),
        (r"\b([Ll])a (?=[" + _VOWEL + "]|" + _MUTE_H + ")", r"\1'"),
        (r"\b([Cc])e (?=(?:[" + _VOWEL + "]|" + _MUTE_H + r")\w*)(?!est\b|était\b)", r"\1et "),
        (r"\b([Mm])a (?=[" + _VOWEL + "]|" + _MUTE_H + ")", r"\1on "),
        (r"\b([Qq]u|[DdJjNnLlSsMm])e (?=[" + _VOWEL + "]|" + _MUTE_H + ")", r"\1'"),
    ),
    "es": _rules((r"\b([Dd])e el\b", r"\1el"), (r"\b([Aa]) el\b", r"\1l")),
    "it": _rules(
        (r"\b([Ii])l (?=s[^aeiou]|z|gn|ps|y)", r"\1_LO "),
        (r"i_LO ", "lo "),
        (r"I_LO ", "Lo "),
        (r"\bil (?=[aeiouAEIOU])", "l'"),
        (r"\bIl (?=[aeiou])", "L'"),
        (r"\b([Ll])a (?=[aeiouAEIOU])", r"\1'"),
        (r"\b([Uu])n (?=s[^aeiou]|z|gn|ps)", r"\1no "),
        (r"\b([Uu]n)a (?=[aeiou])", r"\1'"),
        (r"\b([Dd]i|[Aa]|[Dd]a|[Ii]n|[Ss]u) (il|lo|la|i|gli|le|l')(?: |(?<='))", _italian),
        (r"\bquest[oa] (?=[aeiou])", "quest'"),
    ),
    "pt": _rules(
        (r"\b([Dd]e|[Ee]m|[Pp]or) ([oa]s?)\b(?!-)", _portuguese),
        (r"\b(a) (os?|as?)\b(?= )", _portuguese),
    ),
    "nl": (),
}
_GERMAN: dict[str, Callable[[str], str]] = {
    "bei": lambda word: word + "m",
    "von": lambda word: word[:2] + "m",
    "zu": lambda word: word + "m",
    "in": lambda word: word[:1] + "m",
    "an": lambda word: word[:1] + "m",
}


def smooth(pieces: Sequence[Piece], code: str) -> list[Piece]:
    """`pieces` with contractions, and with a capital letter after each `^`, a small one after `¬`."""
    whole: list[Piece] = []
    for text, entity in pieces:
        if whole and entity is None and whole[-1][1] is None:
            whole[-1] = (whole[-1][0] + text, None)
        elif text:
            whole.append((text, entity))
    smoothed: list[Piece] = []
    for at, (text, entity) in enumerate(whole):
        if entity is None:
            # The first letters of a name decide about the word before it.
            ahead = whole[at + 1][0][:3] if at + 1 < len(whole) else ""
            text += ahead
            for pattern, put in _RULES[code]:
                text = pattern.sub(put, text)
            text = text.removesuffix(ahead) if ahead else text
            text = re.sub(r"\^+(.)", lambda m: m[1].upper(), text, flags=re.DOTALL).rstrip("^")
            text = re.sub(r" +(?=[.,](?:\s|$))", "", text)  # after an empty choice
            text = re.sub(r"¬(.)", lambda m: m[1].lower(), text)
            if not text:
                continue
        smoothed.append((text, entity))
    return smoothed
