"""One token as a request masked it: its runs, and the piece of the value that each stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from llm_guard_protecto.guard.fold import ALNUM
from llm_guard_protecto.models import IndividualToken

__all__ = ["RUN", "Form", "Run", "add_runs", "form_of", "head_of_form", "units"]

RUN = re.compile(r"[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Run:
    """One run and what it stands for; `unit` is None for a run that has to stay.

    A `weak` run could be ordinary text (digits only, spelt like a word, or under five characters):
    it is restored inside its own wrapper or as part of its whole token, never alone.
    """

    text: str
    unit: str | None = field(repr=False)
    weak: bool
    wrappers: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """A whole token: as it stands in the masked text, its runs, and its value.

    `value` is None for a token that nobody can turn back. `body` is the value from its first unit
    to its last, without the signs around them.
    """

    wrapped: str
    token: IndividualToken = field(repr=False)
    runs: tuple[str, ...]
    value: str | None = field(repr=False)
    body: str | None = field(repr=False)
    whole_only: bool
    chars: int

    def begun(self, text: str, first: int) -> bool:
        """Whether `text` ends inside the token at `first`, or where one more sign decides."""
        there = len(text) - first
        open_end = not self.token.suffix and there == len(self.wrapped)
        return (there < len(self.wrapped) or open_end) and self.wrapped.startswith(text[first:])

    def stands(self, text: str, first: int) -> bool:
        """Whether the token as it was issued is at `first`, not glued to a letter or digit."""
        wrapped, token = self.wrapped, self.token
        if not text.startswith(wrapped, first):
            return False
        if not token.prefix and first and wrapped[0] in ALNUM and text[first - 1] in ALNUM:
            return False
        last = first + len(wrapped)
        glued = wrapped[-1] in ALNUM and text[last : last + 1] in ALNUM
        return not (glued and not token.suffix)


def units(value: str, token: str) -> list[tuple[str, str]] | None:
    """The token's runs, each with the piece of `value` it stands for.

    None when the value cannot be cut at the token's separators, or in more than one way.

    >>> units("Sarah Johnson", "cn1Rv PvBCff")
    [('cn1Rv', 'Sarah'), ('PvBCff', 'Johnson')]
    """
    found = list(RUN.finditer(token))
    if not found:
        return None
    head, tail = token[: found[0].start()], token[found[-1].end() :]
    if len(value) < len(head) + len(tail) or not value.startswith(head):
        return None
    if not value.endswith(tail):
        return None
    core = value[len(head) : len(value) - len(tail)]
    gaps = [token[a.end() : b.start()] for a, b in pairwise(found)]
    first: list[int] = []
    at = 0
    for gap in gaps:
        at = core.find(gap, at + 1)
        if at < 0:
            return None
        first.append(at)
        at += len(gap)
    end = len(core)
    last: list[int] = []
    for gap in reversed(gaps):
        end = core.rfind(gap, 0, end - 1 if end else 0)
        if end < 0:
            return None
        last.append(end)
    # The leftmost and the rightmost way to cut agree exactly when there is only one.
    if first != last[::-1]:
        return None
    cuts = [0, *(n for at, gap in zip(first, gaps, strict=True) for n in (at, at + len(gap)))]
    cuts.append(len(core))
    pieces = [core[a:b] for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
    if not all(pieces):
        return None
    return [(run[0], piece) for run, piece in zip(found, pieces, strict=True)]


def _weak(run: str) -> bool:
    word = run.isalpha() and (run[1:].islower() or run.isupper())
    return len(run) < 5 or run.isdigit() or word


def form_of(token: IndividualToken) -> Form:
    """The form of this token."""
    runs = tuple(RUN.findall(token.token))
    cut = units(token.value, token.token)
    head = len(token.token) - len(token.token.lstrip()) if not runs else token.token.find(runs[0])
    body: str | None = None
    if cut is not None and token.reversible:
        tail = len(token.token) - token.token.rfind(runs[-1]) - len(runs[-1])
        body = token.value[head : len(token.value) - tail]
    return Form(
        wrapped=token.wrapped,
        token=token,
        runs=tuple(run.lower() for run in runs),
        value=token.value if token.reversible else None,
        body=body,
        whole_only=cut is None,
        chars=sum(map(len, runs)),
    )


def head_of_form(form: Form) -> str:
    """What stands in the masked text before the first run."""
    first = RUN.search(form.token.token)
    return form.token.prefix + form.token.token[: first.start()] if first else form.wrapped


def add_runs(exact: dict[str, Run], form: Form) -> None:
    """Add the runs of `form` to `exact`; one that already stands for something else has to stay."""
    token = form.token
    pair = frozenset({(token.prefix, token.suffix)})
    cut = units(token.value, token.token)
    pieces: list[tuple[str, str | None]]
    if cut is None or not token.reversible:
        pieces = [(run, None) for run in RUN.findall(token.token)]
    else:
        pieces = list(cut)
    for run, unit in pieces:
        known = exact.get(run)
        if known is None:
            exact[run] = Run(run, unit, _weak(run), pair)
        else:
            # One run for two units can only come from a foreign vault: then neither is believed.
            same = unit if known.unit == unit else None
            exact[run] = Run(run, same, known.weak, known.wrappers | pair)
