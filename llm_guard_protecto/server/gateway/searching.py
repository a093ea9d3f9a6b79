"""Replies that are searched too: what a model writes of its own is masked before it is restored.

It stands between the provider and the guard. The tokens of the call's own values are left alone,
being tokens already, and are restored as ever; any other value that is found becomes a token that
this call does not restore. A stream is held back for some hundred characters, since a value may
come in pieces and what it is depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import httpx

from llm_guard_protecto.clients.limits import Limits, check_size
from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.errors import GuardError, UnknownFormat
from llm_guard_protecto.guard.destinations import Destinations
from llm_guard_protecto.guard.places import Place
from llm_guard_protecto.guard.positions import place_of, rewritten
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.stream import Stream
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.policy.places import Restoring
from llm_guard_protecto.server.gateway.sending import Sends
from llm_guard_protecto.server.pool import Pool
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.logprobs import without_logprobs
from llm_guard_protecto.wire.routes import format_for
from llm_guard_protecto.wire.slots import Delta, Format, Slot

__all__ = ["Searching"]

HELD = 512
"""Characters of a streamed text that are held back before any of it passes."""

TAIL = 128
"""Characters that stay held back: no value that is found is longer, save in rare texts."""

_Mask = Callable[[str], Masked]


class Searching:
    """Sends through `sending`, and masks what comes back; see `Sends`."""

    def __init__(
        self, sending: Sends, vault: LocalVault, policy: Policy, pool: Pool, limits: Limits
    ) -> None:
        """`pool` does the searching; a whole reply has at most `limits.reply` bytes."""
        self._sending, self._pool, self._limits = sending, pool, limits
        self._mask: _Mask = lambda text: vault.mask([text], policy)[0]
        self._policy = policy

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """Send, and return an answer without values of the provider's own."""
        answer = await self._sending.send(request, **how)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        format_ = format_for(request.method, request.url.path)
        if kind == "text/event-stream":
            stream = _Stream(format_, self._mask, self._policy)
            body: httpx.AsyncByteStream = _Events(answer, stream, self._pool)
        elif kind.startswith("text/") or "json" in kind:
            body = httpx.ByteStream(await self._whole(answer, format_))
        else:
            return answer
        stale = (b"content-length", b"content-encoding", b"transfer-encoding")
        headers = [one for one in answer.headers.raw if one[0].lower() not in stale]
        return httpx.Response(answer.status_code, headers=headers, stream=body, request=request)

    async def aclose(self) -> None:
        """Close what it sends through."""
        await self._sending.aclose()

    async def _whole(self, answer: httpx.Response, format_: Format) -> bytes:
        pieces = bytearray()
        try:
            async for piece in answer.aiter_bytes():
                pieces += piece
                check_size("provider's reply", len(pieces), self._limits.reply)
            return await self._pool.run(partial(_masked, bytes(pieces), format_, self._mask))
        finally:
            await answer.aclose()


def _masked(body: bytes, format_: Format, mask: _Mask) -> bytes:
    """A whole reply, masked: the texts of JSON, each line of JSON lines, or any other text."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UnknownFormat("the provider's reply is no text that can be searched") from None
    whole = _json(text, format_, mask)
    if whole is None:
        lines = [_json(one, format_, mask) if one.strip() else one for one in text.split("\n")]
        whole = mask(text).token_value if None in lines else "\n".join(one or "" for one in lines)
    return whole.encode()


def _json(text: str, format_: Format, mask: _Mask) -> str | None:
    try:
        doc = JsonText(without_logprobs(text), vectors=False)
    except UnknownFormat:
        return None
    texts: list[Slot | Delta] = [*format_.reply_slots(doc), *format_.deltas(doc)]
    said = [(one.leaf, mask(one.leaf.value).token_value) for one in texts]
    return rewritten(doc.text, [(leaf, new) for leaf, new in said if new != leaf.value], [])


class _Events(httpx.AsyncByteStream):
    """The body of a stream, as it may pass."""

    def __init__(self, answer: httpx.Response, stream: Stream, pool: Pool) -> None:
        self._answer, self._stream, self._pool = answer, stream, pool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: Any = self._answer.aiter_bytes()
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    if passed := await self._pool.run(partial(self._stream.feed, piece)):
                        yield passed
            if rest := await self._pool.run(self._stream.flush):
                yield rest
        except GuardError:
            raise httpx.RemoteProtocolError("the stream could not be searched") from None

    async def aclose(self) -> None:
        await self._answer.aclose()


class _Stream(Stream):
    """A stream in which texts are masked instead of restored."""

    def __init__(self, format_: Format, mask: _Mask, policy: Policy) -> None:
        super().__init__(format_, TokenMap(), policy=policy)
        self._passes, self._drops = False, True  # pieces of a value stand in logprobs as well
        self._destinations = _Everywhere(mask)


class _Everywhere(Destinations):
    """Masks each text, wherever it stands."""

    def __init__(self, mask: _Mask) -> None:
        super().__init__(Restoring())
        self._mask = mask

    def restorer(self, tokens: TokenMap, doc: JsonText, text: Slot | Delta) -> Restorer:
        del tokens, doc
        return _Text(self._mask, place_of(text.treat))


class _Text(Restorer):
    """One text that arrives in pieces and leaves masked."""

    __slots__ = ("_before", "_mask", "_waiting")

    def __init__(self, mask: _Mask, place: Place) -> None:
        super().__init__(TokenMap(), place)
        self._mask = mask
        self._before = self._waiting = ""

    @property
    def held(self) -> int:
        return len(self._waiting)

    def feed(self, text: str) -> str:
        self._waiting += text
        # The arguments of a tool are a JSON text, which makes sense at its end.
        if self.place is not Place.PLAIN or len(self._waiting) < HELD:
            return ""
        return self._passed(len(self._waiting) - TAIL)

    def flush(self) -> str:
        return self._passed(len(self._waiting)) if self._waiting else ""

    def whole(self, text: str) -> str:
        return self._mask(text).token_value

    def _passed(self, most: int) -> str:
        """Let at most so many characters pass, up to a space outside of any value."""
        start = len(self._before)
        text = self._before + self._waiting
        end = start + most
        found = sorted(self._mask(text).individual_tokens, key=lambda one: one.start_pos)
        if end < len(text):
            end = text.rfind(" ", start, end) + 1
            for one in reversed(found):
                if one.start_pos < end < one.end_pos:
                    end = one.start_pos
        if end <= start:
            return ""
        out: list[str] = []
        at = start
        for one in found:
            if start < one.end_pos <= end:
                out += (text[at : max(at, one.start_pos)], one.wrapped)
                at = one.end_pos
        out.append(text[at:end])
        self._before, self._waiting = text[max(0, end - TAIL) : end], text[end:]
        return "".join(out)
