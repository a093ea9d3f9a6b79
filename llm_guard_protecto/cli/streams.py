"""How texts come in and go out: byte for byte.

Input is read as UTF-8; bytes that are not UTF-8 become lone surrogates and leave as the same
bytes, so `mask` then `unmask` gives back any file. Line ends are kept as they were.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["Texts", "on_a_terminal", "read_texts", "write", "write_json", "write_private"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts to work on, and what has to follow each of them in plain output."""

    items: tuple[str, ...] = field(repr=False)
    ends: tuple[str, ...]

    def write(self, results: Iterable[str]) -> None:
        """Write one result a text, each followed by what followed its text."""
        write("".join(result + end for result, end in zip(results, self.ends, strict=True)))


def read_texts(arguments: Sequence[str] | None, *, lines: bool) -> Texts:
    """The texts of a command: its arguments, or the whole of stdin when there are none.

    With `lines` each line is a text of its own. Only LF and CRLF end a line.
    """
    if arguments:
        sources = [(text, "\n") for text in arguments]
    else:
        if sys.stdin.isatty():
            sys.stderr.write("reading from the terminal; end with Ctrl-D\n")
        sources = [(sys.stdin.buffer.read().decode("utf-8", "surrogateescape"), "")]
    if lines:
        sources = [pair for text, end in sources for pair in _lines(text, end)]
    return Texts(tuple(text for text, _ in sources), tuple(end for _, end in sources))


def _lines(text: str, end: str) -> list[tuple[str, str]]:
    *whole, last = re.split("(\r?\n)", text)
    pairs = list(zip(whole[::2], whole[1::2], strict=True))
    return [*pairs, (last, end)] if last else pairs


def write(text: str) -> None:
    """Write text to stdout as the bytes it came from."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that never was a byte: a program stored it
        data = text.encode("utf-8", "surrogatepass")
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_private(path: str, text: str) -> None:
    """Write text as UTF-8 to a file that only its owner can read, or to stdout for `-`."""
    data = text.encode("utf-8", "replace")
    if path == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def write_json(value: object) -> None:
    """Write a value as JSON to stdout: readable letters, and lone surrogates kept legal."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    write(_LONE_SURROGATE.sub(lambda one: f"\\u{ord(one[0]):04x}", text) + "\n")


def on_a_terminal() -> bool:
    """Whether a person is reading stdout; colour and tables are for people only."""
    return sys.stdout.isatty()
