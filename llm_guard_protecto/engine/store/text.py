"""Text as a store keeps it: in bytes, because every string is legal, lone surrogates too."""

from __future__ import annotations

__all__ = ["to_bytes", "to_text"]


def to_bytes(text: str) -> bytes:
    """What is kept for a text."""
    return text.encode("utf-8", "surrogatepass")


def to_text(kept: bytes) -> str:
    """The text for which these bytes are kept."""
    return str(kept, "utf-8", "surrogatepass")
