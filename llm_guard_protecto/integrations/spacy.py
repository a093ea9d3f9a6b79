"""Any installed spaCy pipeline as a detector: the extra `spacy`.

LocalVault(detectors=[SpacyPipeline("en_core_web_sm")])
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Span

__all__ = ["LABELS", "SpacyPipeline"]

LABELS: Mapping[str, str] = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "ORG": "ORG",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "NORP": "NATIONALITY",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}
"""What spaCy's own models call our entities. Other labels are not reported."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class SpacyPipeline:
    """Finds what a spaCy pipeline calls an entity. Thread-safe: one call at a time."""

    def __init__(
        self,
        pipeline: Any,
        *,
        labels: Mapping[str, str] = LABELS,
        score: float = 0.75,
    ) -> None:
        """`pipeline` is the name or path of an installed one, or a loaded `Language`.

        `labels` maps its labels to entities, `score` is what each find is worth: spaCy gives none.
        Raises `ConfigurationError` when spaCy or the pipeline is not installed.
        """
        self._pipeline = _loaded(pipeline)
        self._labels = dict(labels)
        self._score = score
        self._lock = threading.Lock()
        self.__name__ = f"spacy:{self._pipeline.meta.get('name', 'pipeline')}"

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Find the entities of each text."""
        readable = [_LONE_SURROGATE.sub("\ufffd", text) for text in texts]
        with self._lock:
            return [self._spans(document) for document in self._pipeline.pipe(readable)]

    def _spans(self, document: Any) -> list[Span]:
        return [
            Span(found.start_char, found.end_char, entity, self._score, self.__name__)
            for found in document.ents
            if (entity := self._labels.get(found.label_)) and found.start_char < found.end_char
        ]


def _loaded(pipeline: Any) -> Any:
    try:
        import spacy
    except ImportError:
        raise ConfigurationError(
            "spaCy is not installed: pip install 'llm-guard-protecto[spacy]'"
        ) from None
    if isinstance(pipeline, spacy.language.Language):
        return pipeline
    try:
        return spacy.load(pipeline)
    except OSError:
        raise ConfigurationError(
            f"spaCy has no pipeline {str(pipeline)!r}: python -m spacy download {pipeline}"
        ) from None
