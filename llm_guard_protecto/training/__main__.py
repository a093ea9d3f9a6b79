"""`python -m llm_guard_protecto.training`: make the weights, or measure them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from llm_guard_protecto.detect.tagger import WEIGHTS
from llm_guard_protecto.training.train import Recipe, train


def main() -> None:
    """Parse the arguments and train."""
    parser = argparse.ArgumentParser(prog="python -m llm_guard_protecto.training", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the labelled corpora (JSON lines)")
    parser.add_argument("unlabelled", type=Path, help="JSON lines with a plain `text` each")
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="weights file to write")
    for name in ("seed", "epochs", "synthetic", "threads"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Recipe(), name))
    given = parser.parse_args()
    recipe = replace(
        Recipe(),
        seed=given.seed,
        epochs=given.epochs,
        synthetic=given.synthetic,
        threads=given.threads,
    )
    train(given.data, given.unlabelled, recipe, given.to)


main()
