"""Reading what stands behind a word for an address: `Domicilio: Zapatari Kalea, 3`, `"street": "..."`.

The label says what the value is, so no word for a street is asked for: only the shape, a name and a
number of a house in either order, and an end where a value ends.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.street_words import NO_NAME

__all__ = ["LABELS", "value"]

_Place = tuple[int, int] | None

LABELS: Final = (
    "address|(?:street|home|billing|shipping|mailing|delivery|postal|work|office) address|addr|street"
    "|anschrift|adresse|lieferadresse|rechnungsadresse|stra\\xc3\\x9fe|strasse|adresse postale"
    "|domicile|domicilio|direcci(?:\\xc3\\xb3|o)n|indirizzo|residenza|endere(?:\\xc3\\xa7|c)o|morada"
    "|adres|woonadres|factuuradres|adress|adresa|ship to|deliver to|bill to|return to|residence"
)
"""Words that stand before the colon, in UTF-8 as the engine reads it."""
_LABEL_END: Final = expression(r"[^:]{2,24}:[ \t\"'*]{1,4}")
_NAME: Final = r"(?:[^\W\d_]|['’.-]){1,24}"
_VALUE: Final = expression(
    rf"(?:\d{{1,5}}[A-Za-z]?,? (?:{_NAME} ){{0,4}}[^\W\d_][\w'’.-]{{2,24}}"
    rf"|(?:{_NAME} ){{0,6}}?{_NAME},? {{1,2}}(?:(?:n[ºo°.]{{1,2}}|No\.?|Nr\.?|#) ?)?"
    r"(?:\d{1,5}(?: ?[A-Za-z])?|s/n)(?:[/-]\d{1,4})?)(?=[,;\n\r\"'|)}*]|\.?\Z|\.\s)"
)
_WORD: Final = expression(r"[^\W\d_a-z][^\W\d_]{2,}")
_NO_STREETS: Final = """
    Bytes Bits Byte Bit Words Size Register Offset Base Port Null None True False Error Space Map Bus
    Memory Family Type Range Mode Class String Int Char Pointer Required Invalid Missing Example Test
    Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec January February March April June July August
    September October November December
"""
_NONE: Final = frozenset(_NO_STREETS.split()) | (NO_NAME - {"The", "A", "La", "Box", "Van"})


def value(text: str, start: int, end: int) -> _Place:
    """The street with its number that begins a labelled value, without the label."""
    if start and (text[start - 1] in "_-./@$#" or text[start - 1].isalnum()):
        return None
    label = _LABEL_END.match(text, start, end)
    if label is None:
        return None
    found = _VALUE.match(text, label.end(), label.end() + 90)
    if found is None or not (found[0][0].isupper() or found[0][0].isdigit()):
        return None
    words = _WORD.findall(found[0])
    if not words or any(word.capitalize() in _NONE for word in words):
        return None
    return found.span()
