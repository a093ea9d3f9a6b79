"""The policies and other documents of a namespace, read once for each of its generations.

A request asks for several of them, and every change of one ends the generation, so what was read
stays right until then.
"""

from __future__ import annotations

from typing import Protocol

from llm_guard_protecto.engine.store import Store

__all__ = ["Documents", "RememberedDocuments"]

MOST = 10_000
"""Documents that are remembered; whoever asks for more names makes us forget."""


class Documents(Protocol):
    """The documents of a store by namespace and name; see `Store`."""

    def policies(self, namespace: int) -> list[str]:
        """The names of the documents, sorted."""
        ...

    def policy(self, namespace: int, name: str) -> str | None:
        """One document."""
        ...

    def put_policy(self, namespace: int, name: str, document: str) -> None:
        """Keep a document."""
        ...

    def delete_policy(self, namespace: int, name: str) -> bool:
        """Forget a document."""
        ...


class RememberedDocuments:
    """The documents of a store as they were first read. Thread-safe."""

    def __init__(self, store: Store) -> None:
        """Nothing is read yet."""
        self._store = store
        self._names: dict[int, list[str]] = {}
        self._documents: dict[tuple[int, str], str | None] = {}

    def policies(self, namespace: int) -> list[str]:
        """The names of the documents, sorted."""
        names = self._names.get(namespace)
        if names is None:
            names = self._names[namespace] = self._store.policies(namespace)
        return list(names)

    def policy(self, namespace: int, name: str) -> str | None:
        """One document."""
        key = namespace, name
        if key not in self._documents:
            if len(self._documents) >= MOST:
                self._documents.clear()
            found = self._store.policy(namespace, name)
            self._documents[key] = found
            return found
        return self._documents.get(key)

    def put_policy(self, namespace: int, name: str, document: str) -> None:
        """Keep a document."""
        self._store.put_policy(namespace, name, document)
        self._forget()

    def delete_policy(self, namespace: int, name: str) -> bool:
        """Forget a document."""
        found = self._store.delete_policy(namespace, name)
        self._forget()
        return found

    def _forget(self) -> None:
        self._names, self._documents = {}, {}
