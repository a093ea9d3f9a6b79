"""Stored masked text, read again: tokens become values for who may see them.

What was kept masked (a chat database, a log) is restored when it is read, by the vault and with
its permission, not by the map of one call, which is long gone. `show` and `hide` narrow down which
entities a reader sees; every other token stays as it is.

A masked text tells an entity by its wrapper alone. So with `show` or `hide` only tokens in an exact
wrapper of a shown entity are restored, and none that shares a run with a hidden token of the same
material: a model that wrote the text could have put it into another wrapper.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.guard.flow import Flow, Unmask, adrive, drive, look_up
from llm_guard_protecto.models import IndividualToken, Masked
from llm_guard_protecto.policy import Policy, default_wrapper
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault
from llm_guard_protecto.wire.json_text import edit, nested

__all__ = ["arehydrate", "rehydrate", "shown_tokens"]

T = TypeVar("T")
Turn = Callable[[str], str]
Pair = tuple[str, str]

LONGEST_TOKEN = 500
"""Characters between a prefix and its suffix that are looked at."""

_DEEPEST = 4
"""How deep JSON inside JSON strings is read."""

_RUN = re.compile(r"[0-9A-Za-z]+")


def rehydrate(
    stored: T,
    vault: Vault,
    policy: PolicyChoice = None,
    *,
    show: Collection[str] | None = None,
    hide: Collection[str] = (),
) -> T:
    """Return `stored` with its tokens turned back into values.

    `stored` is a text, or lists, tuples and mappings of texts, such as the messages of a chat; the
    result has the same shape. A text that is a JSON document stays one: values are escaped for it.
    `bytes` are read as UTF-8. `show` names the entities a reader sees (None: all of the policy),
    `hide` those of them that a reader does not see. `policy` is the one the text was masked under.

    Raises `ConfigurationError` for an entity that the policy does not know, and whatever the vault
    raises when it refuses.
    """
    return drive(_rehydrated(stored, policy, show, hide), vault)


async def arehydrate(
    stored: T,
    vault: Vault | AsyncVault,
    policy: PolicyChoice = None,
    *,
    show: Collection[str] | None = None,
    hide: Collection[str] = (),
) -> T:
    """`rehydrate` for asynchronous callers; a vault that blocks works in a thread."""
    return await adrive(_rehydrated(stored, policy, show, hide), vault)


def _rehydrated(
    stored: T, policy: PolicyChoice, show: Collection[str] | None, hide: Collection[str]
) -> Flow[T]:
    texts: dict[str, None] = {}

    def note(text: str) -> str:
        texts[text] = None
        return text

    _walked(stored, note)
    if show is None and not hide:
        values = yield from _values(texts, policy)
        return cast(T, _walked(stored, lambda text: values[text]))
    rules = yield from look_up(policy)
    sight = _Sight.of(rules, show, hide)
    hidden = {run for text in texts for run in sight.hidden_runs(text)}
    tokens = {token: None for text in texts for token in sight.shown(text, hidden)}
    values = yield from _values(tokens, policy)
    return cast(T, _walked(stored, lambda text: sight.read(text, hidden, values)))


def shown_tokens(
    texts: Iterable[str],
    policy: PolicyChoice,
    show: Collection[str] | None = None,
    hide: Collection[str] = (),
) -> Flow[list[Masked]]:
    """Each token in these masked texts that a reader sees, as if its value had been masked alone.

    What a model says about the texts can be restored from them, and from nothing else of the vault.
    """
    rules = yield from look_up(policy)
    sight = _Sight.of(rules, show, hide)
    every = list(texts)
    hidden = {run for text in every for run in sight.hidden_runs(text)}
    tokens = {token: None for text in every for token in sight.shown(text, hidden)}
    values = yield from _values(tokens, policy)
    return [sight.masked(token, value) for token, value in values.items() if token != value]


def _values(texts: Iterable[str], policy: PolicyChoice) -> Flow[dict[str, str]]:
    """What each text says once the vault has turned its tokens back."""
    asked = tuple(texts)
    answer = yield Unmask(asked, policy)
    if [one.token_value for one in answer] != list(asked):
        raise VaultError("the vault answered for other texts than it was asked for")
    return {one.token_value: one.value for one in answer}


def _walked(value: Any, turn: Turn) -> Any:
    """The same structure, every text of it turned."""
    if isinstance(value, str):
        return _text(value, turn)
    if isinstance(value, bytes):
        try:
            return _text(value.decode(), turn).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return value
    if isinstance(value, Mapping):
        return {_walked(key, turn): _walked(inner, turn) for key, inner in value.items()}
    if isinstance(value, list):
        return [_walked(inner, turn) for inner in value]
    if isinstance(value, tuple):
        return tuple(_walked(inner, turn) for inner in value)
    return value


def _text(text: str, turn: Turn, depth: int = 0) -> str:
    """A text turned; if it is JSON, the strings in it are."""
    doc = nested(text) if depth < _DEEPEST else None
    if doc is None:
        return turn(text)
    strings = [leaf for leaf in doc.leaves if leaf.kind in ("string", "key")]
    return edit(doc.text, [(leaf, _text(leaf.value, turn, depth + 1)) for leaf in strings])


@dataclass(frozen=True, slots=True)
class _Sight:
    """What a reader sees: the wrappers of shown tokens and of hidden ones."""

    visible: re.Pattern[str]
    invisible: re.Pattern[str]
    signs: tuple[str, ...]
    entities: Mapping[Pair, str]

    @classmethod
    def of(cls, rules: Policy, show: Collection[str] | None, hide: Collection[str]) -> _Sight:
        for entity in (*(show or ()), *hide):
            rules.rule(entity)
        shown: set[Pair] = set()
        hidden: set[Pair] = set()
        entities: dict[Pair, str] = {}
        for entity, rule in rules.entities.items():
            seen = (show is None or entity in show) and entity not in hide
            # Where a text could be taken for a policy's own wrapper, the default one stands.
            pairs = (rule.prefix, rule.suffix), default_wrapper(entity)
            (shown if seen else hidden).update(pairs)
            entities |= {pair: entity for pair in pairs if pair not in entities}
        signs = {sign for pair in shown | hidden for sign in pair if sign}
        return cls(_pattern(shown - hidden), _pattern(hidden), tuple(signs), entities)

    def hidden_runs(self, text: str) -> set[str]:
        """The runs of every token that stays."""
        return {run for found in self.invisible.finditer(text) for run in _runs(_core(found))}

    def shown(self, text: str, hidden: set[str]) -> list[str]:
        """The tokens that may be restored, wrappers included."""
        return [found[0] for found in self.visible.finditer(text) if self._may(found, hidden)]

    def masked(self, token: str, value: str) -> Masked:
        """A whole token of this sight and its value, as a vault's answer for the value."""
        prefix, suffix = next(
            (p, s)
            for p, s in self.entities
            if p and s and token.startswith(p) and token.endswith(s)
        )
        core = token[len(prefix) : len(token) - len(suffix)]
        entity = self.entities[prefix, suffix]
        one = IndividualToken(value, entity, core, prefix, suffix, 0, len(value))
        return Masked(value, token, (one,))

    def read(self, text: str, hidden: set[str], values: Mapping[str, str]) -> str:
        """The text as its reader sees it."""

        def seen(found: re.Match[str]) -> str:
            return values[found[0]] if self._may(found, hidden) else found[0]

        return self.visible.sub(seen, text)

    def _may(self, found: re.Match[str], hidden: set[str]) -> bool:
        """Whether there is no other wrapper in this one, and nothing hidden."""
        core = _core(found)
        return not any(sign in core for sign in self.signs) and hidden.isdisjoint(_runs(core))


def _core(found: re.Match[str]) -> str:
    """What stands between the two sides of a wrapper."""
    return found[found.lastindex or 0]


def _runs(core: str) -> list[str]:
    return [run.lower() for run in _RUN.findall(core)]


def _pattern(pairs: Iterable[Pair]) -> re.Pattern[str]:
    """A pattern of whole tokens in these wrappers; one without both sides cannot be told apart."""
    sides = sorted((p, s) for p, s in pairs if p and s)
    either = [f"{re.escape(p)}(.{{1,{LONGEST_TOKEN}}}?){re.escape(s)}" for p, s in sides]
    return re.compile("|".join(either) or r"(?!)", re.DOTALL)
