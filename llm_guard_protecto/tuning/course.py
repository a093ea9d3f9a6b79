"""One fine-tuning from marked texts to a weights file, with what it has brought."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llm_guard_protecto.detect.tagger import WEIGHTS, Tagger
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.training.grammar import Marked
from llm_guard_protecto.training.samples import sample
from llm_guard_protecto.tuning.fit import Settings, fit
from llm_guard_protecto.tuning.rehearsal import check_set, rehearsal
from llm_guard_protecto.tuning.report import Figures, changed, measure
from llm_guard_protecto.tuning.weights_file import read, write

__all__ = ["Outcome", "tune"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training has brought: on the user's held-out texts, and on the general check set.

    `own` and `general` are the figures before and after; `own` is None where nothing was held
    out. `general_changed` counts the texts of the check set that are read differently now.
    """

    taught: int
    own: tuple[Figures, Figures] | None
    general: tuple[Figures, Figures]
    general_changed: int


def tune(
    texts: Sequence[Marked],
    target: Path,
    *,
    plain: Sequence[str] = (),
    weights: Path = WEIGHTS,
    hold_out: float = 0.2,
    settings: Settings | None = None,
    each: Callable[[int, float], None] | None = None,
) -> Outcome:
    """Train the tagger of `weights` on `texts` and write the new one to `target`.

    The share `hold_out` of the texts is kept for measuring and never trained on; 0 trains on
    all. `plain` are texts of the user without marks. Raises ConfigurationError for a damaged
    weights file, for texts that cannot be divided or teach nothing, and OSError when the target
    cannot be written; a target that exists stays as it is then.
    """
    settings = settings or Settings()
    taught, held = _divided(texts, hold_out, settings.seed)
    if not any(entity != "?" for one in taught for _, _, entity in one.spans):
        raise ConfigurationError("the texts to learn from have no mark; there is nothing to learn")
    samples = [sample(one) for one in taught]
    ordinary = rehearsal(settings.seed, _ordinary(sum(len(one.forms) for one in samples)))
    arrays = fit(
        read(weights),
        samples,
        [sample(Marked(text, ())) for text in ordinary],
        [sample(Marked(text, ())) for text in plain],
        settings,
        each,
    )
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "trial.npz"
        write(trial, arrays)
        before, after = Tagger(weights), Tagger(trial)
    general = check_set()
    outcome = Outcome(
        len(taught),
        (measure(before, held), measure(after, held)) if held else None,
        (measure(before, general), measure(after, general)),
        changed(before, after, general),
    )
    write(target, arrays)
    return outcome


def _ordinary(words: int) -> int:
    """How many texts to rehearse with: enough not to know them by heart."""
    return min(max(words // 10, 1_500), 6_000)


def _divided(texts: Sequence[Marked], share: float, seed: int) -> tuple[list[Marked], list[Marked]]:
    """The texts to learn from and those to measure with; one that is there twice counts once."""
    different = list({one.text: one for one in texts}.values())
    if not 0 <= share < 1:
        raise ConfigurationError("the share to hold out must be at least 0 and below 1")
    if not different:
        raise ConfigurationError("there are no texts to learn from")
    if not share:
        return different, []
    if len(different) < 2:
        raise ConfigurationError("one text cannot be divided; mark more, or hold out nothing")
    count = min(max(round(share * len(different)), 1), len(different) - 1)
    order = np.random.default_rng(seed).permutation(len(different))
    held = set(order[:count].tolist())
    return (
        [one for at, one in enumerate(different) if at not in held],
        [one for at, one in enumerate(different) if at in held],
    )
