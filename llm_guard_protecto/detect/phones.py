"""Where does a telephone number end, and is it one? Shapes first, the numbering plans after.

The numbering plans are those of `phonenumbers`, reached through its metadata: a plan's own pattern
costs a microsecond, its full parser fifty.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from llm_guard_protecto.detect.checks import digits
from llm_guard_protecto.detect.expression import expression

__all__ = [
    "any_number",
    "international",
    "national",
    "north_american",
    "number_of_a_place",
    "of_a_signature",
]

_Place = tuple[int, int] | None

HOME_REGIONS: Final = (
    "US GB DE FR ES IT NL BE AT CH PT IE SE NO DK FI PL CZ HU GR RO AU NZ IN ZA BR MX JP ID"
)
"""Whose national spellings (`0171 234567`) are recognised without a word such as "phone"."""

_EXTENSION: Final = expression(
    r"(?:[ ,;]{0,2}(?:x|ext\.?|extension|extn\.?|#|Durchwahl)[ .:]{0,2}\d{1,6})$", re.IGNORECASE
)
_GROUP: Final = expression(r"[0-9]+")
_COUNTED: Final = frozenset(("0123456789", "01234567", "012345678", "1234567890", "123456789"))
_ZIP: Final = expression(r"\d{5}-\d{4}")
_OTHER_NUMBER: Final = expression(
    r"(?:\b(?:pmid|pmcid|doi|isbn|issn|oldid|diff|line|lines|rfc|bug|issue|commit|version|sku|ean|upc|asin)"
    r"[\s:=#;.]{0,3})\Z",
    re.IGNORECASE,
)
_NOT_BEFORE: Final = expression(
    r"(?:[\w$€£+]|\d[.,/:-]|[A-Za-z]-|[#§]\s?|\bv\.?\s?)\Z", re.IGNORECASE
)
_EXTENSION_SIGN: Final = expression(r"[a-zA-Z#]")
_LONELY: Final = expression(r"[^\d(]\d(?!\d)")
_GAPS: Final = frozenset(" ().-/\u00a0\u2010\u2011\u2012\u2013\u2014\u2015\u202f")
_STREET: Final = expression(
    r"(?: [A-Z][\w'.]+){1,4} (?:St|Street|Ave|Avenue|Rd|Road|Ln|Lane|Dr|Drive|Blvd|Way|Court|Ct)\b"
)
_DATE: Final = expression(
    r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}(?!\d)|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d(?!\d)"
    r"|\d{1,2}[./]\d{1,2}[./]\d\d(?![./-]?\d)|(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d(?!\d)"
)


def international(text: str, start: int, end: int) -> _Place:
    """`+44 7943 582088`, `0049 (0)30 123456`: a calling code and a number of a right length."""
    if not _free(text, start, end):
        return None
    body, extension_end = _without_extension(text, start, end)
    ends = _ends(text, start, body, 8, 17)
    if not ends:
        return None
    for place in ends:
        if _valid_international(text[start:place]):
            return start, extension_end if place == body else place
    number = digits(text[start : ends[0]]).lstrip("0")
    if ends[0] == body and _calling_code(number) and len(number) <= 15:
        return start, extension_end
    return None


def north_american(text: str, start: int, end: int) -> _Place:
    """`(555) 987-6543`, `415.555.2671 x12`: the shape alone is proof enough."""
    if not _free(text, start, end):
        return None
    return (start, end) if len(set(digits(text[start:end]))) > 2 else None


def national(text: str, start: int, end: int) -> _Place:
    """`020 7946 0958`, `01 84 17 61 18`: right under the plan of one of `HOME_REGIONS`."""
    if not "0" < text[text.index("0", start) + 1] <= "9" or _LONELY.search(text, start, end):
        return None
    if not _free(text, start, end) or _DATE.match(text, start) or _STREET.match(text, end):
        return None
    body, extension_end = _without_extension(text, start, end)
    if text[start - 1 : start] == text[body : body + 1] == "`":  # a commit, in Markdown
        return None
    if _ZIP.fullmatch(text, start, body) or digits(text[start:body]) in _COUNTED:
        return None
    for place in _ends(text, start, body, 8, 12):
        if _home_plans().fullmatch(digits(text[start:place])):
            return start, extension_end if place == body else place
    return None


def any_number(text: str, start: int, end: int) -> _Place:
    """Seven to fifteen digits in any groups; only for candidates that a context word supports."""
    if not _free(text, start, end) or _DATE.match(text, start) or _STREET.match(text, end):
        return None
    body, extension_end = _without_extension(text, start, end)
    ends = _ends(text, start, body, 7, 13)
    if _OTHER_NUMBER.search(text, max(0, start - 12), start) or text.startswith("0.", start):
        return None
    if (
        not ends
        or digits(text[start : ends[0]]) in _COUNTED
        or len(set(digits(text[start : ends[0]]))) < 3
    ):
        return None
    if text[start] == "(" and ")" not in text[start : ends[0]]:
        start += 1
    return start, extension_end if ends[0] == body else ends[0]


def number_of_a_place(text: str, start: int, end: int) -> _Place:
    """As `any_number`, beside words that also stand near addresses (`office`, `home`)."""
    if _LONELY.search(text, start, end):
        return None
    place = any_number(text, start, end)
    if place is None or re.match(r" [A-Za-z][\w'.-]+ \w|,? [A-Z]", text[place[1] : place[1] + 24]):
        return None
    return place


_SIGNED: Final = expression(r"[\w.+-]@[\w-]+\.\w|\bwww\.\w|https?://")
_FAR: Final = 120


def of_a_signature(text: str, start: int, end: int) -> _Place:
    """A number that fills a line or cell near an e-mail or web address, or has a letter before."""
    first, last = start, end
    while not text[first].isdigit() and text[first] != "(":
        first += 1
    while not text[last - 1].isdigit():
        last -= 1
    lettered = text[start:first].strip().endswith((":", "."))
    grouped = len(_GROUP.findall(text, first, last)) > 1
    if not grouped or _LONELY.search(text, first, last):
        return None
    near = _SIGNED.search(text, max(0, start - _FAR), start) or _SIGNED.search(
        text, end, end + _FAR
    )
    if not (near or lettered) or text.count("\n\n", max(0, start - _FAR), first) > 1:
        return None
    return any_number(text, first, last)


_HEX_BEFORE: Final = expression(r"(?:\b[0-9a-fA-F]{2}|[0-9a-fA-F]{6,}) {1,2}\Z")
_HEX_AFTER: Final = expression(r" (?=\d?[a-fA-F]|[a-fA-F]\d)[0-9a-fA-F]{2}\b")
_PATH_BEFORE: Final = expression(r"[A-Za-z_]/\Z")
_COLOUR: Final = 255


def _is_dump(text: str, start: int, end: int) -> bool:
    """Whether the groups are bytes, bits, code points or parts of a colour."""
    groups = _GROUP.findall(text, start, end)
    sizes = {len(group) for group in groups}
    if sizes == {2} and (
        _HEX_BEFORE.search(text, max(0, start - 12), start) or _HEX_AFTER.match(text, end)
    ):
        return True
    if sizes == {4} and len(groups) > 1 and all(group[0] == "0" for group in groups):
        return True
    if sizes == {3} and len(groups) == 3 and all(int(group) <= _COLOUR for group in groups):
        return True
    return groups[0].startswith("0000") or set("".join(groups)) <= {"0", "1"}


def _free(text: str, start: int, end: int) -> bool:
    """Whether the candidate is a number of its own and no piece of something longer."""
    before = text[max(0, start - 3) : start]
    if _NOT_BEFORE.search(before) or _PATH_BEFORE.search(before) or _is_dump(text, start, end):
        return False
    value = text[start:end]
    if not value.isascii() and any(c > "\x7f" and c not in _GAPS for c in value):
        return False
    after = text[end : end + 2]
    return not (after[:1] in ".,-/:" and after[1:].isdigit()) and after[:1] not in ("%", "@", "=")


def _without_extension(text: str, start: int, end: int) -> tuple[int, int]:
    """(end of the number proper, end with its extension)."""
    if not _EXTENSION_SIGN.search(text, start, end):
        return end, end
    found = _EXTENSION.search(text[start:end])
    return (start + found.start(), end) if found else (end, end)


def _ends(text: str, start: int, end: int, fewest: int, most: int) -> list[int]:
    """Where the number may end: after a digit group, with the right count of digits; last first."""
    places = []
    count = 0
    for group in _GROUP.finditer(text, start, end):
        count += group.end() - group.start()
        if fewest <= count <= most:
            places.append(group.end())
    return places[::-1]


def _calling_code(number: str) -> str:
    """The calling code a number starts with (ITU E.164), or nothing."""
    if number[:1] in ("1", "7"):
        return number[:1]
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for length in (2, 3):
        if number[:length].isdigit() and int(number[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return number[:length]
    return ""


def _valid_international(value: str) -> bool:
    """Whether the calling code's plan knows the number; a trunk zero in brackets is passed over."""
    number = digits(value.replace("(0)", ""))
    if not value.startswith("+"):
        number = number[2:]
    code = _calling_code(number)
    return bool(code) and _plan(int(code)).fullmatch(number[len(code) :]) is not None


@lru_cache(maxsize=256)
def _plan(code: int) -> re.Pattern[str]:
    """Every number of the plans that share a calling code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    if regions == ("001",):
        from phonenumbers import PhoneMetadata

        found = PhoneMetadata.metadata_for_nongeo_region(code, None)
        return re.compile(_pattern(found))
    return re.compile("|".join(f"(?:{_region(region)[0]})" for region in regions[:4]))


@lru_cache(maxsize=256)
def _region(region: str) -> tuple[str, str]:
    """A region's number pattern and its trunk prefix."""
    from phonenumbers import PhoneMetadata

    found = PhoneMetadata.metadata_for_region(region, None)
    return _pattern(found), (found.national_prefix or "") if found else ""


def _pattern(metadata: object) -> str:
    general = getattr(metadata, "general_desc", None)
    return getattr(general, "national_number_pattern", None) or r"(?!)"


@lru_cache(maxsize=1)
def _home_plans() -> re.Pattern[str]:
    """Every number as it is dialled at home in one of `HOME_REGIONS`, trunk prefix included."""
    dialled = []
    for region in HOME_REGIONS.split():
        pattern, prefix = _region(region)
        if region in _NO_TRUNK:
            prefix = ""
        dialled.append(f"{prefix}(?:{pattern})")
    return re.compile("|".join(dialled))


_NO_TRUNK: Final = ("IT", "PL", "CZ", "NO", "DK", "ES", "PT", "GR")
