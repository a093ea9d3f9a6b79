"""The tagger's network in Torch, layer for layer that of `detect.network`, and its export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from llm_guard_protecto.detect.features import FLAGS, PARTS, SHAPES, Lexicon
from llm_guard_protecto.detect.network import TAGS
from llm_guard_protecto.detect.words import LAYOUTS

__all__ = ["STUDENT", "TEACHER", "Form", "TaggerNetwork", "save"]


@dataclass(frozen=True, slots=True)
class Form:
    """How large a network is. Only `width` and `dilations` cost time when it runs."""

    width: int
    dilations: tuple[int, ...]  # a convolution each
    word: int = 32  # numbers a word's own vector has
    part: int = 24
    shape: int = 12
    dropout: float = 0.15


STUDENT = Form(80, (1, 2, 4, 1, 1), dropout=0.1)
TEACHER = Form(192, (1, 2, 4, 1, 1), word=48, part=32, dropout=0.2)


class _Dropout(nn.Module):  # type: ignore[misc, unused-ignore]
    """What `nn.Dropout` does, from random bytes: several times faster on a processor."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._cut = round(rate * 256)
        self._chance = np.random.default_rng(torch.initial_seed() % (1 << 32))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        drawn = np.frombuffer(self._chance.bytes(x.numel()), np.uint8) >= self._cut
        kept = torch.from_numpy(drawn.view(np.int8)).view(x.shape)
        return x * (kept * (256 / (256 - self._cut)))


class TaggerNetwork(nn.Module):  # type: ignore[misc, unused-ignore]
    """Tag scores [texts, words, len(TAGS)] from the features of a batch's distinct words."""

    def __init__(self, vocabulary: int, form: Form) -> None:
        """`vocabulary`: how many words have a vector of their own."""
        super().__init__()
        width = form.width
        self.form = form
        self.words = nn.Embedding(1 + vocabulary, form.word)
        self.parts = nn.EmbeddingBag(PARTS, form.part, mode="mean", include_last_offset=True)
        self.shapes = nn.Embedding(SHAPES, form.shape)
        self.layouts = nn.Embedding(LAYOUTS, width)
        n = form.word + form.part + form.shape + len(FLAGS)
        self.mix = nn.Linear(n, width, bias=False)
        self.convolutions = nn.ModuleList(nn.Linear(3 * width, width) for _ in form.dilations)
        self.out = nn.Linear(width, len(TAGS))
        self.dropout = _Dropout(form.dropout)
        for table in (self.words, self.parts, self.shapes, self.layouts):
            nn.init.normal_(table.weight, std=0.1)

    def parameters_by_kind(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """The tables of vectors, and everything else."""
        tables = [self.words.weight, self.parts.weight, self.shapes.weight]
        mine = set(map(id, tables))
        return tables, [one for one in self.parameters() if id(one) not in mine]

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
        shown_word: Tensor,
        shown_flags: Tensor,
    ) -> Tensor:
        """`words` [texts, words] points into the distinct words, which the first five describe.

        `shown_word` and `shown_flags` (0 or 1, as `words`) take away what only listed words have.
        """
        vectors = self.words(rows)[words] * shown_word[..., None]
        bits = flags[words] * shown_flags[..., None]
        inputs = torch.cat(
            [vectors, self.parts(parts, offsets)[words], self.shapes(shapes)[words], bits], -1
        )
        keep = real[..., None]
        x = torch.relu(self.mix(inputs) + self.layouts(layouts)) * keep
        x = self.dropout(x)
        for convolution, step in zip(self.convolutions, self.form.dilations, strict=True):
            beside = nn.functional.pad(x, (0, 0, step, step))
            seen = torch.cat([beside[:, : -2 * step], x, beside[:, 2 * step :]], -1)
            x = (x + self.dropout(torch.relu(convolution(seen)))) * keep
        with torch.autocast("cpu", enabled=False):
            scores: Tensor = self.out(x.float())
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
    for i in range(len(network.form.dilations)):
        arrays[f"conv{i}"] = state[f"convolutions.{i}.weight"].T  # [before, here, after; width]
        arrays[f"conv{i}_bias"] = state[f"convolutions.{i}.bias"]
    np.savez(
        path,
        allow_pickle=False,
        vocabulary=lexicon.vocabulary,
        listed=lexicon.listed,
        flags=lexicon.flags,
        dilations=np.array(network.form.dilations, np.uint8),
        **{name: value.astype(np.float16) for name, value in arrays.items()},
    )
