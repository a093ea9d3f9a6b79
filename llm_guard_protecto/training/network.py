"""The tagger's network in Torch, layer for layer that of `detect.network`, and its export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from llm_guard_protecto.detect.features import FLAGS, PARTS, SHAPES, Lexicon
from llm_guard_protecto.detect.network import DILATIONS, TAGS
from llm_guard_protecto.detect.words import LAYOUTS

__all__ = ["TaggerNetwork", "save"]

WIDTH = 96
_WORD, _PART, _SHAPE = 32, 24, 12


class TaggerNetwork(nn.Module):  # type: ignore[misc, unused-ignore]
    """Tag scores [texts, words, len(TAGS)] from the features of a batch's distinct words."""

    def __init__(self, vocabulary: int) -> None:
        """`vocabulary`: how many words have a vector of their own."""
        super().__init__()
        self.words = nn.Embedding(1 + vocabulary, _WORD)
        self.parts = nn.EmbeddingBag(PARTS, _PART, mode="mean", include_last_offset=True)
        self.shapes = nn.Embedding(SHAPES, _SHAPE)
        self.layouts = nn.Embedding(LAYOUTS, WIDTH)
        self.mix = nn.Linear(_WORD + _PART + _SHAPE + len(FLAGS), WIDTH, bias=False)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, padding=step, dilation=step) for step in DILATIONS
        )
        self.out = nn.Linear(WIDTH, len(TAGS))
        self.dropout = nn.Dropout(0.15)
        for table in (self.words, self.parts, self.shapes, self.layouts):
            nn.init.normal_(table.weight, std=0.1)

    def forward(
        self,
        rows: Tensor,
        parts: Tensor,
        offsets: Tensor,
        shapes: Tensor,
        flags: Tensor,
        words: Tensor,
        layouts: Tensor,
        real: Tensor,
        hide_word: Tensor,
        hide_flags: Tensor,
    ) -> Tensor:
        """`words` [texts, words] points into the distinct words, which the first five describe.

        `hide_word` and `hide_flags` (0 or 1, as `words`) take away what only listed words have.
        """
        vectors = self.words(rows)[words] * hide_word[..., None]
        bits = flags[words] * hide_flags[..., None]
        inputs = torch.cat(
            [vectors, self.parts(parts, offsets)[words], self.shapes(shapes)[words], bits], -1
        )
        keep = real[..., None]
        x = torch.relu(self.mix(inputs) + self.layouts(layouts)) * keep
        x = self.dropout(x)
        for convolution in self.convolutions:
            y = torch.relu(convolution(x.transpose(1, 2)).transpose(1, 2))
            x = (x + self.dropout(y)) * keep
        scores: Tensor = self.out(x)
        return scores


def save(network: TaggerNetwork, lexicon: Lexicon, seen_parts: Tensor, path: Path) -> None:
    """Write the weights file `detect.network.load` reads. What was never trained becomes zero."""
    state = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    words = state["words.weight"].copy()
    words[0] = 0
    parts = state["parts.weight"] * seen_parts.cpu().numpy()[:, None]
    arrays = {
        "words": words,
        "parts": parts,
        "shapes": state["shapes.weight"],
        "mix": state["mix.weight"].T,
        "layouts": state["layouts.weight"],
        "out": state["out.weight"].T,
        "bias": state["out.bias"],
    }
    for i in range(len(DILATIONS)):
        kernel = state[f"convolutions.{i}.weight"]  # [out, in, 3]
        arrays[f"conv{i}"] = kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])
        arrays[f"conv{i}_bias"] = state[f"convolutions.{i}.bias"]
    np.savez(
        path,
        allow_pickle=False,
        vocabulary=lexicon.vocabulary,
        listed=lexicon.listed,
        flags=lexicon.flags,
        **{name: value.astype(np.float16) for name, value in arrays.items()},
    )
