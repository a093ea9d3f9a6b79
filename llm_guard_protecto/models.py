"""The frozen values that travel between the rooms. Clear text never shows in a `repr`.

Positions are half-open ranges of Unicode code points (Python string offsets) in the clear text.
The field names of `IndividualToken`, `ExcludedEntity`, `Masked` and `Unmasked` are Protecto's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ExcludedEntity",
    "IndividualToken",
    "Item",
    "Masked",
    "Span",
    "Unmasked",
    "rebuild",
]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text where something was found. Holds no text itself.

    `entity` is a name of the entity table (`PERSON`, `EMAIL_ADDRESS`, ...), `score` a confidence
    in [0, 1], `rule` the name of the pattern or model that found it.
    """

    start: int
    end: int
    entity: str
    score: float = 1.0
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to mask.

    With neither `token_name` nor `format` the text is searched (auto-detect); with `token_name`
    the whole value becomes a token of that type; with both, its parts do. `attributes` are echoed.
    """

    value: str = field(repr=False)
    token_name: str | None = None
    format: str | None = None
    attributes: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class IndividualToken:
    """One masked span: the clear `value` at `start_pos:end_pos` and the token that stands for it.

    `reversible` is False for an anonymised span: nobody can turn its token back.
    """

    value: str = field(repr=False)
    pii_type: str
    token: str
    prefix: str
    suffix: str
    start_pos: int
    end_pos: int
    reversible: bool = True

    @property
    def wrapped(self) -> str:
        """The token in its wrapper, as it stands in the masked text."""
        return f"{self.prefix}{self.token}{self.suffix}"


@dataclass(frozen=True, slots=True)
class ExcludedEntity:
    """A span that was found and left in clear because the policy says so."""

    value: str = field(repr=False)
    pii_type: str
    start_pos: int
    end_pos: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A masked text: `token_value` is `value` with every span replaced by its wrapped token."""

    value: str = field(repr=False)
    token_value: str
    individual_tokens: tuple[IndividualToken, ...] = ()
    excluded_entities: tuple[ExcludedEntity, ...] = ()
    toxicity_analysis: Mapping[str, float] | None = None
    attributes: Any = field(default=None, repr=False)
    token_name: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Unmasked:
    """A restored text: `token_value` as it was given, `value` with its tokens turned back."""

    value: str = field(repr=False)
    token_value: str
    toxicity_analysis: Mapping[str, float] | None = None
    attributes: Any = field(default=None, repr=False)


def rebuild(value: str, tokens: Iterable[IndividualToken]) -> str:
    """Replace every span of `value` by its wrapped token. Spans must not overlap."""
    parts: list[str] = []
    at = 0
    for token in sorted(tokens, key=lambda t: t.start_pos):
        parts.append(value[at : token.start_pos])
        parts.append(token.wrapped)
        at = token.end_pos
    parts.append(value[at:])
    return "".join(parts)
