"""What the provider keeps, here: the map of a call is kept under the ids that its reply reveals.

A later call, perhaps of another process, names such an id, and is restored from what was masked
under it as well. Maps are kept by the vault, sealed; with a vault that keeps none they stay in this
object's memory, and are gone with the process. The name of a map is the provider's host and the id,
so two providers never meet. A map holds the essence of the masked texts only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.errors import UnknownFormat, UnknownMap
from llm_guard_protecto.guard.essence import Essences
from llm_guard_protecto.guard.flow import Flow, Keep, Recall
from llm_guard_protecto.guard.receipt import Tally
from llm_guard_protecto.guard.stream import Stream
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.routes import Route
from llm_guard_protecto.wire.slots import Format
from llm_guard_protecto.wire.sse import Event, Events
from llm_guard_protecto.wire.ties import Ties, ids_at, objects_at, summaries_in

__all__ = ["Stored", "Tied", "TiedStream", "begin", "is_text", "parsed"]

REMEMBERED = 256
"""Names kept in memory for a vault that keeps none, the least recently used forgotten first."""

Texts = tuple[Masked, ...]


class Stored:
    """The maps of one guard, by name. Thread-safe."""

    def __init__(self) -> None:
        """Start without any in memory."""
        self._lock = threading.Lock()
        self._texts: OrderedDict[str, Texts] = OrderedDict()
        self.essence = Essences()

    def tied(self, host: str, route: Route) -> Tied | None:
        """How this call is tied to others; None when it stands by itself."""
        return None if route.ties is None else Tied(self, host, route.ties, route.ids[:1])

    def keep(self, names: Sequence[str], texts: Texts) -> Flow[None]:
        """Add these texts to what is kept under each name."""
        if not names:
            return
        if not (yield Keep(names, texts)):
            with self._lock:
                for name in names:
                    self._texts[name] = _together(self._texts.pop(name, ()), texts)
                    if len(self._texts) > REMEMBERED:
                        self._texts.popitem(last=False)

    def recall(self, names: Sequence[str]) -> Flow[list[Texts | None]]:
        """What is kept under each name; None where nothing is."""
        if not names:
            return []
        found = yield Recall(names)
        if found is not None:
            return [None if texts is None else tuple(texts) for texts in found]
        with self._lock:
            for name in names:
                if name in self._texts:
                    self._texts.move_to_end(name)
            return [self._texts.get(name) for name in names]


@dataclass(slots=True)
class Tied:
    """One call and the others it is tied to: what they masked, what it masks, what it reveals."""

    _stored: Stored = field(repr=False)
    _host: str
    _ties: Ties
    _path: Sequence[str]
    known: Texts = field(default=(), repr=False)
    missing: bool = False
    _own: Sequence[Masked] = field(default=(), repr=False)
    _reveals: bool = True
    _done: set[str] = field(default_factory=set)
    _waiting: list[tuple[list[str], Texts]] = field(default_factory=list, repr=False)

    def begin(self, doc: JsonText | None = None) -> Flow[Texts]:
        """What is known of the ids in the path and in the request `doc`."""
        ties = self._ties
        if doc is not None and ties.only and not _has(doc, ties.only):
            self._reveals = False
            return ()
        if doc is not None and ties.unless:
            switch = doc.at((ties.unless,))
            self._reveals = switch is None or switch.value != "false"
        ids = [] if doc is None else ids_at(doc, ties.named)
        if doc is not None and ties.summaries:
            ids += summaries_in(doc)
        ids = [*(self._path if ties.path else ()), *ids]
        found = yield from self._stored.recall(self._names(ids))
        self.known = _together(*(texts for texts in found if texts is not None))
        self.missing = ties.needed and None in found
        return self.known

    def masked(self, texts: Sequence[Masked]) -> None:
        """The texts that this call masked itself."""
        self._own = texts
        if self._ties.into:
            self._note(self._path, (), texts)

    def heard(self, doc: JsonText) -> bool:
        """Note the ids that a reply or an event reveals; whether there is something to keep."""
        ties = self._ties
        ids = ids_at(doc, ties.reveals) if self._reveals else []
        ids += summaries_in(doc) if ties.summaries else []
        self._note(ids, self.known, self._own)
        self._note(ids_at(doc, ties.joins), (), self._own)
        return bool(self._waiting)

    def objects(self, doc: JsonText) -> Flow[Texts]:
        """What is known of the objects in a reply, which hand it on to the ids they lead to."""
        objects = objects_at(doc, self._ties) if self._ties.objects else []
        asked = list(dict.fromkeys(one for ids, _ in objects for one in ids))
        found = yield from self._stored.recall(self._names(asked))
        known = dict(zip(asked, found, strict=True))
        every: list[Texts] = []
        for ids, leads in objects:
            texts = next((t for t in map(known.get, ids) if t is not None), None)
            if texts is not None:
                self._note(leads, texts, ())
                every.append(texts)
        return _together(*every)

    def settle(self) -> Flow[None]:
        """Keep what was noted."""
        while self._waiting:
            ids, texts = self._waiting[0]
            yield from self._stored.keep(self._names(ids), texts)
            self._waiting.pop(0)

    @property
    def listens(self) -> bool:
        """Whether a reply can reveal an id under which something is to be kept."""
        ties = self._ties
        return self._reveals and bool(ties.reveals or ties.joins or ties.summaries)

    @property
    def waits(self) -> bool:
        """Whether an id was heard under which nothing is kept yet."""
        return bool(self._waiting)

    def require(self) -> None:
        """Raise `UnknownMap` if the reply cannot be read without what is not known here."""
        if self.missing:
            raise UnknownMap(
                "nothing is known here of what was masked for this id: it was made through another "
                "client or vault, or too long ago; read it with a client that is not protected"
            )

    @property
    def idle(self) -> bool:
        """Whether this turned out to be a call by itself."""
        return bool(self._ties.only) and not self._reveals

    def _note(self, ids: Sequence[str], known: Texts, masked: Sequence[Masked]) -> None:
        new = [one for one in ids if one not in self._done]
        if new:
            self._done.update(new)
            self._waiting.append((new, _together(known, self._stored.essence(masked))))

    def _names(self, ids: Sequence[str]) -> list[str]:
        return [f"{self._host} {one}" for one in ids]


def _together(*texts: Texts) -> Texts:
    """All of these texts, each object once."""
    return tuple({id(text): text for some in texts for text in some}.values())


def _has(doc: JsonText, key: str) -> bool:
    return any(leaf.path[:1] == (key,) for leaf in doc.leaves)


def parsed(body: bytes) -> JsonText | None:
    """A reply, if it is JSON that can be read."""
    try:
        return JsonText(body.decode(), vectors=False)
    except (UnicodeDecodeError, UnknownFormat):
        return None


def is_text(body: bytes) -> bool:
    """Whether there is text in this body, and nothing else."""
    try:
        return bool(body) and "\0" not in body.decode()
    except UnicodeDecodeError:
        return False


def begin(
    tied: Tied | None, doc: JsonText | None = None, masked: Sequence[Masked] = ()
) -> Flow[Texts]:
    """What is known of the ids that a call names, and note what it masked itself."""
    if tied is None:
        return ()
    known = yield from tied.begin(doc)
    tied.masked(masked)
    return known


class TiedStream(Stream):
    """A stream of which the ids are noted; see `Tied.settle` for when to keep them."""

    def __init__(
        self,
        format_: Format,
        tokens: TokenMap,
        tally: Tally | None,
        tied: Tied | None,
        *,
        policy: Policy | None = None,
    ) -> None:
        """As `Stream`; `tied` may be None."""
        super().__init__(format_, tokens, tally, policy=policy)
        self._tied = tied
        # Events that pass as they come are not read, but their ids are needed all the same.
        alone = tied is not None and tied.listens and self._passes
        self._listening = Events() if alone else None

    def feed(self, data: bytes) -> bytes:
        """As `Stream.feed`."""
        if self._listening is not None and self._tied is not None:
            for event in self._listening.feed(data):
                doc = parsed((event.data or "").encode("utf-8", "replace"))
                if doc is not None and self._tied.heard(doc):
                    self._listening = None
                    break
        return super().feed(data)

    def _parsed(self, event: Event, doc: JsonText) -> bytes:
        if self._tied is not None:
            self._tied.heard(doc)
        return super()._parsed(event, doc)
