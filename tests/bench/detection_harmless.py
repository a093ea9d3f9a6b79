"""Texts that hold nothing to mask: source code, and our own hard negatives."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.bench.detection_sets import MARKED, Row, marked

__all__ = ["LARGEST", "library", "negatives", "other_languages", "per_kb", "sample"]

LARGEST = 200_000
"""Longer files are left out: tables of data, not code."""

_ENDINGS = (
    *(".js", ".mjs", ".ts", ".go", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp"),
    *(".java", ".cs", ".css", ".proto", ".sh", ".sql"),
)
_EACH = 40


def library() -> list[Row]:
    """Python's standard library, without its tests."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    left_out = {"test", "tests", "site-packages", "idle_test", "lib2to3"}
    paths = (p for p in sorted(folder.rglob("*.py")) if not left_out & set(p.parts))
    return list(_rows(paths, folder))


def other_languages() -> list[Row]:
    """Up to forty files of each other language that lie about on this machine."""
    places = sysconfig.get_paths()
    folders = [Path(places["purelib"]), Path(places["include"])]
    folders += [Path(place) for place in ("/usr/include", "/usr/lib/node_modules", "/usr/share")]
    rows: list[Row] = []
    for ending in _ENDINGS:
        paths = [p for folder in folders for p in sorted(folder.rglob(f"*{ending}"))[:4000]]
        step = max(1, len(paths) // _EACH)
        rows += list(_rows(paths[::step], Path("/")))[:_EACH]
    return rows


def _rows(paths: Iterable[Path], folder: Path) -> Iterator[Row]:
    for path in paths:
        try:
            if path.is_file() and 200 < path.stat().st_size < LARGEST:
                text = path.read_text(encoding="utf-8")
                name = path.relative_to(folder) if path.is_relative_to(folder) else path
                yield {"id": f"{path.suffix} {name}", "text": text, "spans": []}
        except (OSError, UnicodeDecodeError):
            continue


def sample(rows: Sequence[Row], size: int) -> list[Row]:
    """About `size` characters of the shorter files, spread evenly over `rows`."""
    short = [row for row in rows if len(row["text"]) < 20_000]
    whole = sum(len(row["text"]) for row in short)
    return short[:: max(1, whole // size)]


def negatives() -> list[Row]:
    """Our own prompts without anything to mask; the id names what makes each of them hard."""
    prompts = marked(MARKED / "negatives.txt")
    return [{"id": f"{p.domain}/{n}", "text": p.text, "spans": []} for n, p in enumerate(prompts)]


def per_kb(count: int, rows: Sequence[Row]) -> float:
    """So many things in the texts of `rows`, for each KB of them."""
    return count / (sum(len(row["text"].encode()) for row in rows) / 1024)
