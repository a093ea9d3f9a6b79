"""Real source code without names: files of the packages that training installs anyway.

Torch (BSD-3), NumPy (BSD-3), Jinja2, setuptools and pip (BSD, MIT) bring Python, C and C++ with
all their comments and docstrings. Lines that credit people are left out; words that name a known
organisation teach nothing.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random

from llm_guard_protecto.training.grammar import Marked

__all__ = ["snippets"]

_PACKAGES = ("torch", "numpy", "jinja2", "setuptools", "pip")
_ENDINGS = {".py", ".pyi", ".h", ".hpp", ".c", ".cpp", ".cmake", ".js", ".html", ".yaml"}
_CREDITS = re.compile(
    r"(?i)copyright|author|written by|contribut|thanks|credit|licen[cs]e|maintain|@\w+\.|et al|"
    r"https?://|arxiv|journal|university|proceedings|[A-Z]\. ?[A-Z][a-z]+"
)
_KNOWN = re.compile(
    r"(?i)\b(?:nvidia|intel|google|microsoft|facebook|meta|apple|amd|ibm|oracle|pytorch|numpy|"
    r"python software foundation|github|arm|openai|mozilla|netlib|cray|sun|hp|github)\b"
)
_FILES_EACH = 500
_LARGEST = 200_000


@cache
def _files() -> tuple[Path, ...]:
    found: list[Path] = []
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        root = Path(spec.submodule_search_locations[0])
        mine = sorted(
            path
            for path in root.rglob("*")
            if path.suffix in _ENDINGS and 500 < path.stat().st_size < _LARGEST
        )
        step = max(1, len(mine) // _FILES_EACH)
        found += mine[::step]
    return tuple(found)


def snippets(count: int, rng: Random) -> Iterator[Marked]:
    """`count` pieces of 2 to 40 lines. Fewer packages installed give less variety, no error."""
    files: Sequence[Path] = _files()
    made = 0
    while made < count and files:
        lines = rng.choice(files).read_text(encoding="utf-8", errors="replace").split("\n")
        # One reading serves several pieces.
        for _ in range(min(4, count - made)):
            at = rng.randrange(len(lines))
            piece = "\n".join(
                line[:200]
                for line in lines[at : at + rng.choice((2, 6, 12, 24, 40))]
                if not _CREDITS.search(line)
            ).strip("\n")
            if piece.strip():
                yield Marked(piece, tuple((*m.span(), "?") for m in _KNOWN.finditer(piece)))
                made += 1
