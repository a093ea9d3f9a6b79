"""A `multipart/form-data` body, taken apart and put together again byte for byte.

Strict: what the SDKs write is accepted (RFC 7578, quoted names, one level), and everything that two
readers could take for different things is refused: another boundary inside the preamble, a part
without a name, a name given twice in one header, an encoding, an end that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.switches import NEVER

__all__ = ["Form", "Part", "form"]

_BOUNDARY = re.compile(
    r"\Amultipart/form-data\s*;\s*boundary=(?:\"([^\"\\]{1,70})\"|([^\s;\",]{1,70}))\s*\Z",
    re.IGNORECASE,
)
_LEGAL = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_HEADER = re.compile(rb"([A-Za-z-]+):[ \t]*([^\r\n\x00]*)")
_DISPOSITION = re.compile(
    rb"form-data; ?name=\"([^\"\\\r\n]*)\"(?:; ?filename=\"([^\"\\\r\n]*)\")?", re.IGNORECASE
)
_KNOWN = frozenset((b"content-disposition", b"content-type"))


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form: its header lines as they came, its name, file name and content.

    `filename` is None for a field that is no file. Names are as they are written, with `%22` for
    a quote.
    """

    head: bytes = field(repr=False)
    name: str
    filename: str | None = field(repr=False)
    content: bytes = field(repr=False)

    def renamed(self, filename: str) -> Part:
        """This part with another file name, which must need no escape."""
        old = f'filename="{self.filename}"'.encode("utf-8", "surrogateescape")
        new = f'filename="{filename}"'.encode()
        # The last one: a field's own name comes first, and may look like it.
        before, _, after = self.head.rpartition(old)
        return replace(self, head=before + new + after, filename=filename)


@dataclass(frozen=True, slots=True)
class Form:
    """The parts of a form, in order, and what divides them."""

    boundary: bytes
    parts: Sequence[Part]

    def body(self) -> bytes:
        """The bytes of the form. Raises `UnknownFormat` if a content holds the boundary."""
        line = b"--" + self.boundary
        pieces: list[bytes] = []
        for part in self.parts:
            if b"\r\n" + line in b"\r\n" + part.content:
                raise UnknownFormat(f"a part of this form holds the line that ends it {NEVER}")
            pieces += (line, b"\r\n", part.head, b"\r\n\r\n", part.content, b"\r\n")
        return b"".join([*pieces, line, b"--\r\n"])


def form(content_type: str, body: bytes) -> Form:
    """Take the form apart. Raises `UnknownFormat`; the message quotes nothing of it."""
    found = _BOUNDARY.match(content_type)
    boundary = (found[1] or found[2]) if found else ""
    if not _LEGAL.fullmatch(boundary):
        raise UnknownFormat(f"a file is uploaded as multipart/form-data; it was not sent {NEVER}")
    line = b"--" + boundary.encode()
    # Every part begins after a boundary line and ends before the next one.
    pieces = (b"\r\n" + body).split(b"\r\n" + line)
    if len(pieces) < 3 or pieces[0] or pieces[-1] not in (b"--", b"--\r\n"):
        raise _malformed()
    made = Form(boundary.encode(), [_part(piece) for piece in pieces[1:-1]])
    if made.body().rstrip(b"\r\n") != body.rstrip(b"\r\n"):
        raise _malformed()
    return made


def _part(piece: bytes) -> Part:
    if not piece.startswith(b"\r\n"):
        raise _malformed()
    head, gap, content = piece[2:].partition(b"\r\n\r\n")
    names: list[bytes] = []
    disposition = None
    for line in head.split(b"\r\n"):
        header = _HEADER.fullmatch(line)
        if header is None:
            raise _malformed()
        names.append(header[1].lower())
        if names[-1] == b"content-disposition":
            disposition = _DISPOSITION.fullmatch(header[2])
    if not gap or disposition is None or len(set(names)) != len(names) or set(names) - _KNOWN:
        raise _malformed()
    name, filename = (
        None if text is None else text.decode("utf-8", "surrogateescape")
        for text in disposition.groups()
    )
    return Part(head, name or "", filename, content)


def _malformed() -> UnknownFormat:
    return UnknownFormat(f"this form cannot be taken apart safely, so it was not sent {NEVER}")
