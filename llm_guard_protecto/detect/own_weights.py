"""A tagger with weights of the user's own, looked at closely before anything depends on it.

A weights file that is damaged in its numbers would not fail, it would find nothing. So every
number of a file from outside is checked, and the tagger has to read a sentence.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from llm_guard_protecto.detect.tagger import Tagger
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["own_tagger"]

_PROBE = "Ada Moss of Oakham Mills Ltd moved to 12 Quarry Lane, Leeds."


def own_tagger(weights: Path) -> Tagger:
    """The tagger of a weights file. Raises ConfigurationError when it is missing or damaged."""
    try:
        tagger = Tagger(weights)
        tagger.tag([_PROBE])
        with np.load(weights, allow_pickle=False) as stored:
            sound = all(np.isfinite(stored[name]).all() for name in stored.files)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is not used
        raise ConfigurationError(f"tagger {weights}: {_reason(weights, error)}") from None
    if not sound:
        raise ConfigurationError(f"tagger {weights}: damaged: numbers that are none")
    return tagger


def _reason(weights: Path, error: Exception) -> str:
    try:
        weights.open("rb").close()
    except OSError as failure:
        return failure.strerror or type(failure).__name__
    kind = "" if isinstance(error, ConfigurationError) else f" ({type(error).__name__})"
    return f"not a weights file, or damaged{kind}"
