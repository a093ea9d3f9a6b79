"""Which calls belong together: the ids by which a provider keeps what it was sent.

A later call, perhaps of another process, names such an id and reads what earlier calls put under
it. So what a call masked is kept under the ids that its reply reveals, and found again by the ids
that a later call names. Ids are told by where they stand, never by what they look like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llm_guard_protecto.wire.json_text import JsonText, Path

__all__ = ["TIES", "Ties", "ids_at", "objects_at", "summaries_in"]


@dataclass(frozen=True, slots=True)
class Ties:
    """The ids of one kind of call.

    path: the id in the URL names what the reply speaks of.
    into: it gets what this call masked, beside what it has already.
    named: places in the request whose ids name what the reply may speak of as well.
    reveals: places in a reply, or in a stream event, whose ids stand for all of that from now on.
    joins: places in a reply whose ids get what this call masked alone.
    objects: places in a reply of objects that the provider keeps; each is known by one of `by` and
        hands what is known of it on to those of `leads`.
    summaries: objects of type `compaction`, wherever they stand: the provider wrote into them, sealed,
        what the conversation was, and their ids go back and forth with them.
    unless: a switch of the request that, when false, keeps `reveals` from being kept.
    only: a key that the request must have for any of this.
    needed: without what is kept, the reply cannot be read at all.
    """

    path: bool = False
    into: bool = False
    named: Sequence[Path] = ()
    reveals: Sequence[Path] = ()
    joins: Sequence[Path] = ()
    objects: Sequence[Path] = ()
    by: Sequence[str] = ("id",)
    leads: Sequence[str] = ()
    summaries: bool = False
    unless: str = ""
    only: str = ""
    needed: bool = False


EACH = -1
"""In a `Path` of a tie: every position of a list."""

_OBJECTS: Sequence[Path] = ((), ("data", EACH))

_RESPONSE = Ties(
    named=(("previous_response_id",), ("conversation",), ("conversation", "id")),
    reveals=(("id",), ("response", "id")),
    joins=(("conversation", "id"), ("response", "conversation", "id")),
    summaries=True,
    unless="store",
)
_KEPT = Ties(path=True, needed=True)
_LISTED = Ties(objects=_OBJECTS)
_BATCH = Ties(
    objects=_OBJECTS,
    by=("id", "input_file_id"),
    leads=("output_file_id", "error_file_id"),
)
_CONVERSATION = Ties(path=True, into=True)
_THREAD = Ties(
    named=(("thread", "previous_message_id"),),
    reveals=(("id",), ("message", "id")),
    only="thread",
)

TIES: Mapping[tuple[str, str], Ties] = {
    ("POST", "/responses"): _RESPONSE,
    ("POST", "/responses/compact"): Ties(named=_RESPONSE.named, summaries=True),
    ("GET", "/responses/{id}"): _KEPT,
    ("GET", "/responses/{id}/input_items"): _KEPT,
    ("POST", "/responses/{id}/cancel"): _KEPT,
    ("POST", "/conversations"): Ties(reveals=(("id",),)),
    ("GET", "/conversations/{id}"): Ties(path=True),
    ("POST", "/conversations/{id}"): _CONVERSATION,
    ("DELETE", "/conversations/{id}"): Ties(path=True),
    ("POST", "/conversations/{id}/items"): _CONVERSATION,
    ("GET", "/conversations/{id}/items"): _KEPT,
    ("GET", "/conversations/{id}/items/{id}"): _KEPT,
    ("DELETE", "/conversations/{id}/items/{id}"): Ties(path=True),
    ("POST", "/files"): Ties(reveals=(("id",),)),
    ("GET", "/files"): _LISTED,
    ("GET", "/files/{id}"): _LISTED,
    ("GET", "/files/{id}/content"): _KEPT,
    ("POST", "/batches"): Ties(named=(("input_file_id",),), reveals=(("id",),)),
    ("GET", "/batches"): _BATCH,
    ("GET", "/batches/{id}"): _BATCH,
    ("POST", "/batches/{id}/cancel"): _BATCH,
    ("POST", "/v1/messages"): _THREAD,
    ("POST", ":rawPredict"): _THREAD,
    ("POST", ":streamRawPredict"): _THREAD,
    ("POST", "/model/{id}/invoke"): _THREAD,
    ("POST", "/v1/messages/batches"): Ties(reveals=(("id",),)),
    ("GET", "/v1/messages/batches/{id}/results"): _KEPT,
}
"""Method and end of the path, as in `routes.ROUTES`. A call without a row stands by itself."""


def ids_at(doc: JsonText, places: Sequence[Path]) -> list[str]:
    """Return the ids that stand at these places of a body, in its order, each once."""
    if not places:
        return []
    found = (
        leaf.value
        for leaf in doc.leaves
        if leaf.kind == "string" and leaf.value and any(_fits(leaf.path, one) for one in places)
    )
    return list(dict.fromkeys(found))


def summaries_in(doc: JsonText) -> list[str]:
    """Return the ids of the compactions in a body, in its order, each once."""
    if '"compaction"' not in doc.text:
        return []
    found = [
        leaf.path[:-1]
        for leaf in doc.leaves
        if leaf.path[-1:] == ("type",) and leaf.kind == "string" and leaf.value == "compaction"
    ]
    return ids_at(doc, [(*path, "id") for path in found])


def objects_at(doc: JsonText, ties: Ties) -> list[tuple[list[str], list[str]]]:
    """Return the objects of a reply: the ids each may be known by, and those it leads to."""
    found: dict[Path, dict[str, str]] = {}
    for leaf in doc.leaves:
        path = leaf.path
        if leaf.kind != "string" or not leaf.value or path[-1] not in (*ties.by, *ties.leads):
            continue
        if any(_fits(path[:-1], one) for one in ties.objects):
            found.setdefault(path[:-1], {})[str(path[-1])] = leaf.value
    return [
        (
            [ids[key] for key in ties.by if key in ids],
            [ids[key] for key in ties.leads if key in ids],
        )
        for ids in found.values()
    ]


def _fits(path: Path, place: Path) -> bool:
    return len(path) == len(place) and all(
        isinstance(part, int) if one == EACH else part == one
        for part, one in zip(path, place, strict=True)
    )
