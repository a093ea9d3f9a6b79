"""The one who looks for leaks is looked at: it must find a value in any dress, and only then."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clients.bench import VALUES
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import TinyVault

DRESSES: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "upper case": lambda text: text.upper().encode(),
    "wrapped": lambda text: text.replace(" ", "\n  ").encode(),
    "json": lambda text: json.dumps(text).encode(),
    "json in json": lambda text: json.dumps(json.dumps({"a": text}, ensure_ascii=False)).encode(),
    "every letter escaped": lambda text: "".join(f"\\u{ord(c):04x}" for c in text).encode(),
    "percent": lambda text: quote(text).encode(),
    "form": lambda text: quote_plus(text).encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(f"ÿþ?{text}>".encode()),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("value", VALUES)
@given(before=st.binary(max_size=12), after=st.binary(max_size=12), inside=st.text(max_size=3))
def test_found_in_any_dress(
    dress: str, value: str, before: bytes, after: bytes, inside: str
) -> None:
    raw = before + b" " + DRESSES[dress](f"{inside} {value} ") + b" " + after
    assert leaked(raw, [value, "Nobody Else"]) == [value]


def test_a_masked_text_leaks_nothing() -> None:
    (masked,) = TinyVault(*VALUES).mask([" and ".join(VALUES)])
    for dress in DRESSES.values():
        assert leaked(dress(masked.token_value), VALUES) == []
