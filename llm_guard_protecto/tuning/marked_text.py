"""Reading the texts that a user marked by hand, in either of two forms.

Marks in place, texts divided by lines of `%%`::

    Dear ⟦PERSON:Ada Moss⟧, your parcel waits in ⟦LOCATION:Oakham⟧.
    %%
    Nothing to mark here.

Or JSON lines, positions in characters, the end exclusive::

    {"text": "Dear Ada Moss", "spans": [{"start": 5, "end": 13, "label": "PERSON"}]}

No message about a mistake shows any of the text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llm_guard_protecto.detect.network import ENTITIES as TAUGHT
from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.training.grammar import Marked, unmark

__all__ = ["MarkedTexts", "read_marked", "read_plain"]

# What other people's tools call the four entities of the tagger.
_ALSO = {
    "PERSON": "PER NAME FULL_NAME FIRST_NAME LAST_NAME GIVEN_NAME SURNAME",
    "ORG": "ORGANIZATION ORGANISATION COMPANY COMPANY_NAME",
    "LOCATION": "LOC GPE PLACE CITY COUNTRY STATE REGION",
    "ADDRESS": "STREET STREET_ADDRESS POSTAL_ADDRESS",
}
_NAMES = {name: entity for entity, names in _ALSO.items() for name in (entity, *names.split())}

_DIVIDER = re.compile(r"^%%[ \t]*\n?", re.MULTILINE)
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,39}")
_IN_PLACE = re.compile(r"⟦([^:⟦⟧]*):([^⟦⟧]*)⟧")


@dataclass(frozen=True, slots=True)
class MarkedTexts:
    """Texts with spans of PERSON, ORG, LOCATION, ADDRESS and `?` (a place that teaches nothing).

    `others` counts the marks of entities that rules find: they became `?`.
    """

    texts: tuple[Marked, ...] = field(repr=False)
    others: Mapping[str, int]


def read_marked(path: Path) -> MarkedTexts:
    """The marked texts of a file; one whose first character is `{` is read as JSON lines.

    Raises ConfigurationError that says which text is wrong and why: a label nobody knows, a mark
    that is not closed, spans that overlap or lie outside of their text.
    """
    whole = _read(path)
    others: Counter[str] = Counter()
    if whole.lstrip().startswith("{"):
        rows = ((f"line {at}", *row) for at, row in _json_rows(path, whole))
    else:
        rows = ((f"text {at}", *row) for at, row in _in_place_rows(path, whole))
    texts = []
    for place, text, spans in rows:
        found = [(a, b, _entity(path, place, label)) for a, b, label in sorted(spans)]
        _check(path, place, text, found)
        others.update(entity for _, _, entity in found if entity not in TAUGHT)
        texts.append(Marked(text, tuple((a, b, e if e in TAUGHT else "?") for a, b, e in found)))
    return MarkedTexts(tuple(texts), dict(sorted(others.items())))


def read_plain(path: Path) -> list[str]:
    """Texts without marks: divided by lines of `%%`, or the `text` of JSON lines."""
    whole = _read(path)
    if whole.lstrip().startswith("{"):
        return [text for _, (text, _) in _json_rows(path, whole)]
    return [block for block in _blocks(whole) if block.strip()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"{path}: {reason}") from None
    except ValueError:
        raise ConfigurationError(f"{path}: not UTF-8 text") from None


_Row = tuple[str, list[tuple[int, int, str]]]


def _blocks(whole: str) -> list[str]:
    return [block.removesuffix("\n") for block in _DIVIDER.split(whole)]


def _in_place_rows(path: Path, whole: str) -> Iterator[tuple[int, _Row]]:
    for at, block in enumerate(_blocks(whole), 1):
        if not block.strip():
            continue
        rest = _IN_PLACE.sub("", block)
        if "⟦" in rest or "⟧" in rest:
            raise ConfigurationError(f"{path}: text {at}: a mark is not ⟦ENTITY:text⟧")
        for label, text in _IN_PLACE.findall(block):
            if not text.strip():
                raise ConfigurationError(f"{path}: text {at}: a mark is empty")
            _entity(path, f"text {at}", label)
        found = unmark(_IN_PLACE.sub(lambda m: f"⟦{_spelled(m[1])}:{m[2]}⟧", block))
        yield at, (found.text, list(found.spans))


def _json_rows(path: Path, whole: str) -> Iterator[tuple[int, _Row]]:
    for at, line in enumerate(whole.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
            text = row["text"]
            spans = [(one["start"], one["end"], one["label"]) for one in row.get("spans", ())]
        except (ValueError, KeyError, TypeError, AttributeError):
            text, spans = None, []
        whole_numbers = all(type(a) is type(b) is int for a, b, _ in spans)
        if not isinstance(text, str) or not whole_numbers:
            form = '{"text", "spans": [{"start", "end", "label"}]}'
            raise ConfigurationError(f"{path}: line {at}: not {form}")
        if text.strip():
            yield at, (text, spans)


def _spelled(label: str) -> str:
    return re.sub(r"[ -]", "_", label.strip().upper())


def _entity(path: Path, place: str, label: object) -> str:
    """Our name of a label, one of the four where it is obvious which."""
    if isinstance(label, str) and _LABEL.fullmatch(label.strip()):
        name = _spelled(label)
        if name in _NAMES:
            return _NAMES[name]
        if name in ENTITIES:
            return name
        shown = repr(label)
    else:
        shown = "that is no name"
    raise ConfigurationError(
        f"{path}: {place}: a label {shown}; the tagger learns {', '.join(TAUGHT)},"
        " and leaves what rules find (EMAIL_ADDRESS and the like) alone"
    )


def _check(path: Path, place: str, text: str, spans: Sequence[tuple[int, int, str]]) -> None:
    at = 0
    for start, end, entity in spans:
        if not at <= start < end <= len(text):
            why = "overlaps another" if 0 <= start < at else "is empty or not inside its text"
            raise ConfigurationError(f"{path}: {place}: a mark ({entity}) {why}")
        at = end
