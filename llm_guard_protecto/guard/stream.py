"""A streamed reply, restored as it comes: bytes in, bytes out, however they are cut.

Each text of the stream (the content of a choice, the arguments of a tool call) has a restorer of
its own. What one holds back leaves before the event that ends its text, in an event shaped like
the others.

Events that are numbered (`sequence_number`) get no company: a number given twice is dropped by
who counts, and other numbers would not be those that the provider resumes at. There an event whose
text is not certain to its end waits, with all that follow it, until it is: for the next piece of
that text, or for the event that ends it. Only past `MOST_WAITING` events does it go ahead, and what
it held then leaves in an event that repeats its number.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.destinations import Destinations
from llm_guard_protecto.guard.positions import moves, positioned, rewritten
from llm_guard_protecto.guard.reader import Edit
from llm_guard_protecto.guard.receipt import Tally
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.wire.json_text import JsonText, Leaf, quote
from llm_guard_protecto.wire.logprobs import without_logprobs
from llm_guard_protecto.wire.slots import Channel, Format, Slot
from llm_guard_protecto.wire.sse import Event, Events

__all__ = ["MOST_WAITING", "Stream"]

MOST_WAITING = 32
"""Numbered events that wait at most, for a text that is held back to go on."""

_LITERAL = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')


@dataclass(slots=True)
class _Said:
    """One piece of an event, and what it says once restored."""

    channel: Channel
    leaf: Leaf
    text: str = field(repr=False)


@dataclass(slots=True)
class _Arrived:
    """An event that arrived, and what is to be written into it."""

    event: Event
    doc: JsonText
    numbered: bool
    said: list[_Said] = field(default_factory=list)
    slots: Sequence[Slot] = ()
    gone: bool = False


@dataclass(slots=True)
class _Text:
    """One streamed text: its restorer, the event that brought the last piece, and that piece."""

    restorer: Restorer
    last: _Arrived
    piece: _Said


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

    def __init__(
        self,
        format_: Format,
        tokens: TokenMap,
        tally: Tally | None = None,
        *,
        policy: Policy | None = None,
    ) -> None:
        """Restore `tokens` in a stream that speaks `format_`, and count it in `tally`.

        `policy` says what is restored where; None for the default one.
        """
        self._tally = tally or Tally()
        policy = policy or Policy.built_in()
        self._destinations = Destinations(policy.restore)
        self._drops = policy.surfaces.logprobs == "drop"
        self._passes = not tokens.issued and not self._drops  # nothing to do: as it comes
        self._format, self._positioned = format_, positioned(format_)
        self._tokens = tokens
        self._events = Events()
        self._texts: dict[Channel, _Text] = {}
        self._ended: dict[Channel, Sequence[Edit]] = {}
        self._queue: deque[_Arrived | bytes] = deque()  # what has not left yet, in order
        self._shape: _Shape | None = None
        self.broken = False
        """Whether the stream ended inside an event, which was left out."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what may be passed on. Raises `UnknownFormat`."""
        if self._passes:
            return data
        started = perf_counter()
        passed = b"".join([self._event(event) for event in self._events.feed(data)])
        self._tally.restore_s += perf_counter() - started
        return passed

    def flush(self) -> bytes:
        """Return what was held back, once the stream has ended or was cut.

        An event that was cut short is none to any reader. It may hold half a token, and is left
        out, unless it cannot say anything.
        """
        if self._passes:
            return b""
        events = self._events.flush()
        whole = [self._event(event) for event in events if event.complete]
        cut = [event for event in events if not event.complete]
        silent = [event.raw for event in cut if '"' not in (event.data or "")]
        self.broken = len(silent) < len(cut)
        return b"".join([*whole, self._release(broken=self.broken), *silent])

    def _event(self, event: Event) -> bytes:
        if event.data is None:
            return event.raw
        if self._shape is not None:
            literal = self._shape.piece(event.data)
            if literal is not None:
                return self._same_shape(event, self._shape, literal)
        data = without_logprobs(event.data) if self._drops else event.data
        try:
            doc = JsonText(data)
        except UnknownFormat:
            # The closing `[DONE]`, or something no program reads as JSON: it goes as it came.
            return self._release() + event.raw
        return self._parsed(event, doc)

    def _same_shape(self, event: Event, shape: _Shape, literal: str) -> bytes:
        said = json.loads(literal) if "\\" in literal else literal[1:-1]
        text = self._texts[shape.channel].restorer.feed(said)
        if text == said:
            return event.raw
        ascii_only = shape.before.isascii() and literal.isascii()
        return event.with_data(shape.before + quote(text, ascii_only=ascii_only) + shape.after)

    def _parsed(self, event: Event, doc: JsonText) -> bytes:
        arrived = _Arrived(event, doc, doc.at(("sequence_number",)) is not None)
        self._destinations.note(doc)
        self._take(arrived)
        ends = self._format.ends(doc)
        broken = () in ends and _is_error(doc)
        for end in ends:
            self._end(end, broken=broken)
        arrived.slots = self._format.reply_slots(doc)
        self._queue.append(arrived)
        out = self._leave()
        self._shape = None
        if len(arrived.said) == 1 and not ends and not arrived.slots and not arrived.numbered:
            leaf = arrived.said[0].leaf
            around = doc.text[: leaf.start], doc.text[leaf.end :]
            self._shape = _Shape(*around, arrived.said[0].channel)
        return out

    def _take(self, arrived: _Arrived) -> None:
        """Feed the event's pieces to their restorers: what each piece says now."""
        for delta in self._format.deltas(arrived.doc):
            piece = _Said(delta.channel, delta.leaf, "")
            text = self._texts.get(delta.channel)
            if text is None:
                restorer = self._destinations.restorer(self._tokens, arrived.doc, delta)
                self._tally.follow(restorer)
                text = self._texts[delta.channel] = _Text(restorer, arrived, piece)
            text.last, text.piece = arrived, piece
            piece.text = text.restorer.feed(delta.leaf.value)
            arrived.said.append(piece)

    def _end(self, channels: Channel, *, broken: bool = False) -> None:
        """Flush every text whose channel starts with `channels`.

        What was held goes into the last piece, if that has not left yet, or into an event of its
        own. Of a text that is `broken` off it is not shown: it is the beginning of a token.
        """
        for channel in [c for c in self._texts if c[: len(channels)] == channels]:
            text = self._texts.pop(channel)
            flushed = text.restorer.flush()
            held = "" if broken else flushed
            self._tally.ended(text.restorer)
            if text.restorer.edits:
                self._ended[channel] = text.restorer.edits
            if held and not text.last.gone:
                text.piece.text += held
            elif held:
                data = self._format.flush_event(text.last.doc, channel, held)
                self._queue.append(text.last.event.with_data(data))

    def _release(self, *, broken: bool = False) -> bytes:
        """End every text, and let go of every event."""
        self._end((), broken=broken)
        self._shape = None
        return self._leave()

    def _leave(self) -> bytes:
        """Write the events that have to wait for nothing any more."""
        out: list[bytes] = []
        while self._queue:
            first = self._queue[0]
            if isinstance(first, _Arrived):
                if self._waits(first) and len(self._queue) <= MOST_WAITING:
                    break
                out.append(self._written(first))
            else:
                out.append(first)
            self._queue.popleft()
        return b"".join(out)

    def _waits(self, arrived: _Arrived) -> bool:
        """Whether a piece of this event is the last of its text, and not certain to its end."""
        if not arrived.numbered:
            return False
        texts = (self._texts.get(piece.channel) for piece in arrived.said)
        return any(text and text.last is arrived and text.restorer.held for text in texts)

    def _written(self, arrived: _Arrived) -> bytes:
        arrived.gone = True
        doc = arrived.doc
        strings = [(piece.leaf, piece.text) for piece in arrived.said]
        for slot in arrived.slots:
            restorer = self._destinations.restorer(self._tokens, doc, slot)
            said = self._tally.whole(restorer, slot.leaf.value, repeats=True)
            strings.append((slot.leaf, said))
        strings = [(leaf, text) for leaf, text in strings if text != leaf.value]
        plain = self._destinations.text
        numbers = moves(self._positioned, doc, self._tokens, self._edits, plain)
        if not strings and not numbers and doc.text == arrived.event.data:
            return arrived.event.raw
        return arrived.event.with_data(rewritten(doc.text, strings, numbers))

    def _edits(self, channel: Channel) -> Sequence[Edit]:
        """What was replaced in a text that came in pieces."""
        text = self._texts.get(channel)
        return self._ended.get(channel, ()) if text is None else text.restorer.edits


def _is_error(doc: JsonText) -> bool:
    """Whether an event says that the reply has failed."""
    said = doc.at(("type",))
    return (said is not None and said.value == "error") or any(
        leaf.path[:1] == ("error",) and (len(leaf.path) > 1 or leaf.kind == "string")
        for leaf in doc.leaves
    )
