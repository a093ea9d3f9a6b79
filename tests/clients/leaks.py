"""Finds a value in bytes, in clear or in any dress it could wear on the wire."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

__all__ = ["leaked"]

_JSON_ESCAPE = re.compile(rb"\\+u([0-9a-fA-F]{4})")
_JSON_ESCAPED = re.compile(rb"\\+([\"/\\])")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")


def leaked(raw: bytes, values: Iterable[str]) -> list[str]:
    """Which of `values` can be read from `raw`: plain, JSON-escaped, percent-encoded or base64.

    Case and the white space between words are ignored.
    """
    views = [_plain(view) for view in (raw, *_decoded(raw))]
    return [value for value in values if any(_plain(value.encode()) in view for view in views)]


def _decoded(raw: bytes) -> Iterable[bytes]:
    unescaped = _JSON_ESCAPED.sub(rb"\1", _JSON_ESCAPE.sub(_unescape, raw))
    yield unescaped
    yield unquote_to_bytes(unescaped.replace(b"+", b" "))
    for found in _BASE64.findall(raw):
        run = found.translate(bytes.maketrans(b"-_", b"+/"))
        for skip in range(4):  # the run may have begun inside a longer word
            part = run[skip:]
            yield base64.b64decode(part + b"A" * (-len(part) % 4))


def _unescape(found: re.Match[bytes]) -> bytes:
    return chr(int(found[1], 16)).encode("utf-8", "surrogatepass")


def _plain(view: bytes) -> str:
    return " ".join(view.decode(errors="replace").casefold().split())
