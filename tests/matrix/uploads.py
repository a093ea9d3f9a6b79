"""Uploads: a canary at every place of a form, in every kind of file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.matrix.bodies import CANARY

__all__ = ["UPLOADS", "Upload"]

Json = Any


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """A file with a canary at one place of the form that carries it."""

    location: str
    arguments: Mapping[str, Any]
    client: str = "OpenAI"

    @property
    def method(self) -> str:
        """The SDK's method for it."""
        return "files.create" if self.client == "OpenAI" else "beta.files.upload"

    @property
    def name(self) -> str:
        """What the page calls it."""
        return "POST /files" + (f" ({self.client})" if self.client != "OpenAI" else "")


def _line(url: str, custom_id: str = "one", **body: Any) -> bytes:
    call = {"custom_id": custom_id, "method": "POST", "url": url, "body": {"model": "m", **body}}
    return json.dumps(call, ensure_ascii=False).encode()


def _written(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


_SAID = [{"role": "user", "content": CANARY}]
_CONTENTS: Sequence[tuple[str, str, bytes]] = (
    ("file (text)", "user_data", f"For {CANARY}\n".encode()),
    ("file (JSON, a value)", "user_data", _written({"a": [CANARY]})),
    ("file (JSON, a name)", "user_data", _written({CANARY: 1})),
    ("file (JSON lines)", "user_data", _written({"a": 1}) + b"\n" + _written({"a": CANARY})),
    ("file (fine-tune, a message)", "fine-tune", _written({"messages": _SAID})),
    ("file (batch, custom_id)", "batch", _line("/v1/responses", CANARY, input="x")),
    ("file (batch, /chat/completions)", "batch", _line("/v1/chat/completions", messages=_SAID)),
    ("file (batch, /completions)", "batch", _line("/v1/completions", prompt=CANARY)),
    ("file (batch, /embeddings)", "batch", _line("/v1/embeddings", input=CANARY)),
    ("file (batch, /moderations)", "batch", _line("/v1/moderations", input=CANARY)),
    ("file (batch, /responses)", "batch", _line("/v1/responses", input=CANARY)),
    ("file (batch, any other url)", "batch", _line("/v1/images/generations", prompt=CANARY)),
    ("file (batch, no call)", "batch", _written({"note": CANARY})),
    ("file (PDF)", "user_data", f"%PDF-1.7\n{CANARY}".encode()),
    ("file (no text)", "user_data", b"\x89PNG\r\n\x1a\n\xff\0" + CANARY.encode()),
)
_PLAIN = ("a.txt", b"hello")

UPLOADS = (
    *(
        Upload(location, {"file": ("a.jsonl", content), "purpose": purpose})
        for location, purpose, content in _CONTENTS
    ),
    Upload("file name", {"file": (f"{CANARY}.txt", b"hello"), "purpose": "user_data"}),
    Upload("purpose", {"file": _PLAIN, "purpose": CANARY}),
    Upload(
        "expires_after",
        {"file": _PLAIN, "purpose": "user_data", "expires_after": {"anchor": CANARY, "seconds": 9}},
    ),
    Upload(
        "any other field",
        {"file": _PLAIN, "purpose": "user_data", "extra_body": {"note": CANARY}},
    ),
    Upload(
        "a name of a field",
        {"file": _PLAIN, "purpose": "user_data", "extra_body": {CANARY: "x"}},
    ),
    Upload("type of the file", {"file": (*_PLAIN, CANARY), "purpose": "user_data"}),
    *(
        Upload(location, {"file": ("a.jsonl", content)}, "Anthropic")
        for location, purpose, content in _CONTENTS
        if purpose == "user_data"
    ),
    Upload("file name", {"file": (f"{CANARY}.txt", b"hello")}, "Anthropic"),
    Upload("type of the file", {"file": (*_PLAIN, CANARY)}, "Anthropic"),
)
"""An upload for every place of the form, and for every way that the content is read."""
