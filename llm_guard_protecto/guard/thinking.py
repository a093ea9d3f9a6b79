"""Signed blocks go back to their provider in the provider's own words.

The Messages API signs what its model thought, and takes a thinking block back only as it was. But
the caller saw the block restored, and masking it again need not give the same text: the model may
have bent a token, or named somebody whom nobody had masked. So a guard remembers what the provider
wrote, by the signature and by a digest of what the caller got in its place; when exactly that block
comes back, the provider's words are sent. A block that is not remembered (another process, a text
that was changed) is masked like any other text.

What is remembered is masked text, as it came from the provider: sending it back tells nothing new.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from llm_guard_protecto.wire.json_text import JsonText, edit
from llm_guard_protecto.wire.sse import Event

__all__ = ["Heard", "Thoughts", "parsed", "signed_blocks"]

SIGNED = {"thinking": "thinking", "compaction": "content"}
"""The types of block that are signed, and where their text stands."""

MOST = 16 * 1024 * 1024
"""How many characters are remembered, the least recently used forgotten first."""


class Thoughts:
    """The signed texts of one guard. Thread-safe."""

    def __init__(self, most: int = MOST) -> None:
        """Remember at most `most` characters."""
        self._lock = threading.Lock()
        self._texts: OrderedDict[bytes, str] = OrderedDict()
        self._size, self._most = 0, most
        self._secret = secrets.token_bytes(32)

    def note(self, signature: str, heard: str, said: str) -> None:
        """The provider wrote `heard` under `signature`, and the caller got `said`."""
        key = self._key(signature, said)
        with self._lock:
            self._size += len(heard) - len(self._texts.pop(key, ""))
            self._texts[key] = heard
            while self._size > self._most:
                self._size -= len(self._texts.popitem(last=False)[1])

    def replay(self, clear: bytes, masked: bytes) -> bytes:
        """`masked`, with the provider's own words for every signed block of `clear` we know."""
        if not self._texts or b"signature" not in clear:
            return masked
        asked, sent = JsonText(clear.decode()), JsonText(masked.decode())
        changes = []
        for leaf in asked.leaves:
            if leaf.path[-1:] != ("signature",) or leaf.kind != "string":
                continue
            for name in SIGNED.values():
                path = (*leaf.path[:-1], name)
                said, instead = asked.at(path), sent.at(path)
                heard = said and self._known(leaf.value, said.value)
                if heard is not None and instead is not None:
                    changes.append((instead, heard))
        edited = edit(sent.text, changes)
        return masked if edited is sent.text else edited.encode()

    def _known(self, signature: str, said: str) -> str | None:
        key = self._key(signature, said)
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
            return self._texts.get(key)

    def _key(self, signature: str, said: str) -> bytes:
        """A digest, so that no clear text is kept."""
        both = json.dumps([signature, said]).encode()
        return hashlib.blake2b(both, digest_size=32, key=self._secret).digest()


class Heard:
    """Follows the events of a stream: the signed blocks that have ended, and the message's id."""

    def __init__(self) -> None:
        """Begin with the first event of a stream."""
        self.message = ""
        self._done: list[tuple[str, str]] = []
        self._open: dict[int, dict[str, str]] = {}

    def take(self, event: Event) -> bool:
        """Take the next event; return whether it could tell anything."""
        if not event.data:
            return False
        if not self._open and not any(word in event.data for word in _TELLING):
            return False
        self._event(parsed(event.data.encode("utf-8", "surrogateescape")))
        return True

    def ended(self) -> list[tuple[str, str]]:
        """Return the signature and the text of each block that has ended since the last call."""
        done, self._done = self._done, []
        return done

    def _event(self, event: Mapping[str, Any]) -> None:
        message = event.get("message")
        if isinstance(message, dict):
            self.message = _text(message, "id")
        index = event.get("index")
        if not isinstance(index, int):
            return
        block = event.get("content_block")
        if isinstance(block, dict) and block.get("type") in SIGNED:
            name = SIGNED[block["type"]]
            self._open[index] = {"text": _text(block, name), "signature": _text(block, "signature")}
        if index not in self._open:
            return
        here = self._open[index]
        delta = event.get("delta")
        if isinstance(delta, dict):
            for name in SIGNED.values():
                here["text"] += _text(delta, name)
            here["signature"] = _text(delta, "signature") or here["signature"]
        if event.get("type") == "content_block_stop":
            del self._open[index]
            if here["signature"]:
                self._done.append((here["signature"], here["text"]))


_TELLING = ("message_start", *SIGNED)


def signed_blocks(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the signature and the text of each signed block of a whole message."""
    content = message.get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") in SIGNED and block.get("signature"):
            yield _text(block, "signature"), _text(block, SIGNED[block["type"]])


def parsed(text: bytes) -> Mapping[str, Any]:
    """Return the JSON object that `text` is; an empty one if it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""
