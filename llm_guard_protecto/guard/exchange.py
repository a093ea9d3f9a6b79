"""One call, out and back: mask what leaves, remember it, restore what returns.

Nothing here reads from a network. A `Guard` opens an `Exchange` for each request; the exchange
holds the bytes to send and turns the answer back from what this very request masked, never from
the vault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from time import perf_counter

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.bodies import Bodies
from llm_guard_protecto.guard.destinations import Destinations
from llm_guard_protecto.guard.edits import edited
from llm_guard_protecto.guard.egress import scan
from llm_guard_protecto.guard.flow import Flow, look_up
from llm_guard_protecto.guard.hint import hinted
from llm_guard_protecto.guard.maps import LaterMap, Maps
from llm_guard_protecto.guard.pieces import masked_together, pieces_of, texts_in
from llm_guard_protecto.guard.places import Place
from llm_guard_protecto.guard.positions import moves, positioned, rewritten
from llm_guard_protecto.guard.receipt import VERSION_DIGITS, Receipt, Sent, Tally
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.stored import Stored, Tied, TiedStream, begin, is_text, parsed
from llm_guard_protecto.guard.stream import Stream
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import PolicyChoice
from llm_guard_protecto.wire.answers import Answering
from llm_guard_protecto.wire.any_json import AS_IT_IS
from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.json_text import JsonText, nested
from llm_guard_protecto.wire.logprobs import without_logprobs
from llm_guard_protecto.wire.packages import ByLine, Package, Packing, Page
from llm_guard_protecto.wire.routes import route_for
from llm_guard_protecto.wire.slots import Delta, Format, Slot
from llm_guard_protecto.wire.switches import NEVER, switched_on

__all__ = ["Exchange", "Guard", "Outgoing"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as the host wants to send it. `path` is the URL's path, without the query.

    `host` is the provider's, with its port: ids are known per host.
    """

    method: str
    path: str
    content_type: str
    body: bytes = field(repr=False)
    query: str = field(default="", repr=False)
    host: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A masked request and the way back. `body` is what may be sent.

    `found` is what the request masked; its map is of use on the way back only, so it may be put
    together once the request has left.
    """

    body: bytes = field(repr=False)
    format: Format
    found: TokenMap | LaterMap = field(repr=False)
    policy: Policy = field(default=Policy.built_in(), repr=False, kw_only=True)
    tally: Tally = field(default_factory=Tally, repr=False, compare=False, kw_only=True)

    tied: Tied | None = field(default=None, repr=False, compare=False, kw_only=True)

    @property
    def tokens(self) -> TokenMap:
        """What the reply is restored from."""
        return self.found.get() if isinstance(self.found, LaterMap) else self.found

    def get_ready(self) -> None:
        """Work out what only the way back needs, which can be done while the provider thinks."""
        self.receipt()

    def replied(self) -> list[str]:
        """The texts of the reply that may come back in the next turn of a chat, in clear.

        Those that came so far, without very long ones.
        """
        texts: list[str] = []
        for text, place in self.tally.said():
            inner = None if place is Place.PLAIN else nested(text)
            texts += [text] if inner is None else texts_in(inner)
        return list(dict.fromkeys(texts))

    def receipt(self, outcome: str = "open", policy: tuple[str, str] | None = None) -> Receipt:
        """What happened so far, in counts. `policy` is its name and version where known better."""
        own = self.policy.name, self.policy.fingerprint[:VERSION_DIGITS]
        return self.tally.receipt(self.tokens, outcome, policy or own)

    def reply(self, content_type: str, body: bytes) -> bytes:
        """Restore a whole, decoded answer, an error answer included.

        JSON is edited in place and anything else that is text is restored as text. The same
        object comes back when there is nothing to restore.
        """
        if not self.tokens.issued and self.policy.surfaces.logprobs != "drop":
            return body
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body
        started = perf_counter()
        by_line = isinstance(self.format, ByLine)
        restored = self._json(text) if by_line or "json" in content_type.lower() else None
        if restored is None and by_line:
            lines = [self._json(line) if line.strip() else line for line in text.split("\n")]
            restored = None if None in lines else "\n".join(line or "" for line in lines)
        if restored is None:
            plain = Destinations(self.policy.restore).text
            restored = self.tally.whole(Restorer(self.tokens, places=plain), text)
        self.tally.restore_s += perf_counter() - started
        return body if restored == text else restored.encode("utf-8", "surrogatepass")

    def answered(self, content_type: str, body: bytes, *, ok: bool = True) -> Flow[bytes]:
        """`reply`, with what the vault is to recall for it and to keep of it.

        `ok` says that the provider did what was asked. Raises `UnknownMap`.
        """
        if self.tied is None:
            return self.reply(content_type, body)
        doc = parsed(body) if "json" in content_type.lower() else None
        more = () if doc is None else (yield from self.tied.objects(doc))
        if ok and is_text(body):
            self.tied.require()
        if doc is not None:
            self.tied.heard(doc)
        known = replace(self, found=self.tokens.with_(more)) if more else self
        yield from self.tied.settle()
        return known.reply(content_type, body)

    def stream(self, content_type: str) -> Stream:
        """The push parser for a streamed answer: `feed(bytes) -> bytes`, then `flush()`.

        Raises `UnknownFormat` for a stream that is not made of server-sent events.
        """
        if "text/event-stream" not in content_type.lower():
            raise UnknownFormat("the provider streams in a way that cannot be restored")
        if self.tied is not None:
            return TiedStream(
                self.format, self.tokens, self.tally, tied=self.tied, policy=self.policy
            )
        return Stream(self.format, self.tokens, self.tally, policy=self.policy)

    def _json(self, text: str) -> str | None:
        """The restored JSON text; None when it is no JSON that we can read."""
        if self.policy.surfaces.logprobs == "drop":
            text = without_logprobs(text)
        try:
            doc = JsonText(text, vectors=False)
        except UnknownFormat:
            return None
        # A whole reply may stand where a stream's events do, and then all of a text is one piece.
        texts: list[Slot | Delta] = [*self.format.reply_slots(doc), *self.format.deltas(doc)]
        bound = Destinations(self.policy.restore)
        bound.note(doc)
        changes = [
            (one.leaf, self.tally.whole(bound.restorer(self.tokens, doc, one), one.leaf.value))
            for one in texts
        ]
        changes = [(leaf, new) for leaf, new in changes if new != leaf.value]
        return rewritten(
            text, changes, moves(positioned(self.format), doc, self.tokens, places=bound.text)
        )


class Guard:
    """The settings of one protection; opens an exchange for each call. Thread-safe."""

    def __init__(self, policy: PolicyChoice = None) -> None:
        """`policy` is a policy, the name of one the vault knows, or None for its default."""
        self.policy = policy
        self._maps = Maps()
        self._bodies = Bodies()
        self._stored = Stored()

    def open(self, request: Outgoing) -> Flow[Exchange]:
        """Mask a request, in one question to the vault; in none, if the call has no body.

        Raises `UnknownFormat` for a route or a body that cannot be proved free of clear text, and
        whatever the vault raises. Nothing may be sent then.
        """
        started = perf_counter()
        policy = yield from look_up(self.policy)
        with switched_on(policy.surfaces.opened):
            route = route_for(request.method, request.path)
        format_, tied = route.format, self._stored.tied(request.host, route)
        if isinstance(format_, Bodiless) and not request.body:
            _check_query(request.query)
            known = yield from begin(tied)
            if tied is not None and not isinstance(format_.replies, ByLine):
                tied.require()  # a file may turn out to be no text at all
            tokens = self._maps.of(known) if known else TokenMap()
            return Exchange(b"", format_.replies or format_, tokens, policy=policy, tied=tied)
        if format_ is AS_IT_IS:
            return Exchange(request.body, format_, TokenMap(), policy=policy)
        _check_query(request.query)
        with switched_on(policy.surfaces.opened):
            package = self._package(format_, request)
        doc = package.pages[0].doc if package.pages else JsonText("{}")
        pages = [(page.doc, pieces_of(page.doc, page.slots, policy.mask)) for page in package.pages]
        answer, masked = yield from masked_together(
            [piece for _, some in pages for piece in some], self.policy
        )
        texts = [edited(one, some, answer, masked) for one, some in pages]
        same = all(one.text is text for (one, _), text in zip(pages, texts, strict=True))
        body = request.body if same else package.packed(texts)
        known = yield from begin(tied, doc, answer)
        if tied is not None and tied.idle:
            tied = None
        if isinstance(format_, Answering):
            format_ = format_.answering(doc)
        looked = scan(body, request.path, request.query, answer, doc.earlier.get(_LOOKED))
        doc.walked[_LOOKED] = looked
        if policy.hint and any(one.individual_tokens for one in answer):
            body = hinted(format_.name, body, policy.hint)  # the policy's words, not the caller's
        # What is known grows with the conversation, so its map is remembered by itself.
        maps = self._maps
        found = LaterMap(lambda: maps.of(known).with_(answer) if known else maps.of(answer))
        opened = Exchange(body, format_, found, policy=policy, tied=tied)
        model = doc.at(("model",))
        sent = doc.walked[_SENT] = Sent.of(answer, doc.earlier.get(_SENT))
        opened.tally.sent(sent, looked.scanned, model.value if model else "")
        opened.tally.mask_s = perf_counter() - started
        return opened

    def _package(self, format_: Format, request: Outgoing) -> Package:
        """What is masked in the body of a request, and how it becomes a body again."""
        if isinstance(format_, Packing):
            return format_.unpack(request.content_type, request.body)
        if "json" not in request.content_type.lower():
            raise UnknownFormat(f"the body of this call is not JSON, so it was not sent {NEVER}")
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            text = ""
        doc = self._bodies.read(text)
        return Package([Page(doc, format_.request_slots(doc))], lambda texts: texts[0].encode())


def _check_query(query: str) -> None:
    """Raise `UnknownFormat` unless a query is made of what page numbers and ids are made of."""
    if not _QUERY.fullmatch(query):
        raise UnknownFormat(f"the query of this call cannot be masked, so it was not sent {NEVER}")


_LOOKED, _SENT = "looked", "sent"  # under these a body remembers what the next turn goes on from

# Escaped are the brackets of lists and what base64 and times are made of.
_QUERY = re.compile(r"(?:[A-Za-z0-9_.:&=,~/-]|%2[BCFbcf]|%3[ADad]|%5[BDbd])*")
