"""What a policy itself says to look for: its patterns and its lists of values, compiled.

Compiled once for each policy and kept. A file of values is read again when it has changed, so that
the next request knows; the time of the change is part of the policy's `edition`.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from llm_guard_protecto.detect.pattern import Pattern
from llm_guard_protecto.engine.values import read_values
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Span
from llm_guard_protecto.policy import CustomEntity, Policy

if TYPE_CHECKING:
    from llm_guard_protecto.detect.listed import Listed

__all__ = ["Custom", "compiled", "edition", "patterns_of"]

REMEMBERED = 32
"""Policies and files kept compiled, the least recently used forgotten first."""

_Stamp = tuple[int, int, int]


class Custom:
    """The finds that a policy asks for beside ours. Safe to share between threads."""

    def __init__(
        self, patterns: Sequence[Pattern], lists: Sequence[tuple[Listed, str, str]]
    ) -> None:
        """`lists` are values with their entity and the name of the rule.

        Raises `ConfigurationError` for a pattern that cannot run in linear time.
        """
        from llm_guard_protecto.detect.rules import Rules

        self._rules = Rules(patterns) if patterns else None
        self._lists = tuple(lists)

    def find(self, text: str) -> list[Span]:
        """The spans of `text`, possibly overlapping."""
        found = self._rules.scan(text) if self._rules else []
        for values, entity, rule in self._lists:
            found += [Span(start, end, entity, 1.0, rule) for start, end in values.find(text)]
        return found


def edition(policy: Policy) -> str:
    """A name for the policy and the files it reads as they are now.

    Raises `ConfigurationError` when a file is not there.
    """
    stamps = [_stamp(policy, name) for name, one in policy.custom.items() if one.values_file]
    return f"{policy.fingerprint}{stamps}" if stamps else policy.fingerprint


def compiled(policy: Policy) -> Custom | None:
    """What `policy` says to look for, or None when that is nothing of its own.

    Raises `ConfigurationError` that names the policy and every mistake: a pattern that cannot run
    in linear time, or a file that cannot be read.
    """
    if not any(one.patterns or one.values or one.values_file for one in policy.custom.values()):
        return None
    name = policy.fingerprint
    try:
        now = edition(policy)
    except ConfigurationError:
        _compile(policy)  # says all that is wrong, not only that
        raise
    with _LOCK:
        kept = _COMPILED.get(name)
        if kept is None or kept[0] != now:
            _COMPILED.pop(name, None)  # an old list goes before the new one comes
            kept = _COMPILED[name] = (now, _compile(policy))
        _COMPILED.move_to_end(name)
        while len(_COMPILED) > REMEMBERED:
            _COMPILED.popitem(last=False)
    return kept[1]


def patterns_of(policy: Policy) -> list[Pattern]:
    """The policy's patterns as rows; the name of each is its place in the policy file."""
    return [
        Pattern(
            entity,
            pattern,
            near=one.near,
            score=one.score,
            lifted=1.0 if one.near else one.score,
            name=f"custom.{entity}.patterns.{at}",
            fit=_uncut,
        )
        for entity, one in policy.custom.items()
        for at, pattern in enumerate(one.patterns)
    ]


_LOCK = threading.Lock()
_COMPILED: OrderedDict[str, tuple[str, Custom]] = OrderedDict()
_FILES: OrderedDict[tuple[str, str | int | None, bool], tuple[_Stamp, Listed]] = OrderedDict()


def _compile(policy: Policy) -> Custom:
    from llm_guard_protecto.detect.listed import Listed

    mistakes: list[str] = []
    lists: list[tuple[Listed, str, str]] = []
    for entity, one in policy.custom.items():
        place = f"custom.{entity}.values"
        try:
            if one.values:
                lists.append((Listed(one.values, fold=one.fold), entity, place))
            if one.values_file:
                place += "_file"
                lists.append((_from_file(policy, entity, one), entity, place))
        except ConfigurationError as error:
            mistakes.append(str(error) if place in str(error) else f"{place}: {error}")
    patterns = patterns_of(policy)
    mistakes += [f"{p.name}: {reason}" for p in patterns if (reason := _refusal(p.regex))]
    if not mistakes:
        try:
            return Custom(patterns, lists)
        except ConfigurationError as error:
            mistakes.append(f"custom: the patterns together: {error}")
    raise ConfigurationError(f"policy {policy.name!r} cannot work: {'; '.join(mistakes)}")


@lru_cache(maxsize=4096)
def _refusal(regex: str) -> str:
    """Why the engine cannot run an expression, or an empty string."""
    from llm_guard_protecto.detect.scan import Scanner, Shape

    if "\0" in regex:
        return "write \\x00 for a NUL character"
    if _SPLIT.search(regex):
        return (
            "a character outside ASCII can neither be repeated nor stand in brackets;"
            " write (?:ä|ö) for [äö] and (?:ä)+ for ä+"
        )
    try:
        Scanner([Shape(regex)])
    except ConfigurationError as error:
        return str(error)
    return ""


def _uncut(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The place itself, unless a border of it cuts a word or a number in two."""
    for at in (start, end):
        if 0 < at < len(text) and _wordy(text[at - 1]) and _wordy(text[at]):
            return None
    return start, end


def _wordy(character: str) -> bool:
    return character.isascii() and character.isalnum()


# The engine reads bytes, so that one of several bytes must not be repeated or stand for itself.
_SPLIT = re.compile(
    r"[^\x00-\x7f][?*+{]"
    r"|(?<!\\)(?:\\\\)*\[(?:\\.|\[:\w+:\]|[^\]\\\x80-\U0010ffff])*[^\x00-\x7f]"
)


def _stamp(policy: Policy, entity: str) -> _Stamp:
    """Tells one state of a file from the next."""
    path = policy.custom[entity].values_file or ""
    try:
        state = os.stat(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(
            f"policy {policy.name!r} cannot work: custom.{entity}.values_file: {path}: {reason}"
        ) from None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _from_file(policy: Policy, entity: str, one: CustomEntity) -> Listed:
    from llm_guard_protecto.detect.listed import Listed

    stamp = _stamp(policy, entity)
    key = (one.values_file or "", one.column, one.fold)
    kept = _FILES.get(key)
    if kept is None or kept[0] != stamp:
        _FILES.pop(key, None)
        kept = _FILES[key] = (stamp, Listed(read_values(Path(key[0]), one.column), fold=one.fold))
        while len(_FILES) > REMEMBERED:
            _FILES.popitem(last=False)
    return kept[1]
