"""A streamed reply, restored as it comes: bytes in, bytes out, however they are cut.

Each text of the stream (the content of a choice, the arguments of a tool call) has a restorer of
its own. What one holds back leaves before the event that ends its text, in an event shaped like
the others.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.places import Place
from llm_guard_protecto.guard.restore import Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit, quote
from llm_guard_protecto.wire.slots import Channel, Format, Treat
from llm_guard_protecto.wire.sse import Event, Events

__all__ = ["Stream", "place_of"]

_LITERAL = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')


def place_of(treat: Treat) -> Place:
    """What kind of text a slot of a reply holds, for the restorer."""
    if treat in (Treat.JSON, Treat.JSON_FRAGMENT):
        return Place.JSON_FRAGMENT
    return Place.PLAIN


@dataclass(slots=True)
class _Text:
    """One streamed text: its restorer, and the last event that brought some of it."""

    restorer: Restorer
    event: Event
    doc: JsonText


@dataclass(slots=True)
class _Said:
    """One piece of an event, and what it says once restored."""

    channel: Channel
    leaf: Leaf
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Shape:
    """An event that brought one piece and nothing else: all that stands around the piece.

    The next event of a stream mostly differs in that piece alone. If what stands around it is the
    same, character by character, so is what it means, and nothing needs to be parsed.
    """

    before: str = field(repr=False)
    after: str = field(repr=False)
    channel: Channel

    def piece(self, data: str) -> str | None:
        """The literal in the place of the piece; None when this event has another shape."""
        if data.startswith(self.before) and data.endswith(self.after):
            literal = data[len(self.before) : len(data) - len(self.after)]
            if _LITERAL.fullmatch(literal):
                return literal
        return None


class Stream:
    """Restores a stream of server-sent events. Feed it bytes, and flush it at the end."""

    def __init__(self, format_: Format, tokens: TokenMap) -> None:
        """Restore `tokens` in a stream that speaks `format_`."""
        self._format = format_
        self._tokens = tokens
        self._events = Events()
        self._texts: dict[Channel, _Text] = {}
        self._shape: _Shape | None = None

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what may be passed on. Raises `UnknownFormat`."""
        if not self._tokens:
            return data
        return b"".join([self._event(event) for event in self._events.feed(data)])

    def flush(self) -> bytes:
        """Return what was held back, once the stream has ended or was cut."""
        if not self._tokens:
            return b""
        events = self._events.flush()
        whole = [self._event(event) for event in events if event.complete]
        # An event that was cut short is none to any reader; it stays the last thing that came.
        cut = [event.raw for event in events if not event.complete]
        return b"".join([*whole, self._release(()), *cut])

    def _event(self, event: Event) -> bytes:
        if event.data is None:
            return event.raw
        if self._shape is not None:
            literal = self._shape.piece(event.data)
            if literal is not None:
                return self._same_shape(event, self._shape, literal)
        try:
            doc = JsonText(event.data)
        except UnknownFormat:
            # The closing `[DONE]`, or something no program reads as JSON: it goes as it came.
            return self._release(()) + event.raw
        return self._parsed(event, doc)

    def _same_shape(self, event: Event, shape: _Shape, literal: str) -> bytes:
        said = json.loads(literal) if "\\" in literal else literal[1:-1]
        text = self._texts[shape.channel].restorer.feed(said)
        if text == said:
            return event.raw
        ascii_only = shape.before.isascii() and literal.isascii()
        return event.with_data(shape.before + quote(text, ascii_only=ascii_only) + shape.after)

    def _parsed(self, event: Event, doc: JsonText) -> bytes:
        said = self._deltas(event, doc)
        ends = self._format.ends(doc)
        slots = self._format.reply_slots(doc)
        out = [self._ended(end, said) for end in ends]
        changes = [(one.leaf, one.text) for one in said]
        changes += [
            (slot.leaf, restore(slot.leaf.value, self._tokens, place_of(slot.treat)))
            for slot in slots
        ]
        changes = [(leaf, text) for leaf, text in changes if text != leaf.value]
        out.append(event.with_data(edit(doc.text, changes)) if changes else event.raw)
        self._shape = None
        if len(said) == 1 and not ends and not slots:
            leaf = said[0].leaf
            around = doc.text[: leaf.start], doc.text[leaf.end :]
            self._shape = _Shape(*around, said[0].channel)
        return b"".join(out)

    def _deltas(self, event: Event, doc: JsonText) -> list[_Said]:
        """Feed the event's pieces to their restorers: what each piece says now."""
        said: list[_Said] = []
        for delta in self._format.deltas(doc):
            text = self._texts.get(delta.channel)
            if text is None:
                restorer = Restorer(self._tokens, place_of(delta.treat))
                text = self._texts[delta.channel] = _Text(restorer, event, doc)
            text.event, text.doc = event, doc
            said.append(_Said(delta.channel, delta.leaf, text.restorer.feed(delta.leaf.value)))
        return said

    def _ended(self, end: Channel, said: list[_Said]) -> bytes:
        """Flush the texts that end here: into their last piece, or into an event of their own."""
        for one in reversed(said):
            if one.channel[: len(end)] == end and one.channel in self._texts:
                one.text += self._texts.pop(one.channel).restorer.flush()
        return self._release(end)

    def _release(self, channels: Channel) -> bytes:
        """Flush every text whose channel starts with `channels`, each in an event of its own."""
        extra: list[bytes] = []
        for channel in [c for c in self._texts if c[: len(channels)] == channels]:
            text = self._texts.pop(channel)
            held = text.restorer.flush()
            if held:
                data = self._format.flush_event(text.doc, channel, held)
                extra.append(text.event.with_data(data))
        self._shape = None
        return b"".join(extra)
