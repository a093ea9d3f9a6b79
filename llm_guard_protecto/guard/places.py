"""Where a restored value may be placed, as a policy says, and how it is written there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from llm_guard_protecto.policy import Addresses, Step, any_starts

__all__ = ["Arguments", "Place", "Places"]


class Place(Enum):
    """What the text of a restorer is."""

    PLAIN = "plain"
    """Text or Markdown."""
    JSON_FRAGMENT = "json_fragment"
    """A JSON document, whole or in pieces, from its first character (tool-call arguments)."""
    JSON_STRING = "json_string"
    """The raw inside of one JSON string literal, without its quotes."""
    JSON_VALUE = "json_value"
    """What one JSON string means: text, or a JSON document again."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Which places of a tool's arguments are open: paths as steps, below `at`.

    `allowed` is None for all of them; `closed` are those that are not, whatever is allowed.
    """

    allowed: tuple[tuple[str, ...], ...] | None = None
    closed: tuple[tuple[str, ...], ...] = ()
    at: tuple[Step, ...] = ()

    def opens(self, way: tuple[Step, ...]) -> bool:
        """Whether the place at `way`, counted from `at`, is open."""
        whole = (*self.at, *way)
        if self.allowed is not None and not any_starts(self.allowed, whole):
            return False
        return not any_starts(self.closed, whole)


@dataclass(frozen=True, slots=True)
class Places:
    """What a policy allows in one text.

    `urls`, `images`: where inside addresses, and inside those that a page loads by itself; "own"
    is an address the user wrote, and a token that stands for a whole address. `opened`: whether
    anything is restored. `arguments`: in which places of the JSON that the text is.
    """

    urls: Addresses = "own"
    images: Addresses = "own"
    opened: bool = True
    arguments: Arguments | None = None

    @property
    def free(self) -> bool:
        """Whether no address needs to be looked at."""
        return self.urls == self.images == "always"

    def at(self, way: tuple[Step, ...]) -> Places:
        """What is allowed in the text at `way` of the arguments."""
        if self.arguments is None:
            return self
        return replace(self, opened=self.arguments.opens(way), arguments=None)
