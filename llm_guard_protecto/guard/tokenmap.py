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
from functools import lru_cache

from llm_guard_protecto.guard.bent import Wrapper
from llm_guard_protecto.guard.fold import solid
from llm_guard_protecto.guard.forms import (
    RUN,
    Form,
    Run,
    add_runs,
    form_of,
    head_of_form,
    units,
)
from llm_guard_protecto.guard.links import user_links
from llm_guard_protecto.guard.names import renamed, renamed_in
from llm_guard_protecto.models import Masked

__all__ = ["Form", "Run", "TokenMap", "units"]

_WORDS = re.compile(r"[0-9a-z]+")


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
    renamed: tuple[Wrapper, ...] = ()
    names_in_originals: bool = False
    planted: frozenset[str] = frozenset()
    links: frozenset[tuple[str, str]] = frozenset()
    words: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    heads: tuple[str, ...] = ()
    longest: int = 0
    issued: int = 0
    texts: tuple[Masked, ...] = ()
    clear_digits: str = ""
    clear_solid: str = ""

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
                    forms[token.wrapped] = form = form_of(token)
                    fresh.append(form)
        return _extended(self, new, forms, fresh)

    def run(self, word: str) -> Run | None:
        """The one run that `word` is, letter for letter or with the case ignored."""
        return self.exact.get(word) or self.folded.get(word.lower())

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
    lowered = clear.lower()
    for wrapper in wrappers:
        for literal, pattern in (
            (wrapper.prefix, wrapper.opens),
            (wrapper.suffix, wrapper.closes),
        ):
            if not literal:
                continue
            torn, word = _marks(literal)
            # Without its outer sign it counts too: a model may have lost that.
            if literal in clear or torn in clear:
                return True
            # The word is looked for first: it is rare in clear text, and `in` is fast.
            if pattern and word and word in lowered and pattern.search(clear):
                return True
    return False


@lru_cache(maxsize=1024)
def _marks(literal: str) -> tuple[str, str]:
    """A side of a wrapper without its first bracket (`PER>`) or its last (`</PER`), and its word."""
    words = re.findall(r"[A-Za-z]{2,}", literal)
    if not words:
        return literal, ""
    return literal[1:] if "/" not in literal else literal[:-1], words[0].lower()


def _extended(
    old: TokenMap, new: tuple[Masked, ...], forms: dict[str, Form], fresh: list[Form]
) -> TokenMap:
    """The larger map. What the old one knows is copied as a whole, so a turn costs what is new."""
    clear = "\x00".join(_clear(text) for text in new)
    exact = dict(old.exact)
    islands: dict[str, list[tuple[int, Form]]] = {}
    first: dict[str, list[Form]] = {}
    for form in fresh:
        add_runs(exact, form)
        at = len(form.token.prefix)
        for word in RUN.finditer(form.wrapped):
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
    taken = old.names_in_originals or renamed_in(every, clear)
    if not (loud and taken) and more and old.texts:
        before = "\x00".join(_clear(text) for text in old.texts)
        loud = loud or _shown(more, before)
        taken = taken or renamed_in(more, before)
    solid_clear = solid(clear)
    everything = f"{old.clear_solid}\x00{solid_clear}"
    found = "\n".join([word for word in _WORDS.findall(solid_clear) if not word.isalpha()])
    digits = f"{old.clear_digits}\n{found}" if found else old.clear_digits
    words = old.words.union(key for key in keys if key.isalpha())
    planted = {key for key in keys if key in digits}
    planted |= {key for key in old.folded if key in found}
    planted |= {key for key in old.words if key in solid_clear}
    if words != old.words:
        planted |= {key for key in words - old.words if key in everything}
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
        renamed=() if loud or taken else renamed(every),
        names_in_originals=taken,
        planted=old.planted | planted,
        links=old.links.union(*(user_links(t) for t in new)),
        words=words,
        signs=old.signs | {f.wrapped for f in fresh if not f.runs},
        heads=tuple(sorted({*old.heads, *(head_of_form(f) for f in fresh)} - {""})),
        longest=max([old.longest, *(len(f.wrapped) for f in fresh)]),
        issued=len(forms),
        texts=(*old.texts, *new),
        clear_digits=digits,
        clear_solid=everything,
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
