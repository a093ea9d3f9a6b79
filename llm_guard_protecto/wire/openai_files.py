"""Files: an upload is a form, and what a file holds is masked by what it is for.

- `purpose=batch`: every line as the call it describes (`openai_batches`).
- Other lines of JSON: conversations (`messages`) as chat completions, anything else as free data.
- One JSON text: free data. Other UTF-8 text: one text.
- Everything else (PDF, pictures, archives) cannot be searched, so it is refused.

The name of a file is the user's words too: its stem becomes a name token, its ending stays.
Anthropic's files are uploaded in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.multipart import Form, Part, form
from llm_guard_protecto.wire.openai_batches import BATCH_LINES
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.packages import Package, Page
from llm_guard_protecto.wire.slots import DATA, SKIP, Place, Slot, Treat
from llm_guard_protecto.wire.switches import NEVER, is_on, opens
from llm_guard_protecto.wire.walk import Table
from llm_guard_protecto.wire.whole import Whole

__all__ = ["FILES", "FILE_CONTENT", "READ_FILE"]

_FREE = Table(DATA)
_SETTINGS = ("purpose", "expires_after[anchor]", "expires_after[seconds]")
_WORD = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_FIELD = re.compile(r"[A-Za-z0-9_.-]{1,64}(?:\[[A-Za-z0-9_.-]{0,64}\])*")
_TYPE = re.compile(rb"[\w.+-]+/[\w.+-]+(?:; ?charset=utf-?8)?", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"(.*?)((?:\.[A-Za-z0-9]{1,8})?)", re.DOTALL)
# Made of letters, but written in a way that hides words from a search.
_HIDING = ("%PDF", "%!PS", "{\\rtf")
_BLANK = "\ufeff \t\r\n"
_NO_TEXT = (
    f"only text can be masked (UTF-8, JSON, JSON lines), so this file was not sent {opens('files')}"
)


class Files(Whole):
    """The `Format` of uploading a file; the reply repeats its name."""

    def __init__(self) -> None:
        """Its name is `openai_files`."""
        ids = dict.fromkeys(("id", "object", "purpose", "status", "first_id", "last_id"), SKIP)
        reply = Table(Place({**ids, "data": Place(each=Place(ids))}))
        super().__init__("openai_files", Table(DATA), reply)

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. Raises UnknownFormat: an upload is a form."""
        del doc
        raise UnknownFormat("a file is uploaded as multipart/form-data")

    def unpack(self, content_type: str, body: bytes) -> Package:
        """Take an upload apart, see `Packing`."""
        upload = form(content_type, body)
        names = [part.name for part in upload.parts]
        if len(set(names)) != len(names):
            raise UnknownFormat(f"this form names a field twice, so it was not sent {NEVER}")
        purpose = next((_text(part) for part in upload.parts if part.name == "purpose"), "")
        opened = [_opened(part, purpose) for part in upload.parts]

        def packed(texts: Sequence[str]) -> bytes:
            rest = iter(texts)
            return Form(upload.boundary, [one.part_of(rest) for one in opened]).body()

        return Package([page for one in opened for page in one.pages()], packed)


FILES = Files()

READ_FILE = Bodiless("openai_files_read", FILES)
"""The `Format` of what is known about a file, or all of them."""


FILE_CONTENT = Bodiless("openai_files_content", BATCH_LINES)
"""The `Format` of a file that is fetched: the results of a batch, or what was uploaded."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """One part of an upload: the stem of its file name, and its content, cut into pages."""

    part: Part
    stem: Page | None
    ending: str
    content: Sequence[str | bytes | Page] = field(repr=False)

    def pages(self) -> list[Page]:
        """All that is masked in it, in order."""
        stem = [] if self.stem is None else [self.stem]
        return stem + [piece for piece in self.content if isinstance(piece, Page)]

    def part_of(self, texts: Iterator[str]) -> Part:
        """The part once masked; takes one of the `texts` for each page."""
        part = self.part
        if self.stem is not None:
            part = part.renamed(self.stem.said(next(texts)) + self.ending)
        pieces = (
            piece.said(next(texts)) if isinstance(piece, Page) else piece for piece in self.content
        )
        written = (
            piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass")
            for piece in pieces
        )
        return replace(part, content=b"".join(written))


def _opened(part: Part, purpose: str) -> _Opened:
    """Cut a part into pages. Raises UnknownFormat for what cannot be masked."""
    kinds = re.findall(rb"(?im)^content-type:[ \t]*([^\r\n]*)", part.head)
    if not _FIELD.fullmatch(part.name) or not all(map(_TYPE.fullmatch, kinds)):
        raise UnknownFormat(f"a field of this form has a name or a type that is not plain {NEVER}")
    if part.filename is None:
        text = _text(part)
        setting = part.name in _SETTINGS and _WORD.fullmatch(text)
        return _Opened(part, None, "", [text if setting else Page.of(text)])
    named = _NAME.fullmatch(part.filename.replace("%22", '"'))
    stem, ending = (named[1], named[2]) if named else (part.filename, "")
    name = Page.of(stem, Treat.NAME) if stem else None
    try:
        return _Opened(part, name, ending, _content(_text(part), purpose))
    except UnknownFormat as refusal:
        if str(refusal) == _NO_TEXT and is_on("files"):
            return _Opened(part, name, ending, [part.content])
        raise


def _content(text: str, purpose: str) -> Sequence[str | Page]:
    """The pages of a file, by what it is for."""
    if text.lstrip(_BLANK).startswith(_HIDING) or "\0" in text:
        raise UnknownFormat(_NO_TEXT)
    if purpose == "batch":
        return _lines(text, BATCH_LINES.request_slots)
    return _json(text, _example if purpose == "fine-tune" else _anything)


def _json(text: str, slots: Callable[[JsonText], list[Slot]]) -> Sequence[str | Page]:
    """The pages of a file that may be JSON, or lines of JSON, or else is a text."""
    if text.lstrip(_BLANK)[:1] not in ("{", "["):
        return [Page.of(text)]
    try:
        doc = JsonText(text)
    except UnknownFormat:
        doc = None
    if doc is not None:
        return [Page(doc, slots(doc))]
    try:
        _lines(text, _nothing)
    except UnknownFormat:
        return [Page.of(text)]
    return _lines(text, slots)


def _nothing(doc: JsonText) -> list[Slot]:
    del doc
    return []


def _anything(doc: JsonText) -> list[Slot]:
    return [slot for slot, _ in _FREE.slots(doc)]


def _example(doc: JsonText) -> list[Slot]:
    """What to mask in an example to train on: a conversation, or texts of any kind."""
    if any(leaf.path[:1] == ("messages",) for leaf in doc.leaves):
        return CHAT.request_slots(doc)
    return _anything(doc)


def _lines(text: str, slots: Callable[[JsonText], list[Slot]]) -> list[str | Page]:
    """A page for every line, and what divides them. Raises UnknownFormat with the line's number."""
    content: list[str | Page] = []
    for number, line in enumerate(text.split("\n"), 1):
        content += [] if number == 1 else ["\n"]
        if not line.strip(_BLANK):
            content.append(line)
            continue
        try:
            doc = JsonText(line)
            content.append(Page(doc, slots(doc)))
        except UnknownFormat as error:
            raise UnknownFormat(f"line {number} of the file: {error}") from None
    return content


def _text(part: Part) -> str:
    try:
        return part.content.decode()
    except UnicodeDecodeError:
        raise UnknownFormat(_NO_TEXT) from None
