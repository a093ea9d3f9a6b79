"""A guard with a memory: what one call of a conversation leaves for the next.

Two things of the Messages API need it. A signed block has to go back as the provider wrote it
(`thinking`), and a thread that the provider keeps is restored from all its calls (`threads`).
Everything is kept in this object, in memory, and forgotten with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from llm_guard_protecto.guard import exchange
from llm_guard_protecto.guard.exchange import Exchange, Outgoing
from llm_guard_protecto.guard.flow import Flow
from llm_guard_protecto.guard.stream import Stream
from llm_guard_protecto.guard.thinking import Heard, Thoughts, parsed, signed_blocks
from llm_guard_protecto.guard.threads import Threads
from llm_guard_protecto.vault import PolicyChoice
from llm_guard_protecto.wire.anthropic_messages import MESSAGES
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.sse import Event, Events

__all__ = ["Guard"]


class Guard(exchange.Guard):
    """The settings of one protection; opens an exchange for each call. Thread-safe."""

    def __init__(self, policy: PolicyChoice = None) -> None:
        """`policy` is a policy, the name of one the vault knows, or None for its default."""
        super().__init__(policy)
        self._thoughts = Thoughts()
        self._threads = Threads()

    def open(self, request: Outgoing) -> Flow[Exchange]:
        """Mask a request, in one question to the vault; see `exchange.Guard`."""
        flow = super().open(request)
        try:
            question = next(flow)
        except StopIteration as end:  # nothing to ask
            return _exchange(end)
        answer = yield question
        try:
            flow.send(answer)
        except StopIteration as end:
            opened = _exchange(end)
        if opened.format is not MESSAGES:
            return opened
        tokens = opened.tokens
        thread = b'"thread"' in request.body
        if thread:
            before = JsonText(request.body.decode()).at(("thread", "previous_message_id"))
            if before is not None:
                tokens = self._threads.of(before.value).with_(answer)
        body = self._thoughts.replay(request.body, opened.body)
        threads = self._threads if thread else None
        return _Noting(body, opened.format, tokens, self._thoughts, threads)


def _exchange(end: StopIteration) -> Exchange:
    opened: Exchange = end.value
    return opened


@dataclass(frozen=True, slots=True)
class _Noting(Exchange):
    """An exchange that notes of its reply what the next call may need."""

    thoughts: Thoughts = field(repr=False)
    threads: Threads | None = field(repr=False)

    def reply(self, content_type: str, body: bytes) -> bytes:
        restored = Exchange.reply(self, content_type, body)
        if self.threads is not None or b"signature" in body:
            heard, said = parsed(body), parsed(restored)
            for one, other in zip(signed_blocks(heard), signed_blocks(said), strict=False):
                self.thoughts.note(one[0], one[1], other[1])
            self.ended(heard.get("id"))
        return restored

    def stream(self, content_type: str) -> Stream:
        Exchange.stream(self, content_type)  # refuses what is no event stream
        return _NotingStream(self)

    def ended(self, message: object) -> None:
        """The reply of this exchange has this id."""
        if self.threads is not None and isinstance(message, str) and message:
            self.threads.note(message, self.tokens)


class _NotingStream(Stream):
    """A stream of which is noted what passes, as it comes and as it leaves."""

    def __init__(self, exchange: _Noting) -> None:
        super().__init__(exchange.format, exchange.tokens)
        self._exchange = exchange
        self._heard, self._said = Heard(), Heard()

    def _event(self, event: Event) -> bytes:
        passed = super()._event(event)
        if self._heard.take(event):
            for one in Events().feed(passed):
                self._said.take(one)
            for (signature, heard), (_, said) in zip(
                self._heard.ended(), self._said.ended(), strict=False
            ):
                self._exchange.thoughts.note(signature, heard, said)
            self._exchange.ended(self._heard.message)
        return passed
