"""The embedded vault: no server, no account. What happens to a text is in `masker`."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from llm_guard_protecto.detect.find import Detector, Finder, find
from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.explain import Explained
from llm_guard_protecto.engine.kept import KEPT_DAYS, KeptMaps
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import open_vault
from llm_guard_protecto.engine.masker import Masker
from llm_guard_protecto.engine.policies import Policies
from llm_guard_protecto.engine.scores import Scores
from llm_guard_protecto.engine.search import Search
from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item, Masked, Span, Unmasked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["LocalVault"]


class LocalVault:
    """A vault in this process: a SQLite file, or memory. Thread-safe; one per process is enough.

    `url` is `sqlite:///PATH`, a path, or `memory:`; None means `LLM_GUARD_VAULT` from `environ`,
    else a file in the user's data directory. `policy` is what a call without one uses. `detector`
    replaces our own, `detectors` run beside it; each gets `deadline` seconds a call, and what it
    finds must be an entity the policy knows. `tagger` is a weights file for our own detector, as
    `llm-guard-protecto train` writes it; None means `LLM_GUARD_TAGGER` from `environ`, else the
    weights of the package. No policy can name one. What `keep` was given is forgotten `kept_days`
    days after its last use, 90 by default. `clock` gives seconds since 1970.

    Raises `ConfigurationError`, `VaultRefused` (a missing or wrong key) or `VaultUnavailable`.
    """

    def __init__(
        self,
        url: str | Path | None = None,
        *,
        policy: Policy | str = "default",
        namespace: str = "default",
        environ: Mapping[str, str] | None = None,
        detector: Detector = find,
        detectors: Sequence[Detector] = (),
        tagger: str | Path | None = None,
        deadline: float = 30.0,
        kept_days: int = KEPT_DAYS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the vault, making the file and its key on first use."""
        environ = os.environ if environ is None else environ
        detector = _detector(detector, tagger, environ)
        self._store, self._root = open_vault(_address(url, environ), environ)
        self._owner = True
        self._default, self._kept_days, self._clock = policy, kept_days, clock
        self._search = Search(detector, deadline, tuple(detectors))
        try:
            self._furnish(namespace)
        except BaseException:
            self._store.close()
            raise

    def _furnish(self, namespace: str) -> None:
        """Everything that belongs to one namespace, which is made on first use."""
        clock = self._clock

        def today() -> int:
            return int(clock() // 86_400)

        self._keys = Keyring.open(self._store, namespace, self._root, today())
        book = Book(self._store, self._keys, today)
        self._kept = KeptMaps(self._store, self._keys, today, self._kept_days)
        self._policies = Policies(self._store, self._keys.namespace, self._default)
        self._masker = Masker(book, self._search, self._policies.wrappers)

    def in_namespace(self, name: str) -> LocalVault:
        """The same vault in another namespace, made on first use: they share the file, no value.

        Closing the one that was opened closes all of them, closing another one does nothing.
        """
        other = copy.copy(self)
        other._owner = False
        other._furnish(name)
        return other

    @property
    def store(self) -> Store:
        """Where everything of the vault is kept, for the engine's other parts."""
        return self._store

    @property
    def keyring(self) -> Keyring:
        """The keys of this namespace, for the engine's other parts."""
        return self._keys

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
        """Mask texts and items that belong together, in order; see `Vault` for the promises."""
        rules = self._policies.get(policy)
        items = [text if isinstance(text, Item) else Item(text) for text in texts]
        _check_strings(item.value for item in items)
        return self._masker.mask(items, rules)

    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[Unmasked]:
        """Turn every token of this vault back into its value, wrappers gone; leave the rest."""
        rules = self._policies.get(policy)
        _check_strings(texts)
        return [
            Unmasked(value, text, Scores(value) if rules.toxicity else None)
            for text, value in zip(texts, self._masker.unmask(texts, rules), strict=True)
        ]

    def resolve(self, token: str) -> str | None:
        """What a bare token stands for, however short: a text of live tokens and nothing else.

        None for any other text. `unmask` leaves a short number alone that may be a number after
        all; here the caller says that it is a token.
        """
        _check_strings([token])
        return self._masker.resolve(token)

    def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        """Add masked texts to what is kept under each name, see `KeepsMaps`."""
        self._kept.keep(names, masked)

    def recall(self, names: Sequence[str]) -> list[list[Masked] | None]:
        """What is kept under each name, None where nothing is; see `KeepsMaps`."""
        return self._kept.recall(names)

    def find(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[list[Span]]:
        """What is found in each text, masked or left alone by the policy; nothing is stored."""
        rules = self._policies.get(policy)
        _check_strings(texts)
        return self._masker.find(texts, rules)

    def explain(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[list[Explained]]:
        """Everything found in each text, with what the policy does with it and why."""
        rules = self._policies.get(policy)
        _check_strings(texts)
        return self._masker.explain(texts, rules)

    def policies(self) -> list[str]:
        """The names of the policies that can be asked for."""
        return self._policies.names()

    def policy(self, name: str | None = None) -> Policy:
        """One policy; None for the one that a call without a name uses."""
        return self._policies.get(name)

    def put_policy(self, policy: Policy) -> None:
        """Keep a policy in the vault; it acts on the next request that names it."""
        self._policies.put(policy)

    def delete_policy(self, name: str) -> None:
        """Forget a policy that the vault keeps; a built-in one of that name shows again."""
        self._policies.delete(name)

    def keys_status(self) -> Mapping[str, object]:
        """The vault's keys, nothing secret: where, which root key, and each key's state."""
        usage = self._store.usage(self._keys.namespace)
        return {
            "vault": self._store.location,
            "namespace": self._keys.name,
            "root_key": self._keys.root_id,
            "keys": [asdict(key) for key in self._keys.status(usage)],
        }

    def close(self) -> None:
        """Finish what was promised and let go of the file."""
        if self._owner:
            self._store.close()

    def __enter__(self) -> Self:
        """The vault itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Name the place; show no key and no value."""
        return f"<LocalVault {self._store.location}>"


def _address(url: str | Path | None, environ: Mapping[str, str]) -> str:
    """Where the vault is: as given, as the environment says, or in the user's data directory."""
    address = str(url) if url is not None else environ.get("LLM_GUARD_VAULT", "")
    if address:
        return address
    import platformdirs

    return str(platformdirs.user_data_path("llm-guard-protecto") / "vault.db")


def _detector(
    detector: Detector, tagger: str | Path | None, environ: Mapping[str, str]
) -> Detector:
    """The detector as given, or our own with the weights that the caller or environment names."""
    if detector is not find:
        if tagger is not None:
            raise ConfigurationError("tagger= is for our own detector, which detector= replaces")
        return detector
    if tagger is None:
        tagger = environ.get("LLM_GUARD_TAGGER") or None
    return find if tagger is None else Finder(Path(tagger))


def _check_strings(texts: Iterable[object]) -> None:
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise ConfigurationError(f"text {at} is a {type(text).__name__}, not a string")
