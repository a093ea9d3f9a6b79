"""The file of the tagger's weights: one `.npz` of plain arrays (never pickled objects).

It says by itself how wide and deep the network is. Numbers are stored as float16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats, Lexicon
from llm_guard_protecto.detect.words import LAYOUTS
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["DILATIONS", "ENTITIES", "TAGS", "Weights", "load"]

ENTITIES = ("PERSON", "ORG", "LOCATION", "ADDRESS")
# Outside; then begin, inside, end, single of each entity.
TAGS = ("O", *(f"{place}-{entity}" for entity in ENTITIES for place in "BIES"))
DILATIONS = (1, 2, 4, 1, 1)
"""The steps of the convolutions, first layer first, where the file does not say them."""

_Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of a weights file. `mix` turns all features of a word into one vector.

    The largest table stays as it is stored, for only the rows of words that occur are read; that of
    the parts, of which each word has a dozen, does not, and has a row of zeros for no part.
    """

    lexicon: Lexicon
    words: _Halves  # [1 + vocabulary, d], row 0 for every unknown word
    parts: Floats  # [PARTS + 1, e], the last row zero
    shapes: Floats  # [SHAPES, f]
    mix: Floats  # [d + e + f + len(FLAGS), width]
    layouts: Floats  # [LAYOUTS, width]
    convolutions: tuple[tuple[Floats, Floats], ...]  # ([3, width, width], [width]) a layer
    dilations: tuple[int, ...]  # how many words off the neighbours of each layer are
    out: Floats  # [width, len(TAGS)]
    bias: Floats  # [len(TAGS)]


def load(path: Path) -> Weights:
    """Read a weights file. Raises ConfigurationError when there is none or it is not one."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _weights({name: stored[name] for name in stored.files})
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, BadZipFile):
        raise ConfigurationError("the tagger's weights cannot be read") from None


def _weights(arrays: Mapping[str, npt.NDArray[Any]]) -> Weights:

    def floats(name: str) -> Floats:
        return np.ascontiguousarray(arrays[name], np.float32)

    dilations = tuple(map(int, arrays.get("dilations", DILATIONS)))
    mix, parts = floats("mix"), floats("parts")
    width = mix.shape[1]
    if not dilations or min(dilations) < 1 or f"conv{len(dilations)}" in arrays:
        raise ValueError("dilations and convolutions do not fit")
    return Weights(
        Lexicon(arrays["vocabulary"], arrays["listed"], arrays["flags"]),
        arrays["words"],
        np.concatenate([parts, np.zeros((1, parts.shape[1]), np.float32)]),
        floats("shapes"),
        mix,
        floats("layouts").reshape(LAYOUTS, width),
        tuple(
            (floats(f"conv{i}").reshape(3, width, width), floats(f"conv{i}_bias").reshape(width))
            for i in range(len(dilations))
        ),
        dilations,
        floats("out").reshape(width, len(TAGS)),
        floats("bias").reshape(len(TAGS)),
    )
