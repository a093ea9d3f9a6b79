"""The recipe behind `detect/weights/toxicity.npz`: two teachers, many texts, one small student.

    pip install numpy h5py torch
    pip download --no-deps -d wheels tox-block==0.1.2 toxic-comment-classifier==0.3.0
    python -m llm_guard_protecto.training.toxicity --wheels wheels --texts unlabelled.jsonl \
        --out llm_guard_protecto/detect/weights/toxicity.npz

`--texts` is JSON lines with a `text` each and no labels; `--never FILE` names texts that must not be
learned from (the labelled evaluation set, the neutral sentences of the tests). The same input
gives the same weights on the same machine; it takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.toxicity import (
    GRAM_ROWS,
    LABELS,
    WORD_ROWS,
    Scorer,
    gram_rows,
    windows,
    word_row,
    words,
)
from llm_guard_protecto.training.toxicity_sentences import FLOOR, IDENTITY_WORDS, harmful, harmless
from llm_guard_protecto.training.toxicity_teachers import Teacher, load_teachers, mean_logits

__all__ = ["Settings", "build", "main"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: Teachers' logits are kept within these; beyond, differences mean nothing.
LOWEST, HIGHEST = -10.0, 8.0

#: A single word below this logit of toxicity is taught as harmless.
SUSPECT = -1.5


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes the student and its training; the defaults made the shipped weights."""

    width: int = 16
    units: int = 64
    hidden: int = 32
    epochs: int = 8
    batch: int = 256
    rate: float = 4e-3
    logits: float = 0.5
    dropout: float = 0.15
    decay: float = 0.998
    harmless: int = 4000
    harmful: int = 1500
    disguised: int = 6000
    single: int = 6000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Example:
    """One window of text as vocabulary numbers, its target logits and its weight in the loss."""

    ids: Ints
    target: Floats
    weight: float


class Vocabulary:
    """Every distinct word of the training texts with its embedding rows; number 0 is the blank."""

    def __init__(self) -> None:
        """Start with the blank only."""
        self.numbers: dict[str, int] = {}

    def add(self, found: Sequence[str]) -> Ints:
        """Give the numbers of words, adding those that are new."""
        numbers = self.numbers
        return np.array([numbers.setdefault(w, len(numbers) + 1) for w in found], np.int64)

    def freeze(self) -> None:
        """Work out the rows of all words."""
        listed = list(self.numbers)
        self.whole = np.array([0, *map(word_row, listed)], np.int64)
        rows, owner = gram_rows(listed)
        self.rows = rows[np.argsort(owner, kind="stable")]
        self.counts = np.array([0, *np.bincount(owner, minlength=len(listed))], np.int64)
        self.starts = np.cumsum(self.counts) - self.counts

    def grams(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Give the n-gram rows of some words one after another, and where each word starts."""
        counts = self.counts[numbers]
        offsets = np.cumsum(counts) - counts
        spread = np.arange(counts.sum()) - np.repeat(offsets, counts)
        return self.rows[np.repeat(self.starts[numbers], counts) + spread], offsets


def build(
    texts: Iterable[str], teachers: Sequence[Teacher], never: set[str], settings: Settings
) -> dict[str, npt.NDArray[Any]]:
    """Train a student on `texts` and the grammar's sentences and give its calibrated weights."""
    chance = random.Random(settings.seed)  # noqa: S311 - repeatable on purpose, nothing is secret
    pieces = list(dict.fromkeys(_pieces(t for t in texts if _key(t) not in never)))
    learn = [p for p in pieces if not _held_back(p)]
    held = [p for p in pieces if _held_back(p)]
    learn += [_splice(chance.choice(learn), chance.choice(learn), chance) for _ in learn]
    targets = mean_logits(teachers, learn).clip(LOWEST, HIGHEST)
    _say(f"{len(learn)} pieces to learn from, {len(held)} held back")
    vocabulary = Vocabulary()

    def example(text: str, target: Floats, weight: float = 1.0) -> Example:
        return Example(vocabulary.add(words(text)), target, weight)

    examples = [example(t, y) for t, y in zip(learn, targets, strict=True) if words(t)]
    for text, chances in (
        *harmless(chance, settings.harmless),
        *harmful(chance, settings.harmful),
    ):
        if _key(text) not in never:
            examples.append(example(text, _logit(np.array(chances)).clip(LOWEST, HIGHEST)))
    rude = _rude_words(teachers)
    loud = [(t, y) for t, y in zip(learn, targets, strict=True) if y[0] > 0 and rude & {*words(t)}]
    for text, target in chance.choices(loud, k=settings.disguised):
        examples.append(example(_disguise(text, rude, chance), target))
    # A text of one word is the hardest to stay calm about: teach what the teachers say of each.
    common = [w for w, n in teachers[0].words.items() if n < settings.single and words(w) == [w]]
    bare = [word for word in common if word not in IDENTITY_WORDS]
    for word, target in zip(bare, mean_logits(teachers, bare).clip(LOWEST, HIGHEST), strict=True):
        examples.append(
            example(word, target if target[0] > SUSPECT else _logit(np.array(FLOOR)), 0.3)
        )
    vocabulary.freeze()
    _say(f"{len(examples)} examples, {len(vocabulary.numbers)} distinct words")
    weights = _round(_train(examples, vocabulary, settings))
    return {**weights, **_curves(weights, held, mean_logits(teachers, held))}


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Cut texts into the windows in which they will be read."""
    for text in texts:
        found = words(text)
        cover = windows(len(found))
        if len(cover) == 1:
            yield text
        else:
            yield from (" ".join(found[start:end]) for start, end in cover)


def _splice(one: str, other: str, chance: random.Random) -> str:
    """Put a run of words of one text before a run of another, or leave the other out.

    The teachers score these as well, which shows the student many more word neighbourhoods.
    """

    def run(text: str) -> list[str]:
        found = words(text)
        size = chance.randint(min(3, len(found)), min(len(found), 50))
        start = chance.randint(0, len(found) - size)
        return found[start : start + size]

    return " ".join(run(one) + (run(other) if chance.random() < 0.5 else []))


def _train(
    examples: Sequence[Example], vocabulary: Vocabulary, settings: Settings
) -> dict[str, Floats]:
    torch: Any = import_module("torch")
    torch.manual_seed(settings.seed)
    functional = torch.nn.functional
    near, units = 3 * settings.units, settings.units
    shapes = {
        "table": (WORD_ROWS + GRAM_ROWS, settings.width),
        "near": (settings.width, near),
        "near_bias": (units,),
        "hidden": (units, settings.hidden),
        "hidden_bias": (settings.hidden,),
        "out": (settings.hidden, len(LABELS)),
        "out_bias": (len(LABELS),),
    }
    weights = {}
    for name, shape in shapes.items():
        scale = 0.0 if name.endswith("bias") else 0.1 if name == "table" else shape[0] ** -0.5
        weights[name] = (torch.randn(shape) * scale).requires_grad_()
    adam = torch.optim.Adam(weights.values(), lr=settings.rate)
    order = np.random.default_rng(settings.seed)
    steps = settings.epochs * -(-len(examples) // settings.batch)
    slope = torch.optim.lr_scheduler.OneCycleLR(adam, settings.rate, total_steps=steps + 1)
    smooth = {name: value.detach().clone() for name, value in weights.items()}
    for epoch in range(settings.epochs):
        total = 0.0
        for batch in _batches(examples, settings.batch, order):
            length = max(len(e.ids) for e in batch)
            ids = np.zeros((len(batch), length + 2), np.int64)
            for row, item in zip(ids, batch, strict=True):
                row[1 : len(item.ids) + 1] = item.ids
            distinct, places = np.unique(np.append(0, ids), return_inverse=True)
            rows, offsets = map(torch.from_numpy, vocabulary.grams(distinct[1:]))
            grams = functional.embedding_bag(rows, weights["table"], offsets, mode="mean")
            # A third of the words must be understood by their letters alone.
            kept = (torch.rand(len(distinct) - 1, 1) > 0.33).float()
            whole = weights["table"][torch.from_numpy(vocabulary.whole[distinct[1:]])] * kept
            meant = torch.cat([torch.zeros(1, settings.width), whole + grams])
            said = (meant @ weights["near"])[torch.from_numpy(places[1:].reshape(ids.shape))]
            heard = said[:, 1:-1, units : 2 * units] + said[:, 2:, :units] + said[:, :-2, -units:]
            heard = torch.relu(heard + weights["near_bias"])
            pooled = (heard * torch.from_numpy(ids[:, 1:-1, None] > 0)).amax(1)
            pooled = functional.dropout(pooled, settings.dropout)
            hidden = torch.relu(pooled @ weights["hidden"] + weights["hidden_bias"])
            logits = hidden @ weights["out"] + weights["out_bias"]
            target = torch.from_numpy(np.stack([e.target for e in batch])).float()
            weight = torch.tensor([[e.weight] for e in batch])
            loss = (
                functional.binary_cross_entropy_with_logits(
                    logits, torch.sigmoid(target), weight=weight
                )
                + settings.logits
                * (functional.smooth_l1_loss(logits, target, reduction="none") * weight).mean()
            )
            adam.zero_grad()
            loss.backward()
            adam.step()
            slope.step()
            with torch.no_grad():
                for name, value in weights.items():
                    smooth[name].lerp_(value, 1 - settings.decay)
            total += loss.item() * len(batch)
        _say(f"epoch {epoch + 1}: loss {total / len(examples):.4f}")
    return {name: value.numpy() for name, value in smooth.items()}


def _batches(
    examples: Sequence[Example], size: int, order: np.random.Generator
) -> Iterator[list[Example]]:
    """Shuffle, and let examples of like length share a batch."""
    mixed = order.permutation(len(examples))
    batches: list[Ints] = []
    for start in range(0, len(mixed), size * 32):
        near = sorted(mixed[start : start + size * 32], key=lambda i: len(examples[i].ids))
        batches += [np.array(near[at : at + size]) for at in range(0, len(near), size)]
    for at in order.permutation(len(batches)):
        yield [examples[i] for i in batches[at]]


def _round(weights: dict[str, Floats]) -> dict[str, npt.NDArray[Any]]:
    """Round to the grid on which `detect.toxicity` adds exactly, and check that it does."""
    table = np.rint(weights["table"] * 2**8).clip(-2047, 2047) / 2**8
    rest = {name: np.rint(weights[name] * 2**10) / 2**10 for name in weights if name != "table"}
    # 24 bits hold multiples of 2**-18 below 64: the largest sum any word can reach must stay there.
    print("bound", 2 * np.abs(table).max(), np.abs(rest["near"]).sum(0).max())
    return {"table": table.astype(np.float16), **{n: v.astype(np.float32) for n, v in rest.items()}}


def _curves(
    weights: dict[str, npt.NDArray[Any]], held: Sequence[str], wanted: Floats
) -> dict[str, npt.NDArray[Any]]:
    """Fit, on texts held back, one rising curve a label from the student's logit to the final one.

    Harmless text comes out at `FLOOR`; above it, as often right as the teachers say.
    """
    straight = np.tile(np.array([-40.0, 40.0]), (len(LABELS), 1))
    student = Scorer({**weights, "curve_in": straight, "curve_out": straight})
    given = np.stack([student.logits(text) for text in held])
    chances = 1 / (1 + np.exp(-wanted.astype(np.float64)))
    clean = chances[:, 0] < 0.03
    before, after = [], []
    for label, floor in enumerate(_logit(np.array(FLOOR))):
        calm = float(np.median(given[clean, label]))
        points = [(calm - 8, float(floor) - 1.5), (calm, float(floor))]
        for middle in np.linspace(calm + 1.5, 4, 9):
            close = np.exp(-((given[:, label] - middle) ** 2) / 0.5)
            # Five imagined texts on which the student is right keep sparse regions sane.
            prior = 5 / (1 + np.exp(-middle))
            mean = (close @ chances[:, label] + prior) / (close.sum() + 5)
            level = max(float(_logit(mean)), points[-1][1] + 0.05)
            points.append((float(middle), level))
        points.append((points[-1][0] + 6, points[-1][1] + 4))
        before.append([x for x, _ in points])
        after.append([y for _, y in points])
        rank = np.corrcoef(
            given[:, label].argsort().argsort(), wanted[:, label].argsort().argsort()
        )
        error = float(np.sqrt(np.mean((given[:, label].clip(-6) - wanted[:, label].clip(-6)) ** 2)))
        _say(f"{LABELS[label]}: rank correlation {rank[0, 1]:.3f}, logit error {error:.2f}")
    return {"curve_in": np.array(before), "curve_out": np.array(after)}


def _rude_words(teachers: Sequence[Teacher]) -> set[str]:
    """Find the words that both teachers call obscene when they stand alone."""
    listed = [word for word, n in teachers[0].words.items() if n < 20_000 and word.isalpha()]
    return {w for w, y in zip(listed, mean_logits(teachers, listed), strict=True) if y[2] > 0}


_LOOKALIKES = {"a": "@4", "e": "3", "i": "1!", "o": "0", "s": "$5", "u": "*", "c": "k", "t": "7"}


def _disguise(text: str, rude: set[str], chance: random.Random) -> str:
    """Mask the rude words of a text the way people do: stars, look-alikes, drawn-out letters."""

    def mask(word: str) -> str:
        if word not in rude or len(word) < 3:
            return word
        way = chance.randrange(4)
        at = chance.randrange(1, len(word) - 1) if len(word) > 2 else 1
        if way == 0:
            return word[:at] + "*" * chance.choice((1, len(word) - 1 - at)) + word[-1]
        if way == 1:
            return word[:1] + "*" * (len(word) - 1)
        if way == 2:
            return "".join(
                chance.choice(_LOOKALIKES[c]) if c in _LOOKALIKES and chance.random() < 0.6 else c
                for c in word
            )
        return word[:at] + word[at] * 3 + word[at + 1 :]

    return " ".join(map(mask, words(text)))


def _key(text: str) -> str:
    return " ".join(words(text))


def _held_back(text: str) -> bool:
    return hashlib.blake2b(text.encode("utf-8", "replace")).digest()[0] < 12


def _logit(p: npt.NDArray[np.float64]) -> Floats:
    logits: Floats = np.log(p / (1 - p)).astype(np.float32)
    return logits


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _texts(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        if path.suffix == ".txt":
            return [line.strip() for line in lines if line.strip()]
        return [json.loads(line)["text"] for line in lines]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--never", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    chosen = parser.parse_args(arguments)
    never = {_key(text) for path in chosen.never for text in _texts(path)}
    weights = build(
        _texts(chosen.texts), load_teachers(chosen.wheels), never, Settings(epochs=chosen.epochs)
    )
    np.savez_compressed(chosen.out, **weights)


if __name__ == "__main__":
    main()
