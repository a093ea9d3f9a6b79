"""How many tokens longer masking has made a prompt, in the model's own tokens.

Counted with `tiktoken`, whose ranks (its tables) are files that it fetches from the network when it
has none. Here nothing is ever fetched: a file that is not in tiktoken's cache already is a reason,
not a figure. Every token of ours is counted beside the value it stands for, each after a blank, so
the sum may be off by a token where a place has other neighbours.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llm_guard_protecto.guard.maps import begins_with
from llm_guard_protecto.models import Masked

__all__ = ["Counting", "Growth", "encoder", "encoding_of", "growth"]

Encode = Callable[[str], Sequence[int]]

_RANKS = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
"""The encodings of today's models and the SHA-256 of their files, as tiktoken itself checks them."""

_URL = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
"""Where tiktoken gets a file from; a cached one is named by the SHA-1 of this."""

_CL100K = re.compile(r"(?:ft:)?(?:gpt-4(?![o.])|gpt-3\.?5|text-embedding-|davinci-002|babbage-002)")

_MOST_KNOWN = 8192


def encoding_of(model: str) -> str:
    """Name the encoding for a model; for one that is not OpenAI's, the newest serves as estimate."""
    return "cl100k_base" if _CL100K.match(model) else "o200k_base"


@dataclass(frozen=True, slots=True)
class Counting:
    """Counts with one encoding; remembers what each token of ours costs, and no value."""

    encode: Encode
    known: dict[str, int]

    def growth(self, masked: Iterable[Masked]) -> int:
        """Return by how many tokens these texts have grown."""
        grown = 0
        for text in masked:
            for token in text.individual_tokens:
                wrapped = token.wrapped
                cost = self.known.get(wrapped)
                if cost is None:
                    ours, theirs = self.encode(f" {wrapped}"), self.encode(f" {token.value}")
                    cost = len(ours) - len(theirs)
                    if len(self.known) >= _MOST_KNOWN:
                        self.known.clear()
                    self.known[wrapped] = cost
                grown += cost
        return grown


class Growth:
    """How much longer the texts of one request have become; counted when somebody asks.

    The next turn of a chat goes on from what was counted here.
    """

    __slots__ = ("_answer", "_base", "_start", "_sums")

    def __init__(self, answer: Sequence[Masked] = (), before: Growth | None = None) -> None:
        """Count `answer`; `before` is that of an earlier turn."""
        self._answer = answer
        self._sums: dict[str, int] = {}  # by encoding
        goes_on = before is not None and begins_with(answer, before._answer)
        self._start, self._base = 0, self._sums
        if before is not None and goes_on:
            self._start, self._base = len(before._answer), before._sums.copy()

    def by(self, model: str) -> tuple[int | None, str]:
        """Return the tokens that a prompt for `model` became longer by, and the encoding's name.

        Or None and the reason why they were not counted.
        """
        name = encoding_of(model)
        if name not in self._sums:
            known = self._base.get(name)
            new = self._answer if known is None else self._answer[self._start :]
            grown, name = growth(new, model)
            if grown is None:
                return None, name
            self._sums[name] = grown + (known or 0)
        return self._sums[name], name


def growth(masked: Iterable[Masked], model: str) -> tuple[int | None, str]:
    """Return the tokens that `masked` made a prompt for `model` longer by, and the encoding's name.

    Or None and the reason why they were not counted.
    """
    name = encoding_of(model)
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    path = _cached(name, folder)
    if not os.path.isfile(path):
        return None, f"{name}: its ranks are not in tiktoken's cache"
    loading = _loading(name, path)
    if not loading.done():
        return None, f"{name}: its ranks are being read"
    if loading.exception() is not None:
        return None, f"{name}: its ranks in tiktoken's cache are damaged"
    try:
        return loading.result().growth(masked), name
    except Exception:  # noqa: BLE001 - a figure less, and the call goes on
        return None, f"{name}: these texts could not be counted"


def encoder(name: str) -> Encode | None:
    """Return what encodes by `name`, read from tiktoken's cache; None where that cannot be had.

    Raises `KeyError` for an encoding that is none of today's models'.
    """
    if name not in _RANKS:
        raise KeyError(name)
    path = _cached(name, os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR")))
    if not os.path.isfile(path):
        return None
    loading = _loading(name, path)
    return None if loading.exception() is not None else loading.result().encode


@cache
def _cached(name: str, folder: str | None) -> str:
    """Where tiktoken keeps the ranks of an encoding, with this folder or its usual one."""
    if folder is None:
        folder = str(Path(tempfile.gettempdir()) / "data-gym-cache")
    key = hashlib.sha1(_URL.format(name).encode(), usedforsecurity=False).hexdigest()
    return str(Path(folder) / key)


@cache
def _loading(name: str, path: str) -> Future[Counting]:
    """Load an encoding, once, beside everything else: it takes some tenths of a second."""
    loading: Future[Counting] = Future()

    def load() -> None:
        try:
            # With a damaged file tiktoken would go and fetch another.
            if hashlib.sha256(Path(path).read_bytes()).hexdigest() != _RANKS[name]:
                raise ValueError("not the file that tiktoken expects")
            import tiktoken

            loading.set_result(Counting(tiktoken.get_encoding(name).encode_ordinary, {}))
        except Exception as error:  # noqa: BLE001 - a figure less, nothing else
            loading.set_exception(error)

    threading.Thread(target=load, name="llm-guard-ranks", daemon=True).start()
    return loading
