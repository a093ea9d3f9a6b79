"""The vocabulary in which a provider API is described: a table says where its text lives.

A table is a tree of `Place` values that mirrors the JSON of one API. `walk.Table` goes through a
body and its table together and reports every leaf that may hold a user's words. What a table does
not name is text: a field that a provider adds tomorrow is masked until someone lists it.

    CONTENT = Place(each=Place(by="type", cases={"text": Place({"type": KEEP, "text": TEXT})},
                               otherwise=refuse("content of this type cannot be masked",
                                                "unknown_types", DATA)))
    REQUEST = Place({"model": KEEP, "messages": Place(each=Place({"content": CONTENT}))})

The leaves are few: TEXT, JSON, NAME and LABEL are masked, each in its way; KEEP is a word of the API's own
(a model, an id, a mode) and stays as long as it looks like one; SKIP is a subtree that never holds
a user's words, or must come back byte for byte; DATA is free JSON, such as arguments given as an
object; `refuse(reason, key)` is what cannot be masked at all, unless a policy opens `key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from llm_guard_protecto.wire.json_text import JsonText, Leaf, Path

__all__ = [
    "DATA",
    "FRAGMENT",
    "JSON",
    "KEEP",
    "LABEL",
    "NAME",
    "SKIP",
    "STREAMED",
    "TEXT",
    "Channel",
    "Delta",
    "Format",
    "Place",
    "Slot",
    "Treat",
    "refuse",
]

Channel = tuple[str | int, ...]
"""Names one stream of text inside a streamed reply; starts with the number of the choice."""


class Treat(StrEnum):
    """How the text of a slot is to be read and written."""

    TEXT = "text"
    """Plain text."""
    JSON = "json"
    """JSON inside a string: work on its own leaves; text when `json_text.nested` gives None."""
    NAME = "name"
    """A participant's name: what replaces it may hold only `[A-Za-z0-9_-]`."""
    JSON_FRAGMENT = "json_fragment"
    """A piece of JSON text, cut anywhere: what is put back must be escaped for a JSON string."""
    JSON_VALUE = "json_value"
    """A string of a reply's own JSON, such as arguments given as an object: text, or JSON again."""
    LABEL = "label"
    """An identifier of the caller's own: it stays unless something is found in it, and becomes a
    `NAME` then."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a body that may hold text. `leaf` is a string, a key, or a number of free data.

    A number or a key is to be replaced only when something is found in it.
    """

    leaf: Leaf
    treat: Treat = Treat.TEXT

    @property
    def path(self) -> Path:
        """Where the leaf stands."""
        return self.leaf.path


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of one streamed text. Pieces of one `channel` belong together, in order."""

    channel: Channel = field(repr=False)
    leaf: Leaf
    treat: Treat = Treat.TEXT


class Format(Protocol):
    """One provider API. Stateless; every method takes one parsed body or stream event.

    Of a stream event, `deltas` and `reply_slots` share the text: no leaf is in both.
    """

    @property
    def name(self) -> str:
        """A stable name for logs and reports, such as `openai_chat`."""
        ...

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """Return what to mask. Raises UnknownFormat for what can neither be masked nor sent."""
        ...

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """Return what to restore as a whole, in a reply, an error body or a stream event."""
        ...

    def deltas(self, doc: JsonText) -> list[Delta]:
        """Return the pieces of streamed text in a stream event."""
        ...

    def ends(self, doc: JsonText) -> list[Channel]:
        """Return prefixes of the channels that get nothing more after this event."""
        ...

    def flush_event(self, doc: JsonText, channel: Channel, text: str) -> str:
        """Return the JSON of one more event that carries `text` for `channel` and nothing else.

        `doc` is an event of the same stream, at best the last one that carried this channel.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """What stands at one place of a body.

    fields: what stands under each known key. Known keys are never rewritten.
    each: what stands at every position, if this is a list; None: the same as here.
    other: what stands under a key that is not known; None: free data (DATA).
    by, cases, otherwise: the fields depend on the value of the key `by`: those of `cases[value]`
        (`cases[None]` when the key is missing or null), else of `otherwise`. A body that gives the
        key twice with different values is refused.
    treat: how to treat a string (or, in free data, a number) that stands right here.
    keep: a string right here is a word of the API; it becomes a slot only if it does not look so.
    skip: nothing here or below is a slot.
    names: the unknown keys here are names that must not change, whatever they look like.
    numbers: a number right here is a slot too.
    number_refusal: a number right here refuses the body with this reason.
    number_key: the switch of a policy that lets such numbers pass.
    stream: a string right here is a piece of streamed text.
    refusal: whatever stands here, refuse the body with this reason.
    key, opened: the switch of a policy that opens a refused place, and what stands there then.
    """

    fields: Mapping[str, Place] = field(default_factory=dict)
    each: Place | None = None
    other: Place | None = None
    by: str | None = None
    cases: Mapping[str | None, Place] = field(default_factory=dict)
    otherwise: Place | None = None
    treat: Treat = Treat.TEXT
    keep: bool = False
    skip: bool = False
    names: bool = False
    numbers: bool = False
    number_refusal: str = ""
    number_key: str = ""
    stream: bool = False
    refusal: str = ""
    key: str = ""
    opened: Place | None = None


DATA = Place(numbers=True)
TEXT = Place()
JSON = Place(treat=Treat.JSON)
NAME = Place(treat=Treat.NAME)
LABEL = Place(treat=Treat.LABEL)
KEEP = Place(keep=True)
SKIP = Place(skip=True)
STREAMED = Place(each=TEXT, stream=True)
FRAGMENT = Place(each=TEXT, treat=Treat.JSON_FRAGMENT, stream=True)


def refuse(reason: str, key: str = "", opened: Place = SKIP) -> Place:
    """Return a place whose mere presence refuses the body. `reason` says what and what to do.

    `key` is the switch in the table `surfaces` of a policy that opens it. Then `opened` stands
    there: SKIP sends it as it is, and what has no text of its own is searched all the same.
    """
    return Place(refusal=reason, key=key, opened=opened)
