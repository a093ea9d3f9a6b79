"""A guard with a memory: what one call of a conversation leaves for the next.

The Messages API needs it: a signed block has to go back as the provider wrote it (`thinking`).
It is kept in this object, in memory, and forgotten with it. What the provider keeps itself, a
thread say, is in `stored`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from llm_guard_protecto.guard import exchange
from llm_guard_protecto.guard.exchange import Exchange, Outgoing
from llm_guard_protecto.guard.flow import Flow
from llm_guard_protecto.guard.stored import TiedStream
from llm_guard_protecto.guard.stream import Stream
from llm_guard_protecto.guard.thinking import Heard, Thoughts, parsed, signed_blocks
from llm_guard_protecto.vault import PolicyChoice
from llm_guard_protecto.wire.anthropic_events import Messages
from llm_guard_protecto.wire.sse import Event, Events

__all__ = ["Guard"]


class Guard(exchange.Guard):
    """The settings of one protection; opens an exchange for each call. Thread-safe."""

    def __init__(self, policy: PolicyChoice = None) -> None:
        """`policy` is a policy, the name of one the vault knows, or None for its default."""
        super().__init__(policy)
        self._thoughts = Thoughts()

    def open(self, request: Outgoing) -> Flow[Exchange]:
        """Mask a request, in one question to the vault; see `exchange.Guard`."""
        opened = yield from super().open(request)
        if not isinstance(opened.format, Messages):
            return opened
        body = self._thoughts.replay(request.body, opened.body)
        noting = _Noting(body, opened.format, opened.found, self._thoughts, policy=opened.policy)
        return replace(noting, tally=opened.tally, tied=opened.tied)


@dataclass(frozen=True, slots=True)
class _Noting(Exchange):
    """An exchange that notes of its reply what the next call may need."""

    thoughts: Thoughts = field(repr=False)

    def reply(self, content_type: str, body: bytes) -> bytes:
        restored = Exchange.reply(self, content_type, body)
        if b"signature" in body:
            heard, said = parsed(body), parsed(restored)
            for one, other in zip(signed_blocks(heard), signed_blocks(said), strict=False):
                self.thoughts.note(one[0], one[1], other[1])
        return restored

    def stream(self, content_type: str) -> Stream:
        Exchange.stream(self, content_type)  # refuses what is no event stream
        return _NotingStream(self)


class _NotingStream(TiedStream):
    """A stream of which is noted what passes, as it comes and as it leaves."""

    def __init__(self, exchange: _Noting) -> None:
        super().__init__(
            exchange.format,
            exchange.tokens,
            exchange.tally,
            exchange.tied,
            policy=exchange.policy,
        )
        self._exchange = exchange
        self._passes = False  # a later call needs what was said, also where nothing was masked
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
        return passed
