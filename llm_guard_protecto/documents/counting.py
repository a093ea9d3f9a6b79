"""How long a text is for a model: tiktoken's count where its ranks are at hand, else an estimate."""

from __future__ import annotations

from collections.abc import Callable

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.guard.growth import encoder

__all__ = ["BYTES_A_TOKEN", "counter", "estimate"]

BYTES_A_TOKEN = 3
"""UTF-8 bytes for one token of a model, on the safe side: English prose has about four."""


def estimate(text: str) -> int:
    """About how many tokens a text has, at least one for a text with anything in it."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN)


def counter(encoding: str) -> tuple[Callable[[str], int], str]:
    """What counts by `encoding`, and its name; or an estimate, and why.

    Nothing is fetched. Raises `ConfigurationError` for an encoding that is not known here.
    """
    try:
        encode = encoder(encoding)
    except KeyError:
        raise ConfigurationError(f"no encoding {encoding!r} is known here") from None
    if encode is None:
        return estimate, f"an estimate: the ranks of {encoding} are not in tiktoken's cache"
    return lambda text: len(encode(text)), encoding
