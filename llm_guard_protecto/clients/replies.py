"""The way back: what is done to a provider's reply, without reading from the network itself."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.clients.limits import check_size
from llm_guard_protecto.clients.receipts import HEADER, Call
from llm_guard_protecto.clients.refusal import (
    NOT_RESTORED,
    as_guard_error,
    refusal,
    refusal_event,
)
from llm_guard_protecto.errors import GuardError, UnknownFormat
from llm_guard_protecto.guard.exchange import Exchange
from llm_guard_protecto.guard.flow import Flow
from llm_guard_protecto.wire.packages import ByLine

if TYPE_CHECKING:
    import httpx2

__all__ = ["BadReply", "Collected", "Restoring", "Treatment", "answer", "treatment", "whole"]

_READABLE = {"", "identity", "gzip", "deflate"}
"""Content encodings that both families undo without any extra installed."""

_STATUS_OF_A_BAD_REPLY = 502

_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LONGEST_END = 4


class Treatment(enum.Enum):
    """What is done to a reply's body on its way back."""

    WHOLE = "read whole, then restored"
    EVENTS = "restored event by event as it comes"
    UNTOUCHED = "passed on byte for byte, unread until the host reads it"


class BadReply(Exception):
    """The provider's reply cannot be restored; carries the error that the host gets instead."""

    def __init__(self, error: GuardError, status: int | None = None) -> None:
        """Answer with `error`, as `status` or as the error hints."""
        super().__init__()
        self.error, self.status = error, status

    def answer(self, http: Any, call: Call) -> httpx2.Response:
        """Make the answer of the family `http` that says so; ends the call."""
        call.end("unrestored")
        return call.stamp(refusal(http, self.error, self.status))


class Collected:
    """A body being collected, up to a limit."""

    def __init__(self, limit: int) -> None:
        """Collect at most `limit` bytes."""
        self._pieces: list[bytes] = []
        self._size, self._limit = 0, limit

    def add(self, piece: bytes) -> None:
        """Collect `piece`; raises `BadReply` beyond the limit."""
        self._size += len(piece)
        try:
            check_size("provider's reply", self._size, self._limit)
        except UnknownFormat as error:
            raise BadReply(error, _STATUS_OF_A_BAD_REPLY) from None
        self._pieces.append(piece)

    def joined(self) -> bytes:
        """Return the whole body."""
        return b"".join(self._pieces)


class Restoring:
    """One event stream being restored. A failure becomes one error event, and ends it."""

    def __init__(self, reply: httpx2.Response, exchange: Exchange, call: Call) -> None:
        """Restore what `exchange` masked; raises `BadReply` when this stream cannot be."""
        self.failed, self._exchange = False, exchange
        self._call = call
        self._passed = b""  # the last that was passed on, at least as long as an event's end
        try:
            self._stream = exchange.stream(reply.headers.get("content-type", ""))
        except Exception as error:  # noqa: BLE001 - must not leak nor hang
            raise BadReply(as_guard_error(error, NOT_RESTORED)) from None

    def feed(self, piece: bytes) -> bytes:
        """Return what may be passed on after `piece`."""
        self._call.heard(piece)
        try:
            passed = self._stream.feed(piece)
        except Exception as error:  # noqa: BLE001 - must not leak nor hang
            return self._fail(error)
        if passed:
            self._passed = (
                passed if len(passed) >= _LONGEST_END else (self._passed + passed)[-_LONGEST_END:]
            )
        return passed

    @property
    def waits(self) -> bool:
        """Whether a piece revealed an id under which something is to be kept first."""
        tied = self._exchange.tied
        return tied is not None and tied.waits and not self.failed

    def settled(self, passing: bytes) -> Flow[bytes]:
        """Keep what was revealed; return `passing`, or the event that says why not."""
        try:
            if self._exchange.tied is not None:
                yield from self._exchange.tied.settle()
        except Exception as error:  # noqa: BLE001 - must not leak nor hang
            return self._fail(error)
        return passing

    def flush(self) -> bytes:
        """Return what was held back, at the stream's proper end, and the receipt as a comment."""
        try:
            rest = self._stream.flush()
        except Exception as error:  # noqa: BLE001 - must not leak nor hang
            return self._fail(error)
        ended = (self._passed[-_LONGEST_END:] + rest).endswith(_ENDS)
        whole = ended and not self._stream.broken
        told = self._call.end("whole" if whole else "")
        # Behind half an event a comment would make it a whole one. And it is a line, not an event
        # of its own: to some readers the empty line after a comment is an event without data.
        return rest + f": {HEADER} {told.as_json()}\n".encode() if whole else rest

    def _fail(self, error: Exception) -> bytes:
        self.failed = True
        self._call.end("unrestored")
        return refusal_event(as_guard_error(error, NOT_RESTORED))


def treatment(reply: httpx2.Response, exchange: Exchange) -> Treatment:
    """Decide by what the headers say, but read every file. Raises `BadReply` for text in an encoding we cannot undo."""
    headers = reply.headers
    if reply.status_code in (204, 304) or headers.get("content-length") == "0":
        return Treatment.UNTOUCHED
    if reply.request.method == "HEAD":
        return Treatment.UNTOUCHED
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    events = kind == "text/event-stream"
    text = (
        isinstance(exchange.format, ByLine)
        or kind.startswith("text/")
        or kind == "application/json"
        or kind.endswith("+json")
    )
    # Read already by an event hook: then its raw bytes are gone, and it is passed on as read.
    if not events and not text and not reply.is_stream_consumed:
        return Treatment.UNTOUCHED
    encodings = {name.strip().lower() for name in headers.get("content-encoding", "").split(",")}
    if not encodings <= _READABLE:
        error = UnknownFormat("the provider's reply is compressed in a way we cannot undo")
        raise BadReply(error, _STATUS_OF_A_BAD_REPLY)
    return Treatment.EVENTS if events else Treatment.WHOLE


def whole(
    http: Any, reply: httpx2.Response, exchange: Exchange, content: Collected, call: Call
) -> Flow[httpx2.Response]:
    """The answer whose whole body was read here, restored.

    It is read before the host sees the status, so that a failure to restore can still become an
    answer. The body is handed over as a stream all the same: the host reads and closes it as usual.
    """
    try:
        restored = content.joined()
        call.heard(restored)
        if restored:  # a body with nothing in it says nothing, whatever type it claims to be
            content_type = reply.headers.get("content-type", "")
            ok = reply.status_code < 400
            restored = yield from exchange.answered(content_type, restored, ok=ok)
    except Exception as error:  # noqa: BLE001 - must not leak nor hang
        raise BadReply(as_guard_error(error, NOT_RESTORED)) from None
    call.end("whole")
    return answer(http, reply, Treatment.WHOLE, http.ByteStream(restored), call, len(restored))


def answer(
    http: Any,
    reply: httpx2.Response,
    how: Treatment,
    stream: Any,
    call: Call,
    length: int | None = None,
) -> httpx2.Response:
    """The reply with another body; without the headers that described the old one."""
    headers = list(reply.headers.raw)
    if how is not Treatment.UNTOUCHED:
        stale = (b"content-length", b"content-encoding", b"transfer-encoding")
        headers = [(name, value) for name, value in headers if name.lower() not in stale]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    answer: httpx2.Response = http.Response(
        reply.status_code, headers=headers, stream=stream, extensions=reply.extensions
    )
    return call.stamp(answer)
