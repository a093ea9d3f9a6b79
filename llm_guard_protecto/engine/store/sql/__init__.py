"""The SQL of the SQLite store: `queries.sql`, one named statement each, and numbered migrations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

__all__ = ["migrations", "queries"]

_NAMED = re.compile(r"^-- (\w+): .+\n((?:(?!-- \w+: ).*\n)*)", re.MULTILINE)


@cache
def queries() -> Mapping[str, str]:
    """Every statement of `queries.sql` by its name."""
    text = files(__name__).joinpath("queries.sql").read_text("utf-8")
    return {name: statement.strip() for name, statement in _NAMED.findall(text)}


@cache
def migrations() -> tuple[str, ...]:
    """The scripts that bring a file from schema version n to n + 1, from n = 0."""
    names = sorted(f.name for f in files(__name__).iterdir() if re.match(r"\d{3}_", f.name))
    return tuple(files(__name__).joinpath(name).read_text("utf-8") for name in names)
