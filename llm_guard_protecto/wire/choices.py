"""Replies made of `choices`, whole and streamed: chat completions and the older text completions.

Both number their choices, stream pieces of text inside them, and end a choice with the event that
gives its `finish_reason`; they differ in their tables and in where a piece stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.answers import as_json, asks_for_json
from llm_guard_protecto.wire.json_text import JsonText, Path, quote
from llm_guard_protecto.wire.slots import Channel, Delta, Slot
from llm_guard_protecto.wire.switches import NEVER
from llm_guard_protecto.wire.walk import Table

__all__ = ["Choices"]

# Fields of an event that an event made by us does not repeat.
_ONCE = frozenset({"choices", "usage", "obfuscation"})


class Choices:
    """The `Format` of an API whose replies are choices.

    A channel is the number of the choice and the way from there to the text, without the object
    that holds the pieces; what has an `index` of its own is named by it.
    """

    def __init__(
        self, name: str, request: Table, reply: Table, *, inside: str = "", json: bool = False
    ) -> None:
        """`inside` is the object of a choice that holds its pieces, if they have one.

        `json` says that JSON was asked for as an answer.
        """
        self.name = name
        self._request, self._reply, self._inside, self._json = request, reply, inside, json

    def answering(self, doc: JsonText) -> Choices:
        """Return the format of the replies to this request, see `Answering`."""
        if not asks_for_json(doc, ("response_format", "type")):
            return self
        return Choices(self.name, self._request, self._reply, inside=self._inside, json=True)

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        if not doc.is_object:
            raise UnknownFormat(f"the body of this call must be a JSON object {NEVER}")
        return [slot for slot, _ in self._request.slots(doc)]

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        slots = [slot for slot, stream in self._reply.slots(doc, numbers=False) if not stream]
        return [self._read(slot) for slot in slots]

    def deltas(self, doc: JsonText) -> list[Delta]:
        """See `Format`."""
        slots = self._reply.slots(doc, numbers=False)
        streamed = [self._read(slot) for slot, stream in slots if stream]
        indexes = _indexes(doc) if streamed else {}
        return [
            Delta(self._channel(slot.path, indexes), slot.leaf, slot.treat) for slot in streamed
        ]

    def ends(self, doc: JsonText) -> list[Channel]:
        """See `Format`. A choice ends with its `finish_reason`, and all of them with an error."""
        if any(
            path[:1] == ("error",) and (len(path) > 1 or kind == "string")
            for path, _, _, kind, _ in doc.leaves
        ):
            return [()]
        finished = [
            path[:2]
            for path, _, _, kind, value in doc.leaves
            if kind == "string"
            and path[2:] == ("finish_reason",)
            and path[0] == "choices"
            and value
        ]
        indexes = _indexes(doc) if finished else {}
        return [self._channel(path, indexes) for path in finished]

    def flush_event(self, doc: JsonText, channel: Channel, text: str) -> str:
        """See `Format`. Everything but `choices` is taken over from `doc` as it is written."""
        ascii_only = doc.text.isascii()
        choice, *way = channel
        members = [
            f"{doc.text[key.start : key.end]}:{doc.text[value.start : value.end]}"
            for key, value in zip(doc.leaves, doc.leaves[1:], strict=False)
            if key.kind == "key" and key.path == value.path and len(key.path) == 1
            if key.value not in _ONCE
        ]
        piece = quote(text, ascii_only=ascii_only)
        for part in reversed(way):
            if isinstance(part, int):
                piece = f'[{{"index":{part},{piece[1:]}]'
            else:
                piece = f"{{{quote(part, ascii_only=ascii_only)}:{piece}}}"
        piece = f'"{self._inside}":{piece}' if self._inside else piece[1:-1]
        members.append(f'"choices":[{{"index":{choice},{piece},"finish_reason":null}}]')
        return "{" + ",".join(members) + "}"

    def _read(self, slot: Slot) -> Slot:
        """Decide how the text of a slot is to be read: an answer may be JSON."""
        answer = self._json and slot.path[2:] in (("message", "content"), ("delta", "content"))
        return as_json(slot) if answer else slot

    def _channel(self, path: Path, indexes: Mapping[Path, int]) -> Channel:
        """Turn `choices[0].delta.tool_calls[0]…` into a channel; without an `index`, by position."""
        parts: list[str | int] = []
        for end, part in enumerate(path, 1):
            if isinstance(part, int):
                parts.append(indexes.get(path[:end], part))
            elif end > 3 or part not in ("choices", self._inside):
                parts.append(part)
        return tuple(parts)


def _indexes(doc: JsonText) -> dict[Path, int]:
    """Return what each object with an `index` says there: the way choices and calls are told apart."""
    return {
        path[:-1]: int(value)
        for path, _, _, kind, value in doc.leaves
        if kind == "number" and path[-1:] == ("index",) and value.isdecimal()
    }
