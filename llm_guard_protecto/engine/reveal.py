"""What was turned back in a call: how many tokens, of which entities, and which looked like one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llm_guard_protecto.engine.acting import Reveal
from llm_guard_protecto.engine.render import View, loose, wrapped
from llm_guard_protecto.engine.tokenise import RUN
from llm_guard_protecto.policy import Policy

__all__ = ["BARE", "core_of", "resolved", "revealed"]

BARE = "UNWRAPPED"
"""Counted in place of an entity for a token that stands without its wrapper."""

MOST = 64
"""Policies whose wrappers are remembered."""


@dataclass(frozen=True, slots=True)
class _Wrappers:
    """Every wrapper of a policy and of the default one.

    `named` gives the entity by prefix and suffix, `sizes` the lengths of prefixes, longest first.
    """

    named: dict[str, dict[str, str]]
    sizes: tuple[int, ...]
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, rules: Policy) -> _Wrappers:
        found = _known.get(rules.fingerprint)
        if found is None:
            found = cls._of(rules)
            if len(_known) >= MOST:
                _known.clear()
            _known[rules.fingerprint] = found
        return found

    @classmethod
    def _of(cls, rules: Policy) -> _Wrappers:
        named: dict[str, dict[str, str]] = {}
        policies = (rules, Policy.built_in())
        for policy in policies:
            for name, rule in policy.entities.items():
                if rule.prefix and rule.suffix:
                    named.setdefault(rule.prefix, {}).setdefault(rule.suffix, name)
        pairs = dict.fromkeys(pair for policy in policies for pair in policy.wrappers)
        return cls(named, tuple(sorted({*map(len, named)}, reverse=True)), tuple(pairs))

    def core(self, token: str) -> tuple[str, str]:
        """The entity that a token's wrapper names, and what stands inside it."""
        for size in self.sizes:
            for suffix, entity in self.named.get(token[:size], NONE).items():
                if token.endswith(suffix):
                    return entity, token[size : len(token) - len(suffix)]
        return BARE, token


NONE: Mapping[str, str] = {}

_known: dict[str, _Wrappers] = {}


def revealed(views: Sequence[View], rules: Policy) -> Reveal:
    """What is turned back in texts that were read."""
    wrappers = _Wrappers.of(rules)
    entities: Counter[str] = Counter()
    runs: dict[str, None] = {}
    unknown = 0
    for view in views:
        rest = []
        at = 0
        for (_, last, shift), (first, _, after) in zip(view.clear, view.clear[1:], strict=False):
            start, end = last + shift, first + after
            rest.append(view.original[at:start])
            token = view.original[start:end]
            at = end
            if token != view.text[last:first]:  # an anonymised one stays as it is
                entity, core = wrappers.core(token)
                entities[entity] += 1
                runs.update(dict.fromkeys(RUN.findall(core)))
        unknown += _unknown([*rest, view.original[at:]], wrappers)
    return Reveal(len(views), entities.total(), unknown, entities, tuple(runs))


def resolved(token: str, *, found: bool) -> Reveal:
    """What is turned back when a bare token was asked for by itself.

    It was counted as unknown before, if it was part of a text.
    """
    if not found:
        return Reveal()
    runs = tuple(dict.fromkeys(RUN.findall(token)))
    return Reveal(0, 1, -len(loose(token)), {BARE: 1}, runs)


def core_of(token: str, rules: Policy) -> tuple[str, ...]:
    """The runs of a token as somebody gives it, in its wrapper or without."""
    return tuple(RUN.findall(_Wrappers.of(rules).core(token.strip())[1]))


def _unknown(rest: Sequence[str], wrappers: _Wrappers) -> int:
    """Wrappers around nothing of ours in what a text holds beside our tokens.

    Of a text that is nothing but runs, none of them ours, each run counts.
    """
    text = "\0".join(rest)
    pairs = wrapped(text, wrappers.pairs)
    if pairs or len(rest) > 1:
        return len(pairs)
    runs = loose(text)
    size = sum(run.end() - run.start() for run in runs)
    return len(runs) if runs and size == sum(map(str.isalnum, text)) else 0
