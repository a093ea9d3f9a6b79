"""The bodies of mask and unmask, and what their answers mean.

A call is planned first: which pieces of which items are sent, in order. The answer is read against
that plan, so it can neither be short, nor out of order, nor for other texts than were asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item, Masked, Unmasked
from llm_guard_protecto.protecto.cutting import SIZE, Piece, cut, sendable
from llm_guard_protecto.protecto.reading import Json, Row, joined, rows, scores_of, string, worst

__all__ = ["MaskPlan", "UnmaskPlan", "as_json", "plan_mask", "plan_unmask"]


class _Plan:
    """Pieces of what is asked, and which of them are sent."""

    __slots__ = ()

    pieces: tuple[tuple[Piece, ...], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to ask."""
        return not self._sent

    @property
    def _sent(self) -> list[Piece]:
        return [piece for pieces in self.pieces for piece in pieces if piece.sent]

    def _answers(self, data: Json) -> Iterator[Row]:
        """The answer to each piece that was sent, in order."""
        return iter(rows(data, len(self._sent)))


@dataclass(frozen=True, slots=True)
class MaskPlan(_Plan):
    """Items and the pieces of each; `body` asks for those that are sent, in order."""

    items: tuple[Item, ...] = field(repr=False)
    pieces: tuple[tuple[Piece, ...], ...] = field(repr=False)
    policy: str | None = None

    @property
    def body(self) -> bytes:
        """The request's JSON."""
        asked = [
            _question(item, piece)
            for item, pieces in zip(self.items, self.pieces, strict=True)
            for piece in pieces
            if piece.sent
        ]
        return as_json(_with_policy({"mask": asked}, self.policy))

    def read(self, data: Json) -> list[Masked]:
        """The masked items. Raises `VaultError` for an answer that is not one to this request."""
        answers = self._answers(data)
        return [
            joined(item, pieces, answers)
            for item, pieces in zip(self.items, self.pieces, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class UnmaskPlan(_Plan):
    """Texts and the pieces of each; uncut, because a token may be anywhere."""

    texts: tuple[str, ...] = field(repr=False)
    pieces: tuple[tuple[Piece, ...], ...] = field(repr=False)
    policy: str | None = None

    @property
    def body(self) -> bytes:
        """The request's JSON."""
        asked = [{"token_value": piece.text} for piece in self._sent]
        return as_json(_with_policy({"unmask": asked}, self.policy))

    def read(self, data: Json) -> list[Unmasked]:
        """The restored texts. What the vault echoes as `token_value` is not looked at."""
        answers = self._answers(data)
        restored: list[Unmasked] = []
        for text, pieces in zip(self.texts, self.pieces, strict=True):
            parts = [
                (string(row, "value"), scores_of(row))
                for row in (
                    next(answers) if piece.sent else {"value": piece.text} for piece in pieces
                )
            ]
            scores = worst([scores for _, scores in parts])
            restored.append(Unmasked("".join(value for value, _ in parts), text, scores))
        return restored

    @property
    def halves(self) -> list[UnmaskPlan]:
        """Two plans for half of the texts each."""
        at = len(self.texts) // 2
        return [
            UnmaskPlan(self.texts[part], self.pieces[part], self.policy)
            for part in (slice(at), slice(at, None))
        ]

    @property
    def unchanged(self) -> list[Unmasked]:
        """The texts as they are."""
        return [Unmasked(text, text) for text in self.texts]


def plan_mask(
    texts: Sequence[str | Item], policy: str | None = None, size: int | None = SIZE
) -> MaskPlan:
    """Plan to mask; texts that are to be searched are cut to `size` characters.

    Raises `ConfigurationError` for what no vault would accept, with Protecto's own message.
    """
    items = tuple(_item(text, at) for at, text in enumerate(texts))
    return MaskPlan(items, tuple(tuple(_pieces(item, size)) for item in items), policy)


def plan_unmask(texts: Sequence[str], policy: str | None = None) -> UnmaskPlan:
    """Plan to unmask."""
    for at, text in enumerate(texts):
        _check_string(text, at)
    return UnmaskPlan(tuple(texts), tuple(tuple(sendable(text)) for text in texts), policy)


def as_json(value: Json) -> bytes:
    """JSON in plain ASCII: whatever a text holds, it travels and comes back the same.

    Raises `ConfigurationError` for what JSON cannot say.
    """
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise ConfigurationError("attributes have to be what JSON can say") from None
    return text.encode("ascii")


def _item(text: str | Item, at: int) -> Item:
    """A checked item."""
    item = text if isinstance(text, Item) else Item(text)
    _check_string(item.value, at)
    if item.token_name is None and item.format is None:
        return item
    if not item.token_name:
        raise ConfigurationError("Missing token_name")
    if item.format is not None and not item.format:
        raise ConfigurationError("Missing format")
    return item


def _check_string(text: object, at: int) -> None:
    if not isinstance(text, str):
        raise ConfigurationError(f"text {at} is a {type(text).__name__}, not a string")


def _pieces(item: Item, size: int | None) -> Iterator[Piece]:
    if item.token_name is None:
        yield from cut(item.value, size)
        return
    pieces = sendable(item.value)
    if len(pieces) > 1 or any("\ud800" <= piece.text[0] <= "\udfff" for piece in pieces):
        raise ConfigurationError("a value with half a character cannot be masked by token name")
    yield from pieces


def _question(item: Item, piece: Piece) -> dict[str, Json]:
    question: dict[str, Json] = {"value": piece.text}
    named = {"token_name": item.token_name, "format": item.format, "attributes": item.attributes}
    return question | {key: value for key, value in named.items() if value is not None}


def _with_policy(body: dict[str, Json], policy: str | None) -> dict[str, Json]:
    return body if policy is None else {"policy_name": policy, **body}
