"""`python -m llm_guard_protecto.training train|measure`: make the tagger's weights, measure them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

from llm_guard_protecto.detect.tagger import WEIGHTS
from llm_guard_protecto.training.recipe import Recipe

__all__ = ["main"]

_NUMBERS = tuple(one.name for one in fields(Recipe))


def main() -> None:
    """Parse the arguments and do what they say."""
    parser = argparse.ArgumentParser(prog="python -m llm_guard_protecto.training")
    commands = parser.add_subparsers(required=True, dest="command")
    train = commands.add_parser("train", help="train and write a weights file (extra `train`)")
    train.add_argument("data", type=Path, help="folder of the labelled corpora (JSON lines)")
    train.add_argument("unlabelled", type=Path, help="JSON lines with a plain `text` each")
    train.add_argument("--to", type=Path, default=WEIGHTS, help="weights file to write")
    for name in _NUMBERS:
        train.add_argument(f"--{name}", type=int, help="another value than the recipe's")
    measure = commands.add_parser("measure", help="print the scores of a weights file")
    measure.add_argument("data", type=Path, help="folder of the labelled corpora (JSON lines)")
    measure.add_argument("--weights", type=Path, default=WEIGHTS)
    measure.add_argument("--scorer", type=Path, required=True, help="score_spans.py")
    measure.add_argument("--prompts", type=Path, help="file of marked prompts")
    measure.add_argument("--dev", type=Path, help="a span file, also measured in lower case")
    measure.add_argument("--to", type=Path, required=True, help="folder for gold and predictions")
    given = parser.parse_args()
    if given.command == "train":
        # Torch is not wanted for measuring.
        from llm_guard_protecto.training.train import train as make

        numbers = {name: getattr(given, name) for name in _NUMBERS}
        changed = {name: value for name, value in numbers.items() if value is not None}
        make(given.data, given.unlabelled, replace(Recipe(), **changed), given.to)
    else:
        from llm_guard_protecto.training.measure import report

        for line in report(
            given.data, given.weights, given.scorer, given.prompts, given.dev, given.to
        ):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
