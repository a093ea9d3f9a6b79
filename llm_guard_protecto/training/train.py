"""Trains the tagger: the labelled corpora and fresh synthetic texts every epoch.

Deterministic for a seed, a thread count and a Torch version: all chance comes from one `Random`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from llm_guard_protecto.detect.features import FLAGS, PARTS, Lexicon, describe
from llm_guard_protecto.detect.network import TAGS
from llm_guard_protecto.detect.words import split
from llm_guard_protecto.training import corpora, lexicon
from llm_guard_protecto.training.grammar import Marked
from llm_guard_protecto.training.names import names
from llm_guard_protecto.training.network import TaggerNetwork, save
from llm_guard_protecto.training.noise import rough
from llm_guard_protecto.training.samples import IGNORE, Sample, sample
from llm_guard_protecto.training.sources import snippets
from llm_guard_protecto.training.synthesis import synthetic

__all__ = ["Recipe", "train"]

_COMMON = FLAGS.index("common")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, next to the data and the code."""

    seed: int = 1
    epochs: int = 8
    synthetic: int = 24_000  # texts an epoch
    code: int = 2_500  # pieces of source code an epoch
    batch: int = 3_000  # words
    rate: float = 3e-3
    threads: int = 1


def train(data: Path, unlabelled: Path, recipe: Recipe, target: Path) -> None:
    """Train on the corpora in `data` and write the weights to `target`."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rng = Random(recipe.seed)  # noqa: S311
    material = names()
    labelled = [found for _, (_, found) in corpora.texts(data, measuring=False)]

    def fresh() -> list[Marked]:
        made = synthetic(recipe.synthetic, rng, material)
        return [*labelled, *made, *snippets(recipe.code, rng)]

    first = fresh()
    known = lexicon.build(first, lexicon.plain_texts(unlabelled), material)
    network = TaggerNetwork(len(known.vocabulary)).to(device)
    steps = recipe.epochs * (sum(len(split(found.text)) for found in first) // recipe.batch + 40)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, steps, pct_start=0.1)
    seen_parts = torch.zeros(PARTS)
    for epoch in range(recipe.epochs):
        began = time.monotonic()
        texts = first if epoch == 0 else fresh()
        samples = [sample(rough(found, rng)) for found in texts]
        total = count = 0.0
        network.train()
        for batch in _batches(samples, recipe.batch, rng):
            inputs, tags = _tensors(batch, known, rng, seen_parts)
            scores = network(*(tensor.to(device) for tensor in inputs))
            loss = torch.nn.functional.cross_entropy(
                scores.reshape(-1, len(TAGS)), tags.to(device).reshape(-1), ignore_index=IGNORE
            )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            if schedule.last_epoch < steps - 1:
                schedule.step()
            total += float(loss.detach())
            count += 1
        save(network, known, seen_parts, target)
        sys.stderr.write(
            f"epoch {epoch + 1}/{recipe.epochs}: loss {total / count:.4f}, "
            f"{len(samples)} texts, {time.monotonic() - began:.0f} s\n"
        )


def _batches(samples: Sequence[Sample], size: int, rng: Random) -> Iterator[list[Sample]]:
    """Batches of texts of about the same length, `size` words each, in random order."""
    order = sorted(samples, key=lambda s: len(s.forms) + rng.random() * 8)
    batches: list[list[Sample]] = [[]]
    for one in order:
        longest = max(len(one.forms), 1)
        if longest * (len(batches[-1]) + 1) > size and batches[-1]:
            batches.append([])
        batches[-1].append(one)
    rng.shuffle(batches)
    yield from batches


def _tensors(
    batch: Iterable[Sample], known: Lexicon, rng: Random, seen_parts: Tensor
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Inputs of the network and the tags [texts, words]."""
    batch = list(batch)
    ids: dict[str, int] = {"": 0}
    shape = (len(batch), max(1, *(len(one.forms) for one in batch)))
    words, layouts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    tags, real = np.full(shape, IGNORE, np.int64), np.zeros(shape, np.float32)
    for i, one in enumerate(batch):
        n = len(one.forms)
        words[i, :n] = [ids.setdefault(form, len(ids)) for form in one.forms]
        layouts[i, :n], tags[i, :n], real[i, :n] = one.layouts, one.tags, 1
    found = describe(list(ids), known)
    # Now and then nothing is known of the rarer words of a text, as with names nobody listed.
    chance = np.random.default_rng(rng.getrandbits(32))
    common = found.flags[words][..., _COMMON] > 0
    rate = np.where(chance.random((shape[0], 1)) < 0.15, 0.75, 0.12)
    rate = np.where(common, 0.05, rate)
    hide_word = (chance.random(shape) >= rate).astype(np.float32)
    hide_flags = (chance.random(shape) >= rate).astype(np.float32)
    parts = torch.from_numpy(found.parts.astype(np.int64))
    seen_parts[parts] = 1
    offsets = np.concatenate([[0], np.cumsum(found.counts)]).astype(np.int64)
    rows = found.rows.astype(np.int64)
    arrays = (found.shapes.astype(np.int64), found.flags, words, layouts, real)
    hide_word *= (rows > 0)[words]  # an unknown word has no vector at run time either
    inputs = (
        torch.from_numpy(rows),
        parts,
        torch.from_numpy(offsets),
        *map(torch.from_numpy, arrays),
        torch.from_numpy(hide_word),
        torch.from_numpy(hide_flags),
    )
    return inputs, torch.from_numpy(tags)
