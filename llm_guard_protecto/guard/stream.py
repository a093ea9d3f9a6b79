"""A streamed reply, restored as it comes: bytes in, bytes out, however they are cut.

Each text of the stream (the content of a choice, the arguments of a tool call) has a restorer of
its own. What one holds back leaves before the event that ends its text, in an event shaped like
the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.places import Place
from llm_guard_protecto.guard.restore import Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit
from llm_guard_protecto.wire.slots import Channel, Format, Treat
from llm_guard_protecto.wire.sse import Event, Events

__all__ = ["Stream", "place_of"]


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
    text: str


class Stream:
    """Restores a stream of server-sent events. Feed it bytes, and flush it at the end."""

    def __init__(self, format_: Format, tokens: TokenMap) -> None:
        """Restore `tokens` in a stream that speaks `format_`."""
        self._format = format_
        self._tokens = tokens
        self._events = Events()
        self._texts: dict[Channel, _Text] = {}

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what may be passed on. Raises `UnknownFormat`."""
        if not self._tokens:
            return data
        return b"".join([self._event(event) for event in self._events.feed(data)])

    def flush(self) -> bytes:
        """Return what was held back, once the stream has ended or was cut."""
        if not self._tokens:
            return b""
        rest = b"".join([self._event(event) for event in self._events.flush()])
        return rest + self._release(())

    def _event(self, event: Event) -> bytes:
        if event.data is None:
            return event.raw
        try:
            doc = JsonText(event.data)
        except UnknownFormat:
            # The closing `[DONE]`, or something no program reads as JSON: it goes as it came.
            return self._release(()) + event.raw
        said = self._deltas(event, doc)
        before: list[bytes] = []
        for ended in self._format.ends(doc):
            for channel in [c for c in self._texts if c[: len(ended)] == ended]:
                text = self._texts.pop(channel)
                held = text.restorer.flush()
                last = next((one for one in reversed(said) if one.channel == channel), None)
                if last is not None:
                    last.text += held
                elif held:
                    before.append(self._extra(channel, text, held))
        changes = [(one.leaf, one.text) for one in said]
        changes += [
            (slot.leaf, restore(slot.leaf.value, self._tokens, place_of(slot.treat)))
            for slot in self._format.reply_slots(doc)
        ]
        changes = [(leaf, text) for leaf, text in changes if text != leaf.value]
        before.append(event.with_data(edit(doc.text, changes)) if changes else event.raw)
        return b"".join(before)

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

    def _release(self, channels: Channel) -> bytes:
        """Flush every text whose channel starts with `channels`, each in an event of its own."""
        extra: list[bytes] = []
        for channel in [c for c in self._texts if c[: len(channels)] == channels]:
            text = self._texts.pop(channel)
            held = text.restorer.flush()
            if held:
                extra.append(self._extra(channel, text, held))
        return b"".join(extra)

    def _extra(self, channel: Channel, text: _Text, held: str) -> bytes:
        return text.event.with_data(self._format.flush_event(text.doc, channel, held))
