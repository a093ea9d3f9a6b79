"""Regular expressions that are compiled when they are first asked.

    _CODE: Final = expression(r"\\d{5}")

The tables hold some two hundred; compiling all of them takes longer than everything else at the
start of a process, and an ordinary text asks a third of them.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

__all__ = ["expression"]

_METHODS = ("match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn")


class _Later:
    """An expression that takes over the methods of its compiled form on first use."""

    def __init__(self, regex: str | bytes, flags: int) -> None:
        self._regex = regex
        self._flags = flags

    def _first(self, method: str, *given: Any) -> Any:
        compiled = re.compile(self._regex, self._flags)
        for name in _METHODS:
            # On the object itself, they stand before the class's own: nothing is asked twice.
            setattr(self, name, getattr(compiled, name))
        return getattr(compiled, method)(*given)


def _asks(method: str) -> Any:
    return lambda self, *given: self._first(method, *given)


for _name in _METHODS:
    setattr(_Later, _name, _asks(_name))


def expression(regex: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """`re.compile(regex, flags)`, done on first use: a wrong expression raises only then.

    Stands in for a pattern's methods, not its attributes. Safe to share between threads.
    """
    return cast("re.Pattern[AnyStr]", _Later(regex, flags))
