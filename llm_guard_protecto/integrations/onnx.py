"""Any token-classification model in ONNX form, from a folder of this machine: the extra `onnx`.

    LocalVault(detectors=[TokenClassifier("models/my-ner")])

The folder is as `optimum-cli export onnx` writes it: `model.onnx`, `tokenizer.json` and
`config.json` with `id2label`. Nothing is fetched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.models import Span

__all__ = ["LABELS", "TokenClassifier"]

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

_OVERLAP = 64
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


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
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError:
            raise ConfigurationError(
                "ONNX models need more libraries: pip install 'llm-guard-protecto[onnx]'"
            ) from None
        folder = Path(folder)
        self.__name__ = f"onnx:{folder.name}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            names = {int(number): str(label) for number, label in config["id2label"].items()}
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._session: Any = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001  (each library has errors of its own)
            raise ConfigurationError(
                f"{folder} is no model: {type(error).__name__}: {error}"
            ) from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=window, stride=min(_OVERLAP, window // 4))
        kinds = [names.get(number, "O") for number in range(max(names, default=-1) + 1)]
        self._entities = [labels.get(kind.split("-", 1)[-1]) for kind in kinds]
        self._begins = [kind.startswith(("B-", "S-", "U-")) for kind in kinds]
        self._inputs = {one.name for one in self._session.get_inputs()}
        if not any(self._entities):
            raise ConfigurationError(f"{folder} has none of the labels {', '.join(labels)}")

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Find the entities of each text."""
        return [list(self._spans(text)) for text in texts]

    def _spans(self, text: str) -> Iterator[Span]:
        encoding = self._tokenizer.encode(_LONE_SURROGATE.sub("\ufffd", text))
        for window in (encoding, *encoding.overflowing):
            yield from self._in_window(text, window)

    def _in_window(self, text: str, window: Any) -> Iterator[Span]:
        """Words with the same entity, glued; what begins anew is a span of its own."""
        if not window.ids:
            return
        chances = self._chances(window)
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

    def _words(self, window: Any, chances: Any) -> Iterator[tuple[int, int, int, float]]:
        """Start, end, label and probability of each word: the mean over its pieces."""
        pieces = enumerate(window.word_ids)
        for word, group in groupby(pieces, key=lambda piece: piece[1]):
            rows = [at for at, _ in group]
            if word is None:
                continue
            chance = chances[rows].mean(axis=0)
            label = int(chance.argmax())
            first, last = window.offsets[rows[0]][0], window.offsets[rows[-1]][1]
            yield first, last, label, float(chance[label])

    def _chances(self, window: Any) -> Any:
        given = {
            "input_ids": window.ids,
            "attention_mask": window.attention_mask,
            "token_type_ids": window.type_ids,
        }
        feed = {
            name: np.array([numbers], np.int64)
            for name, numbers in given.items()
            if name in self._inputs
        }
        [scores, *_] = self._session.run(None, feed)
        scores = scores[0].astype(np.float64)
        if not np.isfinite(scores).all():
            raise DetectionFailed(f"{self.__name__} gave no numbers")
        raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True)

    def _span(self, text: str, start: int, end: int, entity: str, scores: Sequence[float]) -> Span:
        while start < end - 1 and text[start].isspace():
            start += 1
        score = min(1.0, sum(scores) / len(scores))
        return Span(start, end, entity, score, self.__name__)
