"""Any token-classification model in ONNX form, from a folder of this machine: the extra `onnx`.

    LocalVault(detectors=[TokenClassifier("models/my-ner")])

The folder is as `optimum-cli export onnx` writes it: `model.onnx`, `tokenizer.json` and
`config.json` with `id2label`. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.onnx_model import OnnxModel, read_config, readable
from llm_guard_protecto.models import Span

__all__ = ["INPUTS", "LABELS", "TokenClassifier", "labels_of", "softmax"]

LABELS: Mapping[str, str] = {
    "PER": "PERSON",
    "PERSON": "PERSON",
    "ORG": "ORG",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "LOCATION": "LOCATION",
    "ADDRESS": "ADDRESS",
}
"""What such models usually call our entities, without `B-` and `I-`. Others are not reported."""

INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
"""What a token classifier may ask for."""

_OVERLAP = 64


class TokenClassifier:
    """Finds what a token-classification model labels, in whole words. Thread-safe."""

    def __init__(
        self,
        folder: str | Path,
        *,
        labels: Mapping[str, str] = LABELS,
        window: int = 512,
        threads: int = 1,
    ) -> None:
        """`window` is in tokens; longer texts are read in windows that overlap.

        The score of a find is the mean probability of its words. Raises `ConfigurationError` when
        the libraries or a file of the model is missing, or it has no label of `labels`.
        """
        folder = Path(folder)
        self.__name__ = f"onnx:{folder.name}"
        self._model = OnnxModel(
            self.__name__,
            folder / "model.onnx",
            folder / "tokenizer.json",
            inputs=INPUTS,
            threads=threads,
        )
        kinds = labels_of(folder / "config.json")
        self._model.tokenizer.enable_truncation(
            max_length=window, stride=min(_OVERLAP, window // 4)
        )
        self._entities = [labels.get(kind.split("-", 1)[-1]) for kind in kinds]
        self._begins = [kind.startswith(("B-", "S-", "U-")) for kind in kinds]
        if not any(self._entities):
            raise ConfigurationError(f"{folder} has none of the labels {', '.join(labels)}")

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Find the entities of each text."""
        return [list(self._spans(text)) for text in texts]

    def _spans(self, text: str) -> Iterator[Span]:
        encoding = self._model.tokenizer.encode(readable(text))
        for window in (encoding, *encoding.overflowing):
            yield from self._in_window(text, window)

    def _in_window(self, text: str, window: Any) -> Iterator[Span]:
        """Words with the same entity, glued; what begins anew is a span of its own."""
        if not window.ids:
            return
        given = (window.ids, window.attention_mask, window.type_ids)
        names = ("input_ids", "attention_mask", "token_type_ids")
        chances = softmax(self._model.run(dict(zip(names, given, strict=True)))[0])
        start = end = 0
        entity: str | None = None
        scores: list[float] = []
        for first, last, label, score in self._words(window, chances):
            found = self._entities[label]
            if found is not None and found == entity and not self._begins[label]:
                end = last
                scores.append(score)
                continue
            if entity is not None and start < end:
                yield self._span(text, start, end, entity, scores)
            start, end, entity, scores = first, last, found, [score]
        if entity is not None and start < end:
            yield self._span(text, start, end, entity, scores)

    def _words(
        self, window: Any, chances: NDArray[np.float64]
    ) -> Iterator[tuple[int, int, int, float]]:
        """Start, end, label and probability of each word: the mean over its pieces."""
        offsets = window.offsets
        for word, group in groupby(enumerate(window.word_ids), key=lambda piece: piece[1]):
            rows = [at for at, _ in group]
            if word is None:
                continue
            chance = chances[rows].mean(axis=0)
            label = int(chance.argmax())
            yield offsets[rows[0]][0], offsets[rows[-1]][1], label, float(chance[label])

    def _span(self, text: str, start: int, end: int, entity: str, scores: Sequence[float]) -> Span:
        while start < end - 1 and text[start].isspace():
            start += 1
        score = min(1.0, sum(scores) / len(scores))
        return Span(start, end, entity, score, self.__name__)


def labels_of(file: Path) -> list[str]:
    """The labels of a token classifier by number, from its `config.json`.

    Raises `ConfigurationError` when the file cannot be read or has no `id2label`.
    """
    labels = read_config(file).get("id2label")
    if not isinstance(labels, dict) or not all(str(key).isdecimal() for key in labels):
        raise ConfigurationError(f"{file.parent} is no model: {file.name} has no id2label")
    names = {int(key): str(label) for key, label in labels.items()}
    return [names.get(number, "O") for number in range(max(names, default=-1) + 1)]


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    answer: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return answer
