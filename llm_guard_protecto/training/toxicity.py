"""The recipe behind `detect/weights/toxicity.npz`: two teachers, many texts, one small student.

    pip install numpy h5py torch
    pip download --no-deps -d wheels tox-block==0.1.2 toxic-comment-classifier==0.3.0
    python -m llm_guard_protecto.training.toxicity --wheels wheels --texts unlabelled.jsonl \
        --out llm_guard_protecto/detect/weights/toxicity.npz

`--texts` is JSON lines with a `text` each and no labels; `--never FILE` names texts that must not be
learned from (the labelled evaluation set, the neutral sentences of the tests). The same input
gives the same weights on the same machine, in about three minutes of CPU on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.toxicity import FLOOR, GRAM_ROWS, LABELS, WORD_ROWS, Scorer
from llm_guard_protecto.training.toxicity_examples import (
    Example,
    Mix,
    Vocabulary,
    gather,
    key,
    logit,
)
from llm_guard_protecto.training.toxicity_teachers import Teacher, load_teachers, mean_logits

__all__ = ["Settings", "build", "main"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes the student and its training; the defaults made the shipped weights.

    `logits` weighs the distance of logits against the cross-entropy, `decay` is that of the running
    mean of the weights, which is what is kept.
    """

    width: int = 16
    units: int = 64
    hidden: int = 32
    epochs: int = 5
    batch: int = 256
    rate: float = 4e-3
    logits: float = 0.2
    dropout: float = 0.1
    decay: float = 0.99
    seed: int = 1
    mix: Mix = field(default_factory=Mix)


def build(
    texts: Iterable[str], teachers: Sequence[Teacher], never: set[str], settings: Settings
) -> dict[str, npt.NDArray[Any]]:
    """Train a student on `texts` and the grammar's sentences and give its calibrated weights."""
    examples, vocabulary, held = gather(texts, teachers, never, settings.mix, settings.seed)
    _say(f"{len(examples)} examples, {len(vocabulary.numbers)} words, {len(held)} held back")
    weights = _round(_train(examples, vocabulary, settings))
    return {**weights, **_curves(weights, held, mean_logits(teachers, held))}


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
    # 24 bits hold multiples of 2**-18 below 64: the largest sum at any place must stay there.
    units = len(rest["near_bias"])
    said = np.abs(rest["near"]).reshape(-1, 3, units).sum((0, 1)).max()
    most = 2 * np.abs(table).max() * said + np.abs(rest["near_bias"]).max()
    if most >= 64:
        raise ValueError(f"the largest sum is {most:.0f}, so sums would not be exact")
    return {"table": table.astype(np.float16), **{n: v.astype(np.float32) for n, v in rest.items()}}


def _curves(
    weights: dict[str, npt.NDArray[Any]], held: Sequence[str], wanted: Floats
) -> dict[str, npt.NDArray[Any]]:
    """Fit, on texts held back, one rising curve a label from the student's logit to the final one.

    Harmless text comes out at `FLOOR`; above the middle, scores spread as the teachers' scores do.
    """
    straight = np.tile(np.array([-40.0, 40.0]), (len(LABELS), 1))
    student = Scorer({**weights, "curve_in": straight, "curve_out": straight})
    given = np.stack([student.logits(text) for text in held])
    clean = wanted[:, 0] < logit(np.array(0.03))
    before, after = [], []
    for label, floor in enumerate(logit(np.array(FLOOR))):
        calm = float(np.median(given[clean, label]))
        points = [(calm - 8, float(floor) - 1.5), (calm, float(floor))]
        for share in (0.5, 0.6, 0.7, 0.8, 0.87, 0.92, 0.96, 0.98, 0.99, 0.997):
            ours, theirs = (float(np.quantile(x[:, label], share)) for x in (given, wanted))
            points.append((max(ours, points[-1][0] + 0.05), max(theirs, points[-1][1] + 0.05)))
        points.append((points[-1][0] + 6, points[-1][1] + 4))
        before.append([x for x, _ in points])
        after.append([y for _, y in points])
        rank = np.corrcoef(
            given[:, label].argsort().argsort(), wanted[:, label].argsort().argsort()
        )
        error = float(np.sqrt(np.mean((given[:, label].clip(-6) - wanted[:, label].clip(-6)) ** 2)))
        _say(f"{LABELS[label]}: rank correlation {rank[0, 1]:.3f}, logit error {error:.2f}")
    return {"curve_in": np.array(before), "curve_out": np.array(after)}


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
    parser.add_argument("--epochs", type=int, default=Settings().epochs)
    chosen = parser.parse_args(arguments)
    never = {key(text) for path in chosen.never for text in _texts(path)}
    weights = build(
        _texts(chosen.texts), load_teachers(chosen.wheels), never, Settings(epochs=chosen.epochs)
    )
    np.savez_compressed(chosen.out, allow_pickle=False, **weights)


if __name__ == "__main__":
    main()
