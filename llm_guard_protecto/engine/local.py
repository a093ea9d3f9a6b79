"""The embedded vault: no server, no account. What happens to a text is in `masker`."""

from __future__ import annotations

import copy
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from llm_guard_protecto.closing import Closing
from llm_guard_protecto.detect.find import Detector, find
from llm_guard_protecto.engine.acting import current
from llm_guard_protecto.engine.audit import AuditSettings
from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.current import Current, fresh
from llm_guard_protecto.engine.documents import RememberedDocuments
from llm_guard_protecto.engine.erasure import Erased, erase
from llm_guard_protecto.engine.explain import Explained
from llm_guard_protecto.engine.kept import KeptMaps
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import KeySource, open_vault
from llm_guard_protecto.engine.kms import KeyWrapper
from llm_guard_protecto.engine.masker import Masker
from llm_guard_protecto.engine.opening import address_of, detector_of
from llm_guard_protecto.engine.policies import Policies
from llm_guard_protecto.engine.retention import Retention, days_from
from llm_guard_protecto.engine.reveal import resolved, revealed
from llm_guard_protecto.engine.scores import Scores
from llm_guard_protecto.engine.search import Search
from llm_guard_protecto.engine.sources import Sources
from llm_guard_protecto.engine.subjects import Subjects
from llm_guard_protecto.engine.tags import Tags
from llm_guard_protecto.engine.trails import Trails, changing, erasing, note
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item, Masked, Span, Unmasked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["LocalVault"]


class LocalVault(Current, Closing):
    """A vault in this process: SQLite, PostgreSQL or memory. Thread-safe; one per process is enough.

    `url` is `sqlite:///PATH`, a path, `postgresql://…`, or `memory:`; None means `LLM_GUARD_VAULT`
    from `environ`, else a file in the user's data directory; it gets `patience` seconds a call.
    `policy` is what a call without one uses. `detector` replaces our own, `detectors` run beside
    it; each gets `deadline` seconds a call, and what it finds must be an entity the policy knows.
    `tagger` is a weights file for our own detector, as
    `llm-guard-protecto train` writes it; None means `LLM_GUARD_TAGGER` from `environ`, else the
    weights of the package. No policy can name one. `sources` are the addresses and functions that
    the tags of a policy may ask; None means the addresses of `LLM_GUARD_ENDPOINTS`. Tokens are
    forgotten `retention` days after their last use, 0 for never; None means
    `LLM_GUARD_RETENTION_DAYS`, else 90. `kept_days` says so of what `keep` was given, None: the
    same. `kms` keeps the root key, see `kms.KeyWrapper`. `audit` records every `unmask` and every
    change, and is kept where None is said for a vault that lasts. `clock` gives seconds since 1970.

    Raises `ConfigurationError`, `VaultRefused` (a missing or wrong key) or `VaultUnavailable`.
    """

    _tags: Tags

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
        sources: Sources | None = None,
        deadline: float = 30.0,
        patience: float = 5.0,
        retention: int | None = None,
        kept_days: int | None = None,
        audit: bool | AuditSettings | None = None,
        clock: Callable[[], float] = time.time,
        kms: KeyWrapper | None = None,
    ) -> None:
        """Open the vault, making the file and its key on first use."""
        environ = os.environ if environ is None else environ
        detector = detector_of(detector, tagger, environ)
        days = days_from(environ, retention)
        self._source = KeySource(environ, kms=kms)
        address = address_of(url, environ)
        self._store, self._root = open_vault(address, environ, kms=kms, patience=patience)
        self._owner, self._renewing = True, threading.RLock()
        self._default, self._clock = policy, clock
        self._retention = Retention(self._store, days, days if kept_days is None else kept_days)
        self._search = Search(detector, deadline, tuple(detectors))
        self._sources = Sources.of(environ) if sources is None else sources
        self._trails = Trails(self._store, self._source, self._root, clock, audit, environ)
        try:
            self._furnish(namespace)
        except BaseException:
            self._store.close()
            raise

    def _furnish(self, namespace: str) -> None:
        """Everything that belongs to one namespace, which is made on first use."""
        before: Keyring | None = getattr(self, "_keys", None)
        if before is not None and before.name != namespace:
            before = None
        keys = self._keys = self._open_keys(namespace, before)
        book = Book(self._store, keys, self.today, self._retention.noting(keys, self.today))
        self._subjects = Subjects(self._store, keys)
        self._trail = self._trails.of(keys)
        self._kept = KeptMaps(self._store, keys, self.today, self._retention.kept_days)
        documents = RememberedDocuments(self._store)
        self._policies = Policies(documents, keys.namespace, self._default)
        if before is None:
            self._tags = Tags(documents, keys, self._sources)
        else:
            self._tags = self._tags.renewed(documents, keys)
        self._masker = Masker(book, self._search.asking(self._tags), self._policies.wrappers)

    def in_namespace(self, name: str) -> LocalVault:
        """The same vault in another namespace, made on first use: they share the file, no value.

        Closing the one that was opened closes all of them, closing another one does nothing.
        """
        other = copy.copy(self)
        other._owner, other._looked = False, -1
        other._furnish(name)
        return other

    @property
    def tags(self) -> Tags:
        """Where the finds of this namespace's custom tags come from."""
        self._notice()
        return self._tags

    @fresh
    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
        """Mask texts and items that belong together, in order; see `Vault` for the promises."""
        return self._mask(self._masker.mask, texts, policy)

    @fresh
    def mask_each(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
        """Mask texts and items that have nothing to do with each other; see `MasksEach`."""
        return self._mask(self._masker.mask_each, texts, policy)

    def _mask(self, how: Callable[[Sequence[str | Item], Policy], list[Masked]],
              texts: Sequence[str | Item], policy: PolicyChoice) -> list[Masked]:  # fmt: skip
        rules = self._policies.get(policy)
        _check_strings(text.value if isinstance(text, Item) else text for text in texts)
        if self._trail is not None:
            self._trail.ensure()
        masked = how(texts, rules)
        self._subjects.note(texts, masked)
        return masked

    @fresh
    def mask_query(self, question: str, policy: PolicyChoice = None) -> Masked:
        """Mask a question about documents that were masked here, see `MasksQueries`."""
        rules = self._policies.get(policy)
        _check_strings([question])
        if self._trail is not None:
            self._trail.ensure()
        return self._masker.mask_query(question, rules)

    @fresh
    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[Unmasked]:
        """Turn every token of this vault back into its value, wrappers gone; leave the rest."""
        rules = self._policies.get(policy)
        _check_strings(texts)
        views = self._masker.views(texts, rules)
        if self._trail is not None or current() is not None:
            note(self._trail, "unmask", rules.name, revealed(views, rules))
        return [
            Unmasked(one.text, one.original, Scores(one.text) if rules.toxicity else None)
            for one in views
        ]

    @fresh
    def resolve(self, token: str) -> str | None:
        """What a bare token stands for, however short: a text of live tokens and nothing else.

        None for any other text. `unmask` leaves a short number alone that may be a number after
        all; here the caller says that it is a token.
        """
        _check_strings([token])
        value = self._masker.resolve(token)
        note(self._trail, "unmask", "", resolved(token, found=value is not None))
        return value

    @fresh
    def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        """Add masked texts to what is kept under each name, see `KeepsMaps`."""
        self._kept.keep(names, masked)

    @fresh
    def recall(self, names: Sequence[str]) -> list[list[Masked] | None]:
        """What is kept under each name, None where nothing is; see `KeepsMaps`."""
        return self._kept.recall(names)

    @fresh
    def read_ahead(self, texts: Sequence[str], policy: PolicyChoice = None) -> None:
        """Search texts that may be masked soon; remembers what it finds, and stores nothing.

        Does nothing where detectors that are not ours would have to be asked.
        """
        rules = self._policies.get(policy)
        _check_strings(texts)
        self._masker.read_ahead(texts, rules)

    @fresh
    def find(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[list[Span]]:
        """What is found in each text, masked or left alone by the policy; nothing is stored."""
        rules = self._policies.get(policy)
        _check_strings(texts)
        return self._masker.find(texts, rules)

    @fresh
    def explain(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[list[Explained]]:
        """Everything found in each text, with what the policy does with it and why."""
        rules = self._policies.get(policy)
        _check_strings(texts)
        return self._masker.explain(texts, rules)

    @fresh
    def policies(self) -> list[str]:
        """The names of the policies that can be asked for."""
        return self._policies.names()

    @fresh
    def policy(self, name: str | None = None) -> Policy:
        """One policy; None for the one that a call without a name uses."""
        return self._policies.get(name)

    @fresh
    def put_policy(self, policy: Policy) -> None:
        """Keep a policy in the vault; it acts on the next request that names it."""
        with changing(self._trail, "policy set", policy.name, fingerprint=policy.fingerprint):
            self._policies.put(policy)

    @fresh
    def delete_policy(self, name: str) -> None:
        """Forget a policy that the vault keeps; a built-in one of that name shows again."""
        known = name if name in self._policies.names() else ""  # any text may be asked for
        with changing(self._trail, "policy deleted", known):
            self._policies.delete(name)
            self._tags.delete_all(name)

    @fresh
    def keys_status(self) -> Mapping[str, object]:
        """The vault's keys, nothing secret: where, which root key, and each key's state."""
        usage = self._store.usage(self._keys.namespace)
        return {
            "vault": self._store.location,
            "namespace": self._keys.name,
            "root_key": self._keys.root_id,
            "keys": [asdict(key) for key in self._keys.status(usage)],
        }

    @fresh
    def erase(
        self,
        *,
        value: str | None = None,
        subject: str | None = None,
        namespace: str | None = None,
        before: date | None = None,
        dry_run: bool = False,
    ) -> Erased:
        """Forget for good; exactly one of these says what, see `erasure.erase`."""
        with erasing(self._trail, value, subject, namespace, before, dry_run=dry_run):
            return erase(self, value, subject, namespace, before, dry_run=dry_run)

    def close(self) -> None:
        """Finish what was promised and let go of the file."""
        if self._owner:
            self._retention.close()
            self._trails.close()
            self._search.close()
            self._store.close()

    def __repr__(self) -> str:
        """Name the place; show no key and no value."""
        return f"<LocalVault {self._store.location}>"


def _check_strings(texts: Iterable[object]) -> None:
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise ConfigurationError(f"text {at} is a {type(text).__name__}, not a string")
