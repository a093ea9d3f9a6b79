r"""Paths into a tool's arguments: a small part of JSON path.

    to              the member `to`, and all that is in it
    $.to            the same
    body.lines[0]   the first item of `lines` in `body`
    items[*].name   of each item (`items.*.name` says the same)
    **.email        any `email`, however deep
    $               all of the arguments

Steps are divided by dots; `*` is one step of any name or number, `**` any number of steps, none
among them. A step in quotes in brackets is a name with any characters: `["Content-Type"]`. There
are no filters, slices or negative positions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["Step", "any_starts", "steps_of"]

Step = str | int | None
"""One step of a way into arguments: a key, a position, or None for a key that is not known yet."""

_STEP = re.compile(
    r"""\.?(?:
        \[(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<index>[0-9]+|\*))\]
        |(?P<name>[^.\[\]"'\s][^.\[\]"']*)
    )""",
    re.VERBOSE,
)
_ANY, _DEEP = "*", "**"
# A quoted name that reads like a wildcard is still a name.
_QUOTED = "\x00"


def steps_of(path: str) -> tuple[str, ...]:
    """Read a path. Raises ValueError with what is wrong."""
    text = path.removeprefix("$")
    steps: list[str] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (at == 0 and path[0] == "$" and text[0] not in ".["):
            raise ValueError(f"not a path (at character {at + len(path) - len(text)})")
        if text[at] != "." and found["name"] is not None and at > 0:
            raise ValueError(f"not a path (at character {at + len(path) - len(text)})")
        quoted = found["quoted"] if found["quoted"] is not None else found["single"]
        if quoted is not None:
            steps.append(_QUOTED + re.sub(r"\\(.)", r"\1", quoted))
        else:
            name = found["index"] or found["name"]
            if "*" in name and name not in (_ANY, _DEEP):
                raise ValueError("not a path: * stands for a whole step")
            steps.append(name)
        at = found.end()
    if not steps and path != "$":
        raise ValueError("an empty path; all arguments are $")
    return tuple(steps)


def any_starts(paths: Iterable[tuple[str, ...]], way: tuple[Step, ...]) -> bool:
    """Whether one of these paths names a place on `way`: the end of it, or what that is in.

    Linear in the length of the path and of the way, whatever the path's wildcards.
    """
    return any(_starts(path, way) for path in paths)


def _starts(path: tuple[str, ...], way: tuple[Step, ...]) -> bool:
    reached = _with_none_taken(path, {0})  # how many steps of the path may lie behind us
    for here in way:
        if len(path) in reached:
            return True
        taken = {at for at in reached if path[at] == _DEEP}
        taken |= {at + 1 for at in reached if path[at] != _DEEP and _is(path[at], here)}
        reached = _with_none_taken(path, taken)
    return len(path) in reached


def _with_none_taken(path: tuple[str, ...], reached: set[int]) -> set[int]:
    """The same, and what lies behind any `**` that takes no step."""
    for at in sorted(reached):
        while at < len(path) and path[at] == _DEEP:
            at += 1
            reached.add(at)
    return reached


def _is(step: str, here: Step) -> bool:
    if step == _ANY:
        return True
    return here is not None and step.removeprefix(_QUOTED) == str(here)
