"""One call, out and back: mask what leaves, remember it, restore what returns.

Nothing here reads from a network. A `Guard` opens an `Exchange` for each request; the exchange
holds the bytes to send and turns the answer back from what this very request masked, never from
the vault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.flow import Flow, Mask, ask
from llm_guard_protecto.guard.maps import Maps
from llm_guard_protecto.guard.positions import moves, place_of, positioned, rewritten
from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.guard.stream import Stream
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Item
from llm_guard_protecto.vault import PolicyChoice
from llm_guard_protecto.wire.answers import Answering
from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit, nested
from llm_guard_protecto.wire.routes import format_for
from llm_guard_protecto.wire.slots import Delta, Format, Slot, Treat

__all__ = ["Exchange", "Guard", "Outgoing"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as the host wants to send it. `path` is the URL's path, without the query."""

    method: str
    path: str
    content_type: str
    body: bytes = field(repr=False)
    query: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A masked request and the way back. `body` is what may be sent."""

    body: bytes = field(repr=False)
    format: Format
    tokens: TokenMap

    def reply(self, content_type: str, body: bytes) -> bytes:
        """Restore a whole, decoded answer, an error answer included.

        JSON is edited in place and anything else that is text is restored as text. The same
        object comes back when there is nothing to restore.
        """
        if not self.tokens:
            return body
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body
        restored = self._json(text) if "json" in content_type.lower() else None
        if restored is None:
            restored = restore(text, self.tokens)
        return body if restored == text else restored.encode("utf-8", "surrogatepass")

    def stream(self, content_type: str) -> Stream:
        """The push parser for a streamed answer: `feed(bytes) -> bytes`, then `flush()`.

        Raises `UnknownFormat` for a stream that is not made of server-sent events.
        """
        if "text/event-stream" not in content_type.lower():
            raise UnknownFormat("the provider streams in a way that cannot be restored")
        return Stream(self.format, self.tokens)

    def _json(self, text: str) -> str | None:
        """The restored JSON text; None when it is no JSON that we can read."""
        try:
            doc = JsonText(text, vectors=False)
        except UnknownFormat:
            return None
        # A whole reply may stand where a stream's events do, and then all of a text is one piece.
        texts: list[Slot | Delta] = [*self.format.reply_slots(doc), *self.format.deltas(doc)]
        changes = [
            (text.leaf, restore(text.leaf.value, self.tokens, place_of(text.treat)))
            for text in texts
        ]
        changes = [(leaf, new) for leaf, new in changes if new != leaf.value]
        return rewritten(text, changes, moves(positioned(self.format), doc, self.tokens))


class Guard:
    """The settings of one protection; opens an exchange for each call. Thread-safe."""

    def __init__(self, policy: PolicyChoice = None) -> None:
        """`policy` is a policy, the name of one the vault knows, or None for its default."""
        self.policy = policy
        self._maps = Maps()

    def open(self, request: Outgoing) -> Flow[Exchange]:
        """Mask a request, in one question to the vault; in none, if the call has no body.

        Raises `UnknownFormat` for a route or a body that cannot be proved free of clear text, and
        whatever the vault raises. Nothing may be sent then.
        """
        format_ = format_for(request.method, request.path)
        if isinstance(format_, Bodiless) and not request.body:
            _check_query(request.query)
            return Exchange(b"", format_, TokenMap())
        if "json" not in request.content_type.lower():
            raise UnknownFormat("the body of this call is not JSON, so it was not sent")
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            text = ""
        doc = JsonText(text)
        pieces = [_piece(slot) for slot in format_.request_slots(doc)]
        texts = dict.fromkeys(text for piece in pieces for text in piece.texts)
        answer = yield from ask(Mask(tuple(texts), self.policy))
        tokens = {text: masked.token_value for text, masked in zip(texts, answer, strict=True)}
        changes = (piece.change(tokens) for piece in pieces)
        edited = edit(doc.text, [(leaf, new) for leaf, new in changes if new != leaf.value])
        body = request.body if edited is doc.text else edited.encode()
        if isinstance(format_, Answering):
            format_ = format_.answering(doc)
        return Exchange(body, format_, self._maps.of(answer))


def _check_query(query: str) -> None:
    """Raise `UnknownFormat` unless a query is made of what page numbers and ids are made of."""
    if not _QUERY.fullmatch(query):
        raise UnknownFormat("the query of this call cannot be masked, so it was not sent")


_QUERY = re.compile(r"(?:[A-Za-z0-9_.:&=-]|%5[BbDd])*")


@dataclass(frozen=True, slots=True)
class _Piece:
    """One slot of a request and the texts to mask in it: itself, or the leaves of its JSON."""

    leaf: Leaf
    texts: Sequence[str | Item] = field(repr=False)
    inner: JsonText | None = None
    leaves: Sequence[Leaf] = ()

    def change(self, tokens: dict[str | Item, str]) -> tuple[Leaf, str]:
        """The leaf and what it says once masked."""
        if self.inner is None:
            return self.leaf, tokens[self.texts[0]]
        changes = zip(self.leaves, (tokens[text] for text in self.texts), strict=True)
        return self.leaf, edit(self.inner.text, [c for c in changes if c[0].value != c[1]])


def _piece(slot: Slot) -> _Piece:
    leaf = slot.leaf
    if slot.treat is Treat.NAME and leaf.value:
        # A name has a small alphabet, so it becomes one bare token, whatever it looks like.
        return _Piece(leaf, [Item(leaf.value, token_name="Text Token")])  # noqa: S106
    inner = nested(leaf.value) if slot.treat is Treat.JSON else None
    if inner is None:
        return _Piece(leaf, [leaf.value])
    leaves = [leaf for leaf in inner.leaves if leaf.kind != "literal"]
    return _Piece(slot.leaf, [leaf.value for leaf in leaves], inner, leaves)
