"""The SQL of the SQLite store: `queries.sql`, one named statement each, and numbered migrations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

__all__ = ["migrations", "queries", "scripts", "statements"]

_NAMED = re.compile(r"^-- (\w+): .+\n((?:(?!-- \w+: ).*\n)*)", re.MULTILINE)


@cache
def queries() -> Mapping[str, str]:
    """Every statement of `queries.sql` by its name."""
    return statements(__name__)


@cache
def migrations() -> tuple[str, ...]:
    """The scripts that bring a file from schema version n to n + 1, from n = 0."""
    return scripts(__name__)


def statements(package: str) -> Mapping[str, str]:
    """The named statements of the file `queries.sql` of a package."""
    text = files(package).joinpath("queries.sql").read_text("utf-8")
    return {name: statement.strip() for name, statement in _NAMED.findall(text)}


def scripts(package: str) -> tuple[str, ...]:
    """The numbered scripts of a package, in order."""
    names = sorted(f.name for f in files(package).iterdir() if re.match(r"\d{3}_", f.name))
    return tuple(files(package).joinpath(name).read_text("utf-8") for name in names)
