"""Responses API: the `Format` of its calls, and the scheme that its events follow.

`X.delta` brings a piece of the text X; `X.done` and the events that repeat more than one text
(`content_part.done`, `output_item.done`, `response.completed`, ...) end it. An index of the item,
and mostly one of a part inside it, say which text. An event that nobody knows yet is read by the
same scheme.

Asked for JSON (`text.format`), the model answers with a text that is JSON, and what is restored in
it is escaped for it. A text that does not begin as JSON does (a refusal, a word before the answer)
is plain all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.answers import as_json, asks_for_json
from llm_guard_protecto.wire.json_text import JsonText, Leaf, Path, nested, quote
from llm_guard_protecto.wire.offsets import Offset
from llm_guard_protecto.wire.openai_responses_replies import table_of
from llm_guard_protecto.wire.slots import Channel, Delta, Slot, Treat
from llm_guard_protecto.wire.switches import NEVER
from llm_guard_protecto.wire.walk import Table

__all__ = ["Responses"]

_OVER = ("response.completed", "response.failed", "response.incomplete", "response.cancelled")
# Indexes that tell the texts of one item apart. What ends a part ends every text with its index.
_INDEXES = ("content_index", "summary_index", "command_index")
_PARTS = ("response.content_part", "response.reasoning_summary_part")


class Responses:
    """The `Format` of the Responses API, by the table of its requests.

    A channel is the item's index (its id, if there is no index), the name and the value of the
    part's index, the name of the text, and the way to the piece in the event: `(0, "content_index",
    0, "response.output_text", "delta")`.
    """

    def __init__(self, name: str, request: Table, *, json: bool = False) -> None:
        """`name` as in `Format`; `json` says that JSON was asked for as an answer."""
        self.name = name
        self._request, self._json = request, json

    def answering(self, doc: JsonText) -> Responses:
        """Return the format of the replies to this request, see `Answering`."""
        json = asks_for_json(doc, ("text", "format", "type"))
        return Responses(self.name, self._request, json=True) if json else self

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        if not doc.is_object:
            raise UnknownFormat(f"the body of this call must be a JSON object {NEVER}")
        return [slot for slot, _ in self._request.slots(doc)]

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        table = table_of(_type(doc))
        slots = [slot for slot, stream in table.slots(doc, numbers=False) if not stream]
        return [self._read(slot, doc) for slot in slots]

    def deltas(self, doc: JsonText) -> list[Delta]:
        """See `Format`."""
        event = _type(doc)
        if not event.endswith(".delta"):
            return []
        slots = [slot for slot, stream in table_of(event).slots(doc, numbers=False) if stream]
        start = _text(doc, event.removesuffix(".delta")) if slots else ()
        if self._json and event == "response.output_text.delta":
            slots = [as_json(slot) for slot in slots]
        return [Delta((*start, *slot.path), slot.leaf, slot.treat) for slot in slots]

    def ends(self, doc: JsonText) -> list[Channel]:
        """See `Format`."""
        event = _type(doc)
        if event in _OVER or event == "error" or not event:
            return [()]
        if not event.endswith(".done"):
            return []
        text = event.removesuffix(".done")
        if text == "response.output_item":
            return [_text(doc, text)[:1]]
        return [_text(doc, text)[:-1] if text in _PARTS else _text(doc, text)]

    def flush_event(self, doc: JsonText, channel: Channel, text: str) -> str:
        """See `Format`. Everything but the piece, its `logprobs` and `obfuscation` is `doc`'s.

        So it has the number of the event that it continues.
        """
        ascii_only = doc.text.isascii()
        piece = quote(text, ascii_only=ascii_only)
        way = list(channel[channel.index("delta") + 1 :])
        for part in reversed(way):
            piece = f"{{{quote(str(part), ascii_only=ascii_only)}:{piece}}}"
        members = [
            f"{doc.text[key.start : key.end]}:{doc.text[value.start : value.end]}"
            for key, value in zip(doc.leaves, doc.leaves[1:], strict=False)
            if key.kind == "key" and key.path == value.path and len(key.path) == 1
            if key.value not in ("delta", "logprobs", "obfuscation")
        ]
        members.append(f'"delta":{piece}')
        if any(leaf.path == ("logprobs",) for leaf in doc.leaves):
            members.append('"logprobs":[]')
        return "{" + ",".join(members) + "}"

    def offsets(self, doc: JsonText) -> list[Offset]:
        """Return where citations stand, see `Positioned`.

        The `index` of a cited file counts characters as well, whatever its description says: the
        provider's own examples give numbers in the hundreds for a single file.
        """
        numbers = [leaf for leaf in doc.leaves if leaf.kind == "number" and _is_position(leaf.path)]
        if not numbers:
            return []
        event = _type(doc)
        if event == "response.output_text.annotation.added":
            within = (*_text(doc, "response.output_text"), "delta")
            return [
                Offset(leaf, within, _EDGES[str(leaf.path[-1])])
                for leaf in numbers
                if leaf.path[0] == "annotation"
            ]
        texts: Mapping[Path, Leaf] = {
            leaf.path[:-1]: leaf
            for leaf in doc.leaves
            if leaf.kind == "string" and leaf.path[-1:] == ("text",)
        }
        # …content[0].annotations[1].start_index is a position in …content[0].text
        return [
            Offset(
                leaf,
                texts[leaf.path[:-3]],
                _EDGES[str(leaf.path[-1])],
                self._read(Slot(texts[leaf.path[:-3]]), doc).treat,
            )
            for leaf in numbers
            if leaf.path[-3:-2] == ("annotations",) and leaf.path[:-3] in texts
        ]

    def _read(self, slot: Slot, doc: JsonText) -> Slot:
        """Decide how the text of a slot is to be read.

        A tool's answer is JSON if it parses as such; arguments are always meant to be.
        """
        if slot.treat is Treat.JSON:
            plain = "arguments" not in slot.path and nested(slot.leaf.value) is None
            return Slot(slot.leaf) if plain else slot
        return as_json(slot) if self._json and _is_answer(slot.path, doc) else slot


_EDGES: dict[str, Literal["start", "end"]] = {
    "start_index": "start",
    "end_index": "end",
    "index": "end",
}


def _is_answer(path: Path, doc: JsonText) -> bool:
    """Whether the text of an `output_text` stands there."""
    if path[-1:] != ("text",):
        return False
    kind = doc.at((*path[:-1], "type"))
    return kind is not None and kind.value in ("output_text", "response.output_text.done")


def _is_position(path: Path) -> bool:
    return len(path) > 1 and path[-1] in _EDGES


def _type(doc: JsonText) -> str:
    """The type of an event; "" for a whole response, and for an error without a type."""
    leaf = doc.at(("type",))
    return leaf.value if leaf is not None and leaf.kind == "string" else ""


def _text(doc: JsonText, name: str) -> Channel:
    """Name the text that an event speaks of."""
    found: dict[str, Leaf] = {
        str(leaf.path[0]): leaf
        for leaf in doc.leaves
        if len(leaf.path) == 1 and leaf.kind in ("number", "string")
    }
    item = found.get("output_index") or found.get("item_id")
    part = next((index for index in _INDEXES if index in found), None)
    start = ("" if item is None else _number(item),)
    return (*start, name) if part is None else (*start, part, _number(found[part]), name)


def _number(leaf: Leaf) -> str | int:
    return int(leaf.value) if leaf.value.isdecimal() else leaf.value
