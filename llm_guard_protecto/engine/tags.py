"""Custom tags: entities of a policy whose finds come from an address or a function.

A tag is declared in the policy like any entity of its own; here is where its finds come from. That
is kept beside the policies, sealed, because the headers of an address are secrets.
"""

from __future__ import annotations

import base64
import copy
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from llm_guard_protecto.detect.find import Detector
from llm_guard_protecto.engine.documents import Documents
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.policies import BESIDE
from llm_guard_protecto.engine.sources import Sources
from llm_guard_protecto.engine.tag_detector import TagDetector
from llm_guard_protecto.policy import Policy

__all__ = ["Address", "Tag", "Tags"]


_TAG = f"{BESIDE}tag "


@dataclass(frozen=True, slots=True)
class Address:
    """An address that is asked; its headers may hold a secret."""

    url: str
    method: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Tag:
    """Where the finds of one entity of one policy come from.

    `detector` finds places in texts, `values` lists known values. One of them at least is set.
    """

    policy: str
    name: str
    detector: Address | None = None
    values: Address | None = None


class Tags:
    """The tags of one namespace. Thread-safe; what is changed acts on the next request."""

    def __init__(self, store: Documents, keyring: Keyring, sources: Sources) -> None:
        """`sources` says what may be asked, whatever a tag says."""
        self.sources = sources
        self._store, self._keys = store, keyring
        self._lock = threading.Lock()
        self._made: dict[str, tuple[str, TagDetector]] = {}

    def renewed(self, store: Documents, keyring: Keyring) -> Tags:
        """The same tags with other keys; detectors that were made go on being used."""
        other = copy.copy(self)
        other._store, other._keys = store, keyring
        return other

    def get(self, policy: str, name: str) -> Tag | None:
        """One tag; None when there is none. Raises `Unreadable` for one that does not open."""
        document = self._store.policy(self._keys.namespace, _place(policy, name))
        return None if document is None else self._opened(policy, name, document)

    def put(self, tag: Tag) -> None:
        """Keep a tag in place of what was there under its name."""
        said = {key: value and asdict(value) for key, value in _parts(tag).items()}
        clear = json.dumps(said).encode("ascii")
        version, sealed = self._keys.seal_at(clear, "tag", tag.policy, tag.name)
        document = {"version": version, "sealed": base64.b64encode(sealed).decode("ascii")}
        place = _place(tag.policy, tag.name)
        self._store.put_policy(self._keys.namespace, place, json.dumps(document))

    def delete(self, policy: str, name: str) -> bool:
        """Forget a tag; False when there was none."""
        with self._lock:
            made = self._made.pop(_place(policy, name), None)
        if made is not None:
            made[1].close()
        return self._store.delete_policy(self._keys.namespace, _place(policy, name))

    def delete_all(self, policy: str) -> None:
        """Forget every tag of a policy."""
        begins = _place(policy, "").removesuffix('""]')
        for place in self._store.policies(self._keys.namespace):
            if place.startswith(begins):
                self.delete(*json.loads(place.removeprefix(_TAG)))

    def seal_again(self) -> int:
        """Seal every tag under the newest data key; how many there are."""
        places = self._store.policies(self._keys.namespace)
        found = [json.loads(place.removeprefix(_TAG)) for place in places if place.startswith(_TAG)]
        for policy, name in found:
            tag = self.get(policy, name)
            if tag is not None:
                self.put(tag)
        return len(found)

    def detectors(self, policy: Policy) -> list[Detector]:
        """What to ask for the tags of a policy; none costs nothing."""
        return [self._detector(policy.name, *one) for one in self._documents(policy)]

    def stamp(self, policy: Policy) -> str:
        """Changes whenever a tag of the policy does; empty for a policy without tags."""
        documents = self._documents(policy)
        return sha256(repr(documents).encode()).hexdigest() if documents else ""

    def close(self) -> None:
        """Close the connections of every detector that was made."""
        with self._lock:
            made = list(self._made.values())
            self._made.clear()
        for _, detector in made:
            detector.close()

    def _documents(self, policy: Policy) -> Sequence[tuple[str, str]]:
        found = (
            (name, self._store.policy(self._keys.namespace, _place(policy.name, name)))
            for name in policy.custom
        )
        return [(name, document) for name, document in found if document is not None]

    def _detector(self, policy: str, name: str, document: str) -> TagDetector:
        place = _place(policy, name)
        with self._lock:
            kept = self._made.get(place)
        if kept is not None and kept[0] == document:
            return kept[1]
        tag = self._opened(policy, name, document)
        made = TagDetector(name, tag.detector, tag.values, self.sources)
        with self._lock:
            old = self._made.get(place)
            self._made[place] = (document, made)
        if old is not None:
            old[1].close()
        return made

    def _opened(self, policy: str, name: str, document: str) -> Tag:
        held = json.loads(document)
        sealed = base64.b64decode(held["sealed"])
        said: dict[str, Any] = json.loads(
            self._keys.open_at(held["version"], sealed, "tag", policy, name)
        )
        detector, values = (said[key] and Address(**said[key]) for key in ("detector", "values"))
        return Tag(policy, name, detector or None, values or None)


def _parts(tag: Tag) -> dict[str, Address | None]:
    return {"detector": tag.detector, "values": tag.values}


def _place(policy: str, name: str) -> str:
    """The name of a tag among the documents of the namespace, which no policy can have."""
    return _TAG + json.dumps([policy, name])
