"""The policies of one namespace: the built-in ones, and those the vault keeps by name."""

from __future__ import annotations

from functools import lru_cache

from pydantic import ValidationError

from llm_guard_protecto.engine.custom import compiled
from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import BUILT_IN, Policy, default_wrapper
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["Policies"]


class Policies:
    """Looks policies up by name, at every request: a change acts on the next one.

    A stored policy may take the name of a built-in one and then stands in for it.
    """

    def __init__(self, store: Store, namespace: int, default: Policy | str) -> None:
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
        document = self._store.policy(self._namespace, choice)
        if document is not None:
            return _read(document)
        if choice in BUILT_IN:
            return Policy.built_in(choice)
        raise ConfigurationError(f"unknown policy {choice!r}; known: {', '.join(self.names())}")

    def names(self) -> list[str]:
        """Every name that `get` answers: built-in ones first, then the vault's own."""
        own = [name for name in self._store.policies(self._namespace) if name not in BUILT_IN]
        return [*BUILT_IN, *own]

    def put(self, policy: Policy) -> None:
        """Keep a policy under its name; one of the same name is replaced.

        Raises `ConfigurationError` for one whose own patterns or files cannot work.
        """
        compiled(policy)
        self._store.put_policy(self._namespace, policy.name, policy.model_dump_json())

    def delete(self, name: str) -> None:
        """Forget a stored policy. Raises `ConfigurationError` when there is none."""
        if not self._store.delete_policy(self._namespace, name):
            kept = ", ".join(self._store.policies(self._namespace)) or "none"
            raise ConfigurationError(f"the vault keeps no policy {name!r}; it keeps: {kept}")

    def wrappers(self, policy: Policy) -> tuple[tuple[str, str], ...]:
        """Every wrapper a token may stand in: of `policy`, the default and all stored ones.

        Text may be older than the policy it meets, so none is forgotten.
        """
        stored = [
            _read(document)
            for name in self._store.policies(self._namespace)
            if (document := self._store.policy(self._namespace, name)) is not None
        ]
        pairs = dict.fromkeys(policy.wrappers)
        for other in (Policy.built_in(), *stored):
            pairs.update(dict.fromkeys(other.wrappers))
        for one in (policy, *stored):
            pairs.update(dict.fromkeys(map(default_wrapper, one.custom)))
        return tuple(pairs)


@lru_cache(maxsize=256)
def _read(document: str) -> Policy:
    try:
        return Policy.model_validate_json(document)
    except ValidationError:
        raise ConfigurationError("a policy in the vault is damaged; set it again") from None
