"""What one request masked: the only thing a reply is ever restored from.

A token is a row of runs (maximal `[0-9A-Za-z]+`), one per unit of the value, with the value's own
separators between them. The map knows each run's unit, each whole wrapped form, the wrappers, and
enough about the clear text around the tokens to leave that text alone: a run that also stands in
clear is restored only in its exact wrapped form, and where a wrapper stands in clear nothing but
exact wrappers is ever stripped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from llm_guard_protecto.guard.bent import Wrapper, solid
from llm_guard_protecto.guard.places import user_links
from llm_guard_protecto.models import IndividualToken, Masked

__all__ = ["Form", "Run", "TokenMap", "units"]

_RUN = re.compile(r"[0-9A-Za-z]+")
_DIGITS = re.compile(r"[0-9a-z]*[0-9][0-9a-z]*")


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


def units(value: str, token: str) -> list[tuple[str, str]] | None:
    """The token's runs, each with the piece of `value` it stands for.

    None when the value cannot be cut at the token's separators, or in more than one way.

    >>> units("Sarah Johnson", "cn1Rv PvBCff")
    [('cn1Rv', 'Sarah'), ('PvBCff', 'Johnson')]
    """
    found = list(_RUN.finditer(token))
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


@dataclass(frozen=True, slots=True, repr=False)
class TokenMap:
    """What a request masked. Immutable; `with_` gives a larger map for a conversation."""

    forms: Mapping[str, Form] = field(default_factory=dict)
    by_island: Mapping[str, tuple[tuple[int, Form], ...]] = field(default_factory=dict)
    by_first: Mapping[str, tuple[Form, ...]] = field(default_factory=dict)
    exact: Mapping[str, Run] = field(default_factory=dict)
    folded: Mapping[str, Run | None] = field(default_factory=dict)
    prefixes: frozenset[str] = frozenset()
    fragments: str = ""
    wrappers: tuple[Wrapper, ...] = ()
    wrappers_in_originals: bool = False
    planted: frozenset[str] = frozenset()
    links: frozenset[tuple[str, str]] = frozenset()
    words: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    heads: tuple[str, ...] = ()
    longest: int = 0
    issued: int = 0
    texts: tuple[Masked, ...] = ()
    clear_digits: str = ""

    @classmethod
    def of(cls, masked: Iterable[Masked]) -> TokenMap:
        """The map of these masked texts."""
        return cls().with_(masked)

    def with_(self, more: Iterable[Masked]) -> TokenMap:
        """This map and what `more` masked; itself when `more` brings nothing."""
        new = tuple(more)
        if not new:
            return self
        forms = dict(self.forms)
        fresh: list[Form] = []
        for text in new:
            for token in text.individual_tokens:
                if token.wrapped not in forms:
                    forms[token.wrapped] = form = _form(token)
                    fresh.append(form)
        return _extended(self, new, forms, fresh)

    def run(self, word: str) -> Run | None:
        """The one run that `word` is, letter for letter or with the case ignored."""
        return self.exact.get(word) or self.folded.get(word.lower())

    def knows(self, text: str) -> bool:
        """Whether `text` holds, in any case or form, one of this map's runs."""
        folded = solid(text)
        return any(run in folded for run in self.folded)

    def check(self, masked: Iterable[Masked]) -> bool:
        """Whether every one of these texts comes back exactly when this map restores it.

        False means that text and tokens cannot be told apart (a wrapped token of this map that
        also stands in clear, a token without wrapper glued to a letter): mask again with other
        tokens or another wrapper, or refuse.
        """
        from llm_guard_protecto.guard.restore import restore

        return all(restore(text.token_value, self) == text.value for text in masked)

    def __repr__(self) -> str:
        """Counts only."""
        return f"TokenMap(tokens={len(self.forms)}, runs={len(self.exact)})"


def _form(token: IndividualToken) -> Form:
    runs = tuple(_RUN.findall(token.token))
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


def _head(form: Form) -> str:
    """What stands in the masked text before the first run."""
    first = _RUN.search(form.token.token)
    return form.token.prefix + form.token.token[: first.start()] if first else form.wrapped


def _clear(text: Masked) -> str:
    """The clear text around the tokens, cut where a token stood."""
    parts: list[str] = []
    at = 0
    for token in sorted(text.individual_tokens, key=lambda t: t.start_pos):
        parts.append(text.value[at : token.start_pos])
        at = token.end_pos
    parts.append(text.value[at:])
    return "\x00".join(parts)


def _shown(wrappers: Iterable[Wrapper], clear: str) -> bool:
    """Whether any form of a wrapper stands in `clear`."""
    for wrapper in wrappers:
        for literal, pattern in (
            (wrapper.prefix, wrapper.opens),
            (wrapper.suffix, wrapper.closes),
        ):
            if not literal:
                continue
            if literal in clear:
                return True
            words = re.findall(r"[A-Za-z]{2,}", literal)
            if not pattern or not words:
                continue
            # The word is looked for first: it is rare in clear text, and `in` is fast.
            if words[0].lower() in clear.lower() and pattern.search(clear):
                return True
    return False


def _extended(
    old: TokenMap, new: tuple[Masked, ...], forms: dict[str, Form], fresh: list[Form]
) -> TokenMap:
    """The larger map. What the old one knows is copied as a whole, so a turn costs what is new."""
    clear = "\x00".join(_clear(text) for text in new)
    exact = dict(old.exact)
    islands: dict[str, list[tuple[int, Form]]] = {}
    first: dict[str, list[Form]] = {}
    for form in fresh:
        _add_runs(exact, form)
        at = len(form.token.prefix)
        for word in _RUN.finditer(form.wrapped):
            if word.end() > at and word.start() < at + len(form.token.token):
                islands.setdefault(word[0], []).append((word.start(), form))
        if not form.runs:
            islands.setdefault("", []).append((0, form))
        if form.runs:
            first.setdefault(form.runs[0], []).append(form)
    folded, keys = _folded(old, exact)
    pairs = {(f.token.prefix, f.token.suffix) for f in fresh}
    wrappers = {(w.prefix, w.suffix): w for w in old.wrappers}
    more = [Wrapper.of(*pair) for pair in sorted(pairs - wrappers.keys())]
    every = (*old.wrappers, *more)
    loud = old.wrappers_in_originals or _shown(every, clear)
    if not loud and more and old.texts:
        loud = _shown(more, "\x00".join(_clear(text) for text in old.texts))
    solid_clear = solid(clear)
    found = "\n".join(_DIGITS.findall(solid_clear))
    digits = f"{old.clear_digits}\n{found}" if found else old.clear_digits
    words = old.words.union(key for key in keys if key.isalpha())
    planted = {key for key in keys if key in digits}
    planted |= {key for key in old.folded if key in found}
    planted |= {key for key in old.words if key in solid_clear}
    if words != old.words:
        texts = "\x00".join([*(solid(_clear(text)) for text in old.texts), solid_clear])
        planted |= {key for key in words - old.words if key in texts}
    by_island = dict(old.by_island)
    for key, rows in islands.items():
        rows = [*by_island.get(key, ()), *rows]
        by_island[key] = tuple(sorted(rows, key=lambda row: -len(row[1].wrapped)))
    by_first = dict(old.by_first)
    for key, same in first.items():
        same = [*by_first.get(key, ()), *same]
        by_first[key] = tuple(sorted(same, key=lambda form: (-len(form.runs), -form.chars)))
    return TokenMap(
        forms=forms,
        by_island=by_island,
        by_first=by_first,
        exact=exact,
        folded=folded,
        prefixes=old.prefixes.union(key[:n] for key in keys for n in range(1, len(key) + 1)),
        fragments="\n".join([old.fragments, *keys] if old.fragments else keys),
        wrappers=every,
        wrappers_in_originals=loud,
        planted=old.planted | planted,
        links=old.links.union(*(user_links(t) for t in new)),
        words=words,
        signs=old.signs | {f.wrapped for f in fresh if not f.runs},
        heads=tuple(sorted({*old.heads, *(_head(f) for f in fresh)} - {""})),
        longest=max([old.longest, *(len(f.wrapped) for f in fresh)]),
        issued=len(forms),
        texts=(*old.texts, *new),
        clear_digits=digits,
    )


def _folded(old: TokenMap, exact: Mapping[str, Run]) -> tuple[dict[str, Run | None], list[str]]:
    """The runs by their lower case, None where two differ in case only, and the keys that are new."""
    folded = dict(old.folded)
    keys: list[str] = []
    for word, run in exact.items():
        before = old.exact.get(word)
        if before is run:
            continue
        key = word.lower()
        if key not in folded:
            keys.append(key)
            folded[key] = run
        elif folded[key] is before and before is not None:
            folded[key] = run
        else:
            folded[key] = None
    return folded, keys


def _add_runs(exact: dict[str, Run], form: Form) -> None:
    token = form.token
    pair = frozenset({(token.prefix, token.suffix)})
    cut = units(token.value, token.token)
    pieces: list[tuple[str, str | None]]
    if cut is None or not token.reversible:
        pieces = [(run, None) for run in _RUN.findall(token.token)]
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
