"""Server-sent events: bytes to events and back, without changing what is not changed.

A push parser: `feed` takes any piece of the stream and returns the events that it completes,
`flush` what is left when the stream ends. However the stream is cut, the events are the same, and
their raw bytes joined are the stream. Lines may end in LF, CRLF or CR; comments, other fields,
several data lines and events without data are all kept in `raw`; a byte order mark at the start
comes out as an event of its own.

One subtle thing: a CR at the end of what has arrived may be half a CRLF, so the event waits for the
next byte, unless the stream has shown before that it ends lines with a lone CR. From then on a CR
ends the event, and a LF that still follows is carried along with the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llm_guard_protecto.errors import UnknownFormat

__all__ = ["MAX_EVENT_BYTES", "Event", "Events"]

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""An event that grows beyond this is refused: a stream without an end must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `raw` is every byte of it, `data` its data lines joined with LF.

    `data` is None when the event has no data line (a comment, an empty line). Bytes that are not
    UTF-8 become lone surrogates in `data` and go back as they came. `complete` is False for what a
    cut stream leaves behind: an event whose empty line never came.
    """

    raw: bytes = field(repr=False)
    data: str | None = field(repr=False)
    complete: bool = True

    def with_data(self, data: str) -> bytes:
        """Return the bytes of this event with other data.

        The other fields, comments and line endings stay, and so does the spelling of the data line
        (`data:` with or without the space); a line break in `data` makes a further data line.
        Raises ValueError, without text in it, if the event has no data line or `data` holds a lone
        surrogate that did not come from this event.
        """
        try:
            pieces = [piece.encode("utf-8", "surrogateescape") for piece in _BREAK.split(data)]
        except UnicodeEncodeError:  # it carries the data, so it must not be in the new one's chain
            pieces = []
        if not pieces:
            raise ValueError("a lone surrogate cannot be written as UTF-8")
        lines = list(_DATA.finditer(self.raw))
        if not lines:
            raise ValueError("an event without data cannot be given any")
        parts: list[bytes] = []
        at = 0
        for line in lines:
            parts.append(self.raw[at : line.start()])
            at = line.end()
        # In place of the last one: what follows it then still follows the same line ending, and no
        # CR meets a LF that was not its own.
        opening, ending = lines[-1][1] or b":", lines[-1][3]
        parts.append((ending or b"\n").join(_data_line(opening, piece) for piece in pieces))
        parts.append(ending + self.raw[at:])
        return b"".join(parts)


class Events:
    """The push parser of one stream."""

    __slots__ = ("_buffer", "_carried", "_line", "_lone_cr", "_seen", "_started")

    def __init__(self) -> None:
        """Begin at the first byte of a stream."""
        self._buffer = bytearray()  # of the event that is being read
        self._line = 0  # where its current line starts
        self._seen = 0  # where to go on looking for a line ending
        self._lone_cr = False  # a CR without LF has been seen: lines end in CR here
        self._carried = False  # the last event ended in CR; a LF right here belongs to that line
        self._started = False  # past the place of a byte order mark

    def feed(self, piece: bytes) -> list[Event]:
        """Take the next bytes; return the events they complete.

        Raises UnknownFormat when one event grows beyond `MAX_EVENT_BYTES`.
        """
        if not self._buffer and self._started and not self._carried and _ONE.fullmatch(piece):
            # A provider mostly sends one event of one line at a time: nothing to put together.
            return [Event(piece, piece[6:-2].decode("utf-8", "surrogateescape"))]
        self._buffer += piece
        events: list[Event] = []
        if not self._started and not self._start(events):
            return events
        while (end := self._next_end()) is not None:
            events.append(self._take(end))
        if len(self._buffer) > MAX_EVENT_BYTES:
            raise UnknownFormat("an event of the stream is too long")
        return events

    def flush(self) -> list[Event]:
        """The stream has ended: return what is left, if anything."""
        if not self._buffer:
            return []
        # The one thing that `feed` may wait for although the event is over: the LF after a CR.
        over = self._buffer.endswith(b"\r") and self._line == len(self._buffer) - 1
        return [self._take(len(self._buffer), complete=over)]

    def _start(self, events: list[Event]) -> bool:
        """Look for the byte order mark; False while it is open whether there is one."""
        if len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
            return False
        self._started = True
        if self._buffer.startswith(_BOM):
            events.append(self._take(len(_BOM)))
        return True

    def _next_end(self) -> int | None:
        """Return the end of the event in the buffer, or None if its empty line is not there yet."""
        buffer = self._buffer
        if self._carried and buffer:
            self._carried = False
            if buffer[0] == _LF:
                self._line = self._seen = 1
        while ending := _ENDING.search(buffer, self._seen):
            at = ending.start()
            empty = at == self._line
            end = at + 1
            if buffer[at] == _CR and not (empty and self._lone_cr):
                if end == len(buffer):
                    self._seen = at
                    return None
                if buffer[end] == _LF:
                    end += 1
                else:
                    self._lone_cr = True
            self._line = self._seen = end
            if empty:
                self._carried = buffer[end - 1] == _CR
                return end
        self._seen = len(buffer)
        return None

    def _take(self, end: int, *, complete: bool = True) -> Event:
        raw = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._line = self._seen = 0
        if len(raw) > MAX_EVENT_BYTES:
            raise UnknownFormat("an event of the stream is too long")
        lines = _DATA.findall(raw)
        data = b"\n".join([line[1] for line in lines]) if lines else None
        return Event(
            raw, None if data is None else data.decode("utf-8", "surrogateescape"), complete
        )


_BOM = b"\xef\xbb\xbf"
_LF, _CR = 10, 13
_ENDING = re.compile(rb"[\r\n]")
_BREAK = re.compile(r"\r\n|\r|\n")
_ONE = re.compile(rb"data: [^\r\n]{1,65536}\n\n")
# A data line: after its name the colon and one space, the value, the line ending.
_DATA = re.compile(rb"(?<![^\r\n])data(?:(:\x20?+)([^\r\n]*+))?+(\r\n|\r|\n|\Z)")


def _data_line(opening: bytes, value: bytes) -> bytes:
    """Write a data line; a value that starts with a space needs the space that is not counted."""
    return b"data" + (b": " if value.startswith(b" ") else opening) + value
