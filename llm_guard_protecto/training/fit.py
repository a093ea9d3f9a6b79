"""One network fitted: to the right answers, to what teachers say, or to both."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from llm_guard_protecto.detect.features import PARTS
from llm_guard_protecto.detect.network import TAGS
from llm_guard_protecto.training.batches import Batch, Encoded, Encoder, batches
from llm_guard_protecto.training.network import Form, TaggerNetwork
from llm_guard_protecto.training.samples import IGNORE

__all__ = ["Course", "Fitted", "fit"]

_EVERY, _LAST = 10, 20  # the running mean of the weights: every so many steps, over so many


@dataclass(frozen=True, slots=True)
class Course:
    """How a network is fitted. `taught`: the share of the loss that is the teachers' say."""

    epochs: int
    rate: float = 3e-3
    table_rate: float = 3e-3  # of the vectors of words, parts and shapes
    batch: int = 1_000  # words
    taught: float = 0.5


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network with the running mean of its weights, and which buckets of parts were trained."""

    network: TaggerNetwork
    seen_parts: Tensor


def fit(
    form: Form,
    course: Course,
    epoch: Callable[[], Sequence[Encoded]],
    encoder: Encoder,
    rng: Random,
    teachers: Sequence[TaggerNetwork] = (),
) -> Fitted:
    """Fit a new network; `epoch` gives the texts of the next epoch."""
    network = TaggerNetwork(len(encoder.lexicon.vocabulary), form)
    mean = [tensor.detach().clone() for tensor in network.parameters()]
    seen_parts = torch.zeros(PARTS)
    tables, layers = network.parameters_by_kind()
    groups = [{"params": layers, "lr": course.rate}, {"params": tables, "lr": course.table_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    done = 0
    for number in range(course.epochs):
        began = time.process_time()
        parts = list(batches(epoch(), course.batch, rng))
        if number == 0:
            steps = course.epochs * (len(parts) + 10)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, [course.rate, course.table_rate], steps, pct_start=0.1
            )
        total = 0.0
        network.train()
        for texts in parts:
            batch = encoder.batch(texts, rng)
            seen_parts[batch.plain[1]] = 1
            with torch.autocast("cpu", torch.bfloat16):
                scores = network(*batch.hidden)
            loss = _loss(scores, batch, teachers, course)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            if schedule.last_epoch < steps - 1:
                schedule.step()
            done += 1
            if done % _EVERY == 0:
                part = 1 / min(_LAST, done // _EVERY)
                for averaged, tensor in zip(mean, network.parameters(), strict=True):
                    averaged.lerp_(tensor.detach(), part)
            total += float(loss.detach())
        sys.stderr.write(
            f"{form.width} wide, epoch {number + 1}/{course.epochs}: loss {total / len(parts):.4f},"
            f" {sum(map(len, parts))} texts, {time.process_time() - began:.0f} s\n"
        )
    with torch.no_grad():
        for tensor, averaged in zip(network.parameters(), mean, strict=True):
            tensor.copy_(averaged)
    network.eval()
    return Fitted(network, seen_parts)


def _loss(
    scores: Tensor, batch: Batch, teachers: Sequence[TaggerNetwork], course: Course
) -> Tensor:
    tags = batch.tags.reshape(-1)
    scores = scores.reshape(-1, len(TAGS))
    right = torch.nn.functional.cross_entropy(
        scores, tags, ignore_index=IGNORE, reduction="sum"
    ) / max(1, int((tags != IGNORE).sum()))
    if not teachers:
        return right
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        said = torch.stack([torch.softmax(one(*batch.plain), -1) for one in teachers]).mean(0)
    real = batch.plain[7].reshape(-1)
    apart = torch.nn.functional.kl_div(
        torch.log_softmax(scores, -1), said.reshape(-1, len(TAGS)), reduction="none"
    ).sum(-1)
    loss: Tensor = (1 - course.taught) * right + course.taught * (apart * real).sum() / real.sum()
    return loss
