"""Whose values they are: an item that is masked may name the person or thing that it is about.

    Item("Imogen Hartley", attributes={"subject": "customer 17"})

All tokens of such an item are linked to the subject, so that one call can erase them. The subject
is any name that the caller has for it; the vault keeps a keyed blind index of it, never the name.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.looks import PIECE, key_of
from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.models import Item, Masked

__all__ = ["ATTRIBUTE", "Subjects"]

ATTRIBUTE = "subject"
"""The attribute of an item that names its subject: text, or a whole number that is read as text.

Anything else under this name is an attribute like all others: echoed, and of no meaning here.
"""

REMEMBERED = 100_000
"""Links that are known to be in the store, the least recently used forgotten first."""


class Subjects:
    """The links from subjects to tokens of one namespace. Thread-safe."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        """Nothing is remembered yet."""
        self._store, self._keys = store, keyring
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[bytes, str], None] = OrderedDict()

    def note(self, texts: Sequence[str | Item], masked: Sequence[Masked]) -> None:
        """Link what became of the items that name a subject; durable when this returns.

        Raises `Stale` as a write does.
        """
        for text, one in zip(texts, masked, strict=True):
            if isinstance(text, Item) and isinstance(text.attributes, Mapping):
                subject = text.attributes.get(ATTRIBUTE)
                if (
                    isinstance(subject, (str, int))
                    and not isinstance(subject, bool)
                    and subject != ""
                ):
                    self._link(str(subject), runs_of(one))

    def tokens(self, subject: str) -> list[str]:
        """Every token that is linked to a subject, whichever index key made the link."""
        places = [index.of(ATTRIBUTE, subject) for index in self._keys.indexes]
        return self._store.upkeep.linked(self._keys.namespace, places)

    def _link(self, subject: str, runs: Sequence[str]) -> None:
        index = self._keys.index
        place = index.of(ATTRIBUTE, subject)
        with self._lock:
            new = [run for run in runs if (place, run) not in self._known]
        if new:
            keys = self._keys
            self._store.upkeep.link(keys.namespace, place, new, index.version, keys.generation)
        with self._lock:
            for run in runs:
                self._known[place, run] = None
                self._known.move_to_end((place, run))
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def runs_of(masked: Masked) -> list[str]:
    """The runs that stand for values in a masked text, each once; not those without a way back."""
    found = (
        key_of(piece)
        for token in masked.individual_tokens
        if token.reversible
        for piece in PIECE.findall(token.token)
    )
    return list(dict.fromkeys(found))
