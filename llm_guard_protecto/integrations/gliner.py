"""A GLiNER model in ONNX form, from a folder of this machine: the extra `onnx`.

    LocalVault(detectors=[Gliner("models/my-gliner")])

GLiNER is told in words what to look for. The folder is as its own export leaves it: `model.onnx`,
`tokenizer.json` and `gliner_config.json`. Models that score spans and models that score tokens are
read; those with an encoder of their own for labels are not. Nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.integrations.onnx_model import OnnxModel, read_config, readable
from llm_guard_protecto.models import Span

__all__ = ["LABELS", "Gliner"]

LABELS: Mapping[str, str] = {
    "person": "PERSON",
    "organization": "ORG",
    "location": "LOCATION",
    "address": "ADDRESS",
    "phone number": "PHONE_NUMBER",
    "date of birth": "DATE_OF_BIRTH",
    "passport number": "PASSPORT_NUMBER",
    "bank account number": "ACC_NO",
}
"""What the model is asked for, and what that is called here."""

_INPUTS = ("input_ids", "attention_mask", "words_mask", "text_lengths", "span_idx", "span_mask")
_WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")
_LONGEST_WORD = 64
"""In characters; a longer one is read in pieces, so that every window has room for one."""
_LONGEST_RUN = 64
"""In words; a find of a model that scores tokens is no longer."""


class _Word(NamedTuple):
    """A word of the text, and how many pieces the tokenizer makes of it."""

    start: int
    end: int
    pieces: int


class _Find(NamedTuple):
    """Words `first` to `last` (inclusive, from the start of a window) have label `label`."""

    score: float
    first: int
    last: int
    label: int


class Gliner:
    """Finds what it is asked for, in whole words. Thread-safe."""

    def __init__(
        self,
        folder: str | Path,
        *,
        labels: Mapping[str, str] = LABELS,
        threshold: float = 0.5,
        window: int = 512,
        threads: int = 1,
    ) -> None:
        """`labels` maps what to ask for, in the words the model was trained on, to entities.

        `threshold` is the probability from which a find counts. `window` is in tokens, the labels
        included; longer texts are read in windows that overlap. Raises `ConfigurationError` when
        the libraries or a file is missing, or the model or the labels cannot be used this way.
        """
        folder = Path(folder)
        self.__name__ = f"onnx:{folder.name}"
        self._model = OnnxModel(
            self.__name__,
            folder / "model.onnx",
            folder / "tokenizer.json",
            inputs=_INPUTS,
            threads=threads,
        )
        self._config = _checked(read_config(folder / "gliner_config.json"), folder)
        self._width = int(self._config.get("max_width", 12))
        self._most = int(self._config.get("max_len", 384))
        self._pooling = self._config.get("subtoken_pooling", "first")
        self._threshold = threshold
        self._entities = list(labels.values())
        self._prompt = self._prompted(list(labels), folder)
        encoding = self._model.tokenizer.encode(self._prompt, is_pretokenized=True)
        self._room = window - len(encoding.ids)
        if self._room < window // 2:
            raise ConfigurationError(f"{len(labels)} labels leave no room in {window} tokens")

    def _prompted(self, labels: Sequence[str], folder: Path) -> list[str]:
        """The words before the text: each label after a mark, and the mark that ends them."""
        if not labels or not all(label.strip() for label in labels):
            raise ConfigurationError("GLiNER has to be asked for something: labels are missing")
        mark = self._config.get("ent_token", "<<ENT>>")
        end = self._config.get("sep_token", "<<SEP>>")
        if None in (self._model.tokenizer.token_to_id(token) for token in (mark, end)):
            raise ConfigurationError(
                f"{folder} is no GLiNER model: it has no token {mark} or {end}"
            )
        return [word for label in labels for word in (mark, label)] + [end]

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Find the entities of each text."""
        return [list(self._spans(text)) for text in texts]

    def _spans(self, text: str) -> Iterator[Span]:
        """What touches the part of a window in which words have more around them than in another.

        A find across a border is found twice, so that nothing of it is lost.
        """
        text = readable(text)
        words = self._words(text)
        windows = list(self._windows(words))
        kept = 0
        for number, (start, end) in enumerate(windows):
            following = windows[number + 1][0] if number + 1 < len(windows) else end
            border = (following + end) // 2  # the middle of what two windows share
            for find in self._in_window([text[one.start : one.end] for one in words[start:end]]):
                if start + find.last >= kept and start + find.first < border:
                    first, last = words[start + find.first], words[start + find.last]
                    entity = self._entities[find.label]
                    yield Span(first.start, last.end, entity, find.score, self.__name__)
            kept = border

    def _words(self, text: str) -> list[_Word]:
        places = [
            (start, min(start + _LONGEST_WORD, match.end()))
            for match in _WORD.finditer(text)
            for start in range(match.start(), match.end(), _LONGEST_WORD)
        ]
        encoding = self._model.tokenizer.encode(
            [text[start:end] for start, end in places],
            is_pretokenized=True,
            add_special_tokens=False,
        )
        ids = [word for word in encoding.word_ids if word is not None]
        counts = np.bincount(np.array(ids, np.int64), minlength=len(places))
        return [_Word(*place, int(n)) for place, n in zip(places, counts, strict=True)]

    def _windows(self, words: Sequence[_Word]) -> Iterator[tuple[int, int]]:
        """As many words as there is room for, again and again, each time some of the last."""
        start = 0
        while start < len(words):
            end = start
            room = self._room
            while end < min(len(words), start + self._most) and (
                end == start or words[end].pieces <= room
            ):
                room -= words[end].pieces
                end += 1
            yield start, end
            if end == len(words):
                return
            start = end - min(2 * self._width, (end - start) // 2)

    def _in_window(self, words: Sequence[str]) -> Iterator[_Find]:
        """The surest finds, none of which overlap."""
        finds = sorted(self._finds(words), key=_precedence)
        taken = bytearray(len(words))
        for find in finds:
            place = slice(find.first, find.last + 1)
            if not any(taken[place]):
                taken[place] = b"\1" * (find.last + 1 - find.first)
                yield find

    def _finds(self, words: Sequence[str]) -> Iterator[_Find]:
        given = self._given(words)
        scores = self._model.run(given)
        count, labels = len(words), len(self._entities)
        if "span_idx" in self._model.inputs:
            if scores.shape != (1, count, self._width, labels):
                raise DetectionFailed(f"{self.__name__} did not answer for each span and label")
            yield from _of_spans(_sigmoid(scores[0]), self._threshold)
            return
        if scores.shape == (3, 1, count, labels):  # as older exports order it
            scores = np.moveaxis(scores, 0, -1)
        if scores.shape != (1, count, labels, 3):
            raise DetectionFailed(f"{self.__name__} did not answer for each word and label")
        yield from _of_tokens(_sigmoid(scores[0]), self._threshold)

    def _given(self, words: Sequence[str]) -> dict[str, Any]:
        """The arrays the graph is fed with, without the batch dimension."""
        encoding = self._model.tokenizer.encode([*self._prompt, *words], is_pretokenized=True)
        starts = np.repeat(np.arange(len(words)), self._width)
        ends = starts + np.tile(np.arange(self._width), len(words))
        inside = ends < len(words)
        return {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "words_mask": self._numbered(encoding.word_ids),
            "text_lengths": [len(words)],
            "span_idx": np.stack([starts, ends], axis=1) * inside[:, None],
            "span_mask": inside,
        }

    def _numbered(self, ids: Sequence[int | None]) -> list[int]:
        """The number, from 1, of the word that a piece stands for; 0 for a piece that does not."""
        numbers = []
        for at, word in enumerate(ids):
            before = ids[at - 1] if at else None
            after = ids[at + 1] if at + 1 < len(ids) else None
            stands = {"first": word != before, "last": word != after}.get(self._pooling, True)
            text = word is not None and word >= len(self._prompt)
            numbers.append(word - len(self._prompt) + 1 if text and word and stands else 0)
        return numbers


def _precedence(find: _Find) -> tuple[float, int, int, int]:
    """The surest first, then the longest."""
    return -find.score, find.first - find.last, find.first, find.label


def _checked(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings of a model that can be used. Raises `ConfigurationError` for another one."""
    if config.get("labels_encoder") or config.get("precomputed_prompts_mode"):
        raise ConfigurationError(f"{folder} reads its labels apart from the text: not supported")
    splitter = config.get("words_splitter_type", "whitespace")
    if splitter != "whitespace":
        raise ConfigurationError(f"{folder} divides words by {splitter!r}: not supported")
    return config


def _of_spans(chances: NDArray[np.float64], threshold: float) -> Iterator[_Find]:
    """From first word x words more x label."""
    for first, more, label in np.argwhere(chances > threshold).tolist():
        if first + more < len(chances):
            yield _Find(float(chances[first, more, label]), first, first + more, label)


def _of_tokens(chances: NDArray[np.float64], threshold: float) -> Iterator[_Find]:
    """From word x label x (begins, ends, is inside): a find is as sure as its weakest part."""
    for first, label in np.argwhere(chances[:, :, 0] > threshold).tolist():
        score = float(chances[first, label, 0])
        for last in range(first, min(len(chances), first + _LONGEST_RUN)):
            _, ends, inside = chances[last, label].tolist()
            if inside < threshold:
                break
            score = min(score, inside)
            if ends > threshold:
                yield _Find(min(score, ends), first, last, label)


def _sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    answer: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -scores))
    return answer
