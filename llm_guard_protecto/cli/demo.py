"""The `demo` command: one conversation seen from all four sides, without key or network.

Everything in it is real (detection, vault, the OpenAI client, what went over the wire) but the
model: a `FakeProvider` inside this process writes the letter from the tokens it received.
"""

from __future__ import annotations

import json as jsonlib
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.cli.options import JsonOption
from llm_guard_protecto.cli.streams import write_json
from llm_guard_protecto.errors import GuardError

if TYPE_CHECKING:
    from rich.text import Text

    from llm_guard_protecto.models import IndividualToken

__all__ = ["Recording", "demo", "record"]

PROMPT = (
    "Write to Sarah Johnson, 456 Elm Avenue, Boston, (555) 987-6543, "
    "that her card 4111 1111 1111 1111 was charged."
)


@dataclass(frozen=True, slots=True)
class Recording:
    """The four sides: `received` is the request body to the byte, `pieces` the reply as it came."""

    wrote: str = field(repr=False)
    received: bytes
    pieces: tuple[str, ...]
    got: str = field(repr=False)
    tokens: tuple[IndividualToken, ...]


def demo(json: JsonOption = False) -> None:
    """Show one conversation from all four sides; needs no key and no network."""
    recording = record()
    if json:
        write_json(
            {
                "wrote": recording.wrote,
                "provider_saw": recording.received.decode(),
                "reply_pieces": list(recording.pieces),
                "got": recording.got,
            }
        )
    else:
        _show(recording)


def record(prompt: str = PROMPT) -> Recording:
    """Hold the conversation. Raises `GuardError` if a value was found in what the provider got."""
    from openai import OpenAI

    from llm_guard_protecto.clients import protect
    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.testing import FakeProvider

    heard: list[bytes] = []

    class Overheard(FakeProvider):
        def answer(self, request: Any) -> tuple[int, str, Iterator[bytes]]:
            status, kind, pieces = super().answer(request)
            return status, kind, _listen(pieces, heard)

    provider = Overheard(reply=_letter)
    key = {"LGP_VAULT_KEY": b64encode(secrets.token_bytes(32)).decode()}
    with (
        TemporaryDirectory() as folder,
        LocalVault(Path(folder) / "demo.db", environ=key) as vault,
        OpenAI(
            api_key="none", base_url="http://provider.example/v1", http_client=provider.client()
        ) as plain,
    ):
        client = protect(plain, vault)
        stream = client.chat.completions.create(
            model="any-model", messages=[{"role": "user", "content": prompt}], stream=True
        )
        got = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        [masked] = vault.mask([prompt])
    body = provider.last_body
    if not masked.individual_tokens or any(
        token.value.encode() in body for token in masked.individual_tokens
    ):
        raise GuardError("the provider received a value in clear; please report this")
    return Recording(prompt, body, tuple(_contents(heard)), got, masked.individual_tokens)


def _letter(messages: Sequence[Mapping[str, Any]]) -> str:
    """What a model would answer: a letter that uses the tokens it was given."""
    given: dict[str, list[str]] = {}
    for found in re.finditer(r"<(\w+)>.+?</\1>", messages[-1]["content"]):
        given.setdefault(found[1], []).append(found[0])
    name, card, phone, address = (
        ", ".join(given.get(tag, ["(unknown)"])) for tag in ("PER", "CRD", "PHN", "ADDRESS")
    )
    surname = re.sub(r"<.+?>", "", name).split()[-1]
    return (
        f"Dear Ms. {surname},\n\n"
        f"your card {card} was charged today. If that was not you, tell us; "
        f"we will call you at {phone} tomorrow.\n\n"
        f"Sent to {name}, {address}"
    )


def _listen(pieces: Iterable[bytes], heard: list[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        heard.append(piece)
        yield piece


def _contents(events: Iterable[bytes]) -> Iterator[str]:
    for event in events:
        data = event.removeprefix(b"data: ").strip()
        if data != b"[DONE]":
            for choice in jsonlib.loads(data)["choices"]:
                if choice["delta"].get("content"):
                    yield choice["delta"]["content"]


def _show(recording: Recording) -> None:
    from itertools import accumulate

    from rich.panel import Panel
    from rich.text import Text

    from llm_guard_protecto.cli.show import console

    reply = _coloured("".join(recording.pieces), recording.tokens, clear=False)
    cuts = list(accumulate(map(len, recording.pieces)))[:-1]
    sides = (
        ("1  The user wrote", _coloured(recording.wrote, recording.tokens, clear=True)),
        (
            f"2  The provider received ({len(recording.received)} bytes)",
            _coloured(_folded(recording.received), recording.tokens, clear=False),
        ),
        (
            f"3  The provider streamed ({len(recording.pieces)} pieces)",
            Text.assemble(("·", "dim")).join(reply.divide(cuts)),
        ),
        ("4  The user got", _coloured(recording.got, recording.tokens, clear=True)),
    )
    out = console()
    width = min(out.width, 100)
    for title, text in sides:
        out.print(Panel(text, title=Text(title, "bold"), title_align="left", width=width))
    out.print(
        Text.assemble(
            (f" {len(recording.tokens)} values", "bold"),
            " stayed here; the provider received none of them.",
        )
    )


def _folded(body: bytes) -> str:
    """The body with a line end after each member, for narrow terminals."""
    return re.sub(r',(?=")', ",\n", body.decode())


def _coloured(text: str, tokens: Iterable[IndividualToken], *, clear: bool) -> Text:
    """The text with every value (or, if not `clear`, every token) in its entity's colour."""
    from rich.text import Text

    from llm_guard_protecto.cli.show import style_of
    from llm_guard_protecto.entities import ENTITIES

    shown = Text(text, overflow="fold")
    for token in tokens:
        whole = [token.value] if clear else [token.wrapped, token.token]
        parts = whole[-1].split() if ENTITIES[token.pii_type].unit == "word" else []
        for word in (*whole, *parts):
            bounded = rf"(?<!\w){re.escape(word)}(?!\w)"
            shown.highlight_regex(bounded, style_of(token.pii_type))
    return shown
