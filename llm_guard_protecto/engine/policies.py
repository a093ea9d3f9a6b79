"""The policies of one namespace: the built-in ones, and those the vault keeps by name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

from pydantic import ValidationError

from llm_guard_protecto.engine.custom import compiled
from llm_guard_protecto.engine.documents import Documents
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import BUILT_IN, Policy, default_wrapper
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["BESIDE", "Policies"]

BESIDE = "\x01"
"""What the name of a document begins with that is kept beside the policies and is none."""

_WRAPPER = f"{BESIDE}wrapper "


class Policies:
    """Looks policies up by name, at every request: a change acts on the next one.

    A stored policy may take the name of a built-in one and then stands in for it.
    """

    def __init__(self, store: Documents, namespace: int, default: Policy | str) -> None:
        """`default` is what None stands for; a name is looked up when it is used.

        Raises `ConfigurationError` for a default policy that cannot work.
        """
        self._store = store
        self._namespace = namespace
        self._default = default
        compiled(self.get(None))

    def get(self, choice: PolicyChoice) -> Policy:
        """The policy itself. Raises `ConfigurationError` for a name nobody knows."""
        choice = self._default if choice is None else choice
        if isinstance(choice, Policy):
            return choice
        document = self._document(choice)
        if document is not None:
            return _read(document)
        if choice in BUILT_IN:
            return Policy.built_in(choice)
        raise ConfigurationError(f"unknown policy {choice!r}; known: {', '.join(self.names())}")

    def names(self) -> list[str]:
        """Every name that `get` answers: built-in ones first, then the vault's own."""
        return [*BUILT_IN, *(name for name in self._stored() if name not in BUILT_IN)]

    def put(self, policy: Policy) -> None:
        """Keep a policy under its name; one of the same name is replaced.

        Raises `ConfigurationError` for one whose own patterns or files cannot work.
        """
        compiled(policy)
        before = self._document(policy.name)
        if before is not None:
            self._remember(_wrappers_of(_read(before)) - _wrappers_of(policy))
        self._store.put_policy(self._namespace, policy.name, policy.model_dump_json())

    def delete(self, name: str) -> None:
        """Forget a stored policy. Raises `ConfigurationError` when there is none."""
        document = self._document(name)
        if document is not None:
            self._remember(_wrappers_of(_read(document)))
        if document is None or not self._store.delete_policy(self._namespace, name):
            kept = ", ".join(self._stored()) or "none"
            raise ConfigurationError(f"the vault keeps no policy {name!r}; it keeps: {kept}")

    def wrappers(self, policy: Policy) -> tuple[tuple[str, str], ...]:
        """Every wrapper a token may stand in: of `policy`, the default and all stored ones.

        Text may be older than the policy it meets, so none is forgotten, also when a stored policy
        was changed or deleted.
        """
        documents = self._store.policies(self._namespace)
        stored = [
            _read(document)
            for name in documents
            if not name.startswith(BESIDE) and (document := self._document(name)) is not None
        ]
        pairs = dict.fromkeys(policy.wrappers)
        for other in (Policy.built_in(), *stored):
            pairs.update(dict.fromkeys(other.wrappers))
        for one in (policy, *stored):
            pairs.update(dict.fromkeys(map(default_wrapper, one.custom)))
        pairs.update(dict.fromkeys(_wrapper(name) for name in documents if _is_wrapper(name)))
        return tuple(pairs)

    def _stored(self) -> list[str]:
        """The names of the policies that are kept."""
        names = self._store.policies(self._namespace)
        return [name for name in names if not name.startswith(BESIDE)]

    def _document(self, name: str) -> str | None:
        return None if name.startswith(BESIDE) else self._store.policy(self._namespace, name)

    def _remember(self, wrappers: Iterable[tuple[str, str]]) -> None:
        """Keep wrappers that stand around tokens in texts, though no policy has them any more."""
        for pair in sorted(set(wrappers) - set(Policy.built_in().wrappers)):
            self._store.put_policy(self._namespace, _WRAPPER + json.dumps(pair), "{}")


def _wrappers_of(policy: Policy) -> set[tuple[str, str]]:
    return {*policy.wrappers, *map(default_wrapper, policy.custom)}


def _is_wrapper(name: str) -> bool:
    return name.startswith(_WRAPPER)


def _wrapper(name: str) -> tuple[str, str]:
    prefix, suffix = json.loads(name.removeprefix(_WRAPPER))
    return prefix, suffix


@lru_cache(maxsize=256)
def _read(document: str) -> Policy:
    try:
        return Policy.model_validate_json(document)
    except ValidationError:
        raise ConfigurationError("a policy in the vault is damaged; set it again") from None
