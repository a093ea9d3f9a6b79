"""More labelled text: packed corpora in several languages, their labels already ours.

The files lie in `corpora/`, one for each class of licence; its README names the sources, their
authors and what was changed. A file that is taken away is simply not read.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

from llm_guard_protecto.training.corpora import Row, held_back
from llm_guard_protecto.training.grammar import Marked

__all__ = ["FOLDER", "more", "read"]

FOLDER = Path(__file__).parent / "corpora"


def read(file: Path) -> Iterator[tuple[str, Row]]:
    """`(source, row)` of one packed file, line by line; a row's id is `source/id`.

    Raises OSError when the file is not there, LZMAError when it is no xz file.
    """
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            spans = tuple((span["start"], span["end"], span["label"]) for span in row["spans"])
            yield row["source"], (f"{row['source']}/{row['id']}", Marked(row["text"], spans))


def more(folder: Path = FOLDER, *, measuring: bool) -> Iterator[tuple[str, Row]]:
    """`(source, row)` of every packed file in `folder`: the held-back tenth, or the rest."""
    for file in sorted(folder.glob("*.jsonl.xz")):
        for source, row in read(file):
            if held_back(row[0]) == measuring:
                yield source, row
