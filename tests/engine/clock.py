"""A clock that a test moves, and the root key of a vault that a test gives away."""

from __future__ import annotations

import base64

ROOT = bytes.fromhex("5f3c1e9ab27d48c60db1e47a9236f85c81d7034be6a92f5c7014cb83fd6e25a9")
KEY = {"LGP_VAULT_KEY": base64.b64encode(ROOT).decode()}
DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.now = 20_500.0 * DAY

    def __call__(self) -> float:
        return self.now
