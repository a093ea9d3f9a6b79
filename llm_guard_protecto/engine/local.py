"""The embedded vault: read, search, decide, tokenise, render. No server, no account."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from llm_guard_protecto.detect.find import Detector, find
from llm_guard_protecto.detect.known import Known, values_of
from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import open_vault
from llm_guard_protecto.engine.plan import (
    Plan,
    Runs,
    masked,
    plan_searched,
    plan_whole,
    with_default_wrappers,
)
from llm_guard_protecto.engine.policies import Policies
from llm_guard_protecto.engine.render import View, loose, recognise, wrapped
from llm_guard_protecto.engine.scores import Scores
from llm_guard_protecto.engine.seal import TokenKey
from llm_guard_protecto.engine.search import Search
from llm_guard_protecto.engine.tokenise import UnitKey
from llm_guard_protecto.engine.whole import whole_rule
from llm_guard_protecto.errors import ConfigurationError, PolicyViolation
from llm_guard_protecto.models import Item, Masked, Span, Unmasked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["LocalVault"]


class LocalVault:
    """A vault in this process: a SQLite file, or memory. Thread-safe; one per process is enough.

    `url` is `sqlite:///PATH`, a path, or `memory:`; None means `LLM_GUARD_VAULT` from `environ`,
    else a file in the user's data directory. `policy` is what a call without one uses. `detector`
    replaces our own and gets `deadline` seconds a call. `clock` gives seconds since 1970.

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
        deadline: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the vault, making the file and its key on first use."""
        environ = os.environ if environ is None else environ
        self._store, root = open_vault(_address(url, environ), environ)
        try:

            def today() -> int:
                return int(clock() // 86_400)

            self._root_id = root.id
            self._keys = Keyring.open(self._store, namespace, root, today())
            self._book = Book(self._store, self._keys, today)
            self._policies = Policies(self._store, self._keys.namespace, policy)
            self._search = Search(detector, deadline)
        except BaseException:
            self._store.close()
            raise

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
        """Mask texts and items that belong together, in order; see `Vault` for the promises."""
        rules = self._policies.get(policy)
        items = [text if isinstance(text, Item) else Item(text) for text in texts]
        views, standing = self._read([item.value for item in items], rules)
        plans = self._plan(items, views, rules)
        runs = self._runs(plans, standing)
        answer = [masked(item, plan, runs) for item, plan in zip(items, plans, strict=True)]
        if rules.wrappers != Policy.built_in().wrappers:
            answer = self._readable(answer, views, plans, rules)
        if rules.toxicity:
            answer = [
                one if one.token_name else replace(one, toxicity_analysis=Scores(view.text))
                for one, view in zip(answer, views, strict=True)
            ]
        return answer

    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[Unmasked]:
        """Turn every token of this vault back into its value, wrappers gone; leave the rest."""
        rules = self._policies.get(policy)
        views, _ = self._read(texts, rules)
        return [
            Unmasked(view.text, text, Scores(view.text) if rules.toxicity else None)
            for text, view in zip(texts, views, strict=True)
        ]

    def find(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[list[Span]]:
        """What is found in each text, masked or left alone by the policy; nothing is stored."""
        rules = self._policies.get(policy)
        views, _ = self._read(texts, rules)
        found: list[list[Span]] = []
        for view, decided in zip(views, self._search([v.text for v in views], rules), strict=True):
            known = Known(values_of(view.text, decided.masked))
            decided = decided.with_known(view.text, known.find(view.text))
            spans = view.to_original([*decided.masked, *decided.excluded])
            found.append(sorted(spans, key=lambda span: span.start))
        return found

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
            "root_key": self._root_id,
            "keys": [asdict(key) for key in self._keys.status(usage)],
        }

    def close(self) -> None:
        """Finish what was promised and let go of the file."""
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

    def _read(self, texts: Sequence[str], rules: Policy) -> tuple[list[View], set[str]]:
        """Each text with our own tokens read as values, and every run that stands in the texts."""
        _check_strings(texts)
        wrappers = self._policies.wrappers(rules)
        pairs = [wrapped(text, wrappers) for text in texts]
        runs = [loose(text) for text in texts]
        standing = {run.group() for found in runs for run in found}
        inside = {run for found in pairs for pair in found for run in pair.runs}
        live = self._book.live(standing | inside) if standing or inside else {}
        views = [
            View.of(text, recognise(text, pairs_here, runs_here, live) if live else ())
            for text, pairs_here, runs_here in zip(texts, pairs, runs, strict=True)
        ]
        return views, {run.lower() for run in standing}

    def _plan(self, items: Sequence[Item], views: Sequence[View], rules: Policy) -> list[Plan]:
        """What to mask in each item. A value found in one of them is masked in all of them."""
        wholes = [whole_rule(item) for item in items]
        searched = [view for view, whole in zip(views, wholes, strict=True) if whole is None]
        decisions = self._search([view.text for view in searched], rules)
        values: dict[str, str] = {}
        for view, decided in zip(searched, decisions, strict=True):
            values = values_of(view.text, decided.masked) | values
        known = Known(values)
        plans: list[Plan] = []
        for view, decided in zip(searched, decisions, strict=True):
            if known:
                decided = decided.with_known(view.text, known.find(view.text))
            found, excluded = map(view.to_original, (decided.masked, decided.excluded))
            plans.append(plan_searched(view.original, found, excluded, rules))
        rest = iter(plans)
        return [
            next(rest) if whole is None else plan_whole(item, whole)
            for item, whole in zip(items, wholes, strict=True)
        ]

    def _runs(self, plans: Sequence[Plan], standing: set[str]) -> Runs:
        """A run for every unit: durable in the store, or anonymous and never stored."""
        kept: dict[UnitKey, None] = {}
        thrown: dict[UnitKey, None] = {}
        for piece in (piece for plan in plans for piece in plan.pieces):
            (kept if piece.reversible else thrown).update(dict.fromkeys(piece.keys))
        runs = {(key, True): run for key, run in self._book.runs(kept, standing).items()}
        if thrown:
            secret = TokenKey(secrets.token_bytes(32))
            anonymous = self._book.anonymous_runs(thrown, secret, standing)
            runs |= {(key, False): run for key, run in anonymous.items()}
        return runs

    def _readable(
        self, answer: list[Masked], views: Sequence[View], plans: Sequence[Plan], rules: Policy
    ) -> list[Masked]:
        """The same answer; where a policy's own wrappers cannot be read back, default ones.

        Wrappers are any text, so the text around a token may complete one by accident. Nothing
        may be lost to that: `PolicyViolation` when even the default wrappers do not help.
        """

        def reads_back(one: Masked, view: View) -> bool:
            (again,), _ = self._read([one.token_value], rules)
            return again.text == view.text

        checked: list[Masked] = []
        for one, view, plan in zip(answer, views, plans, strict=True):
            searched = one.token_name is None and one.individual_tokens
            if searched and plan.reversible and not reads_back(one, view):
                one = with_default_wrappers(one)
                if not reads_back(one, view):
                    raise PolicyViolation(
                        f"the wrappers of policy {rules.name!r} cannot be told from this text"
                    )
            checked.append(one)
        return checked


def _address(url: str | Path | None, environ: Mapping[str, str]) -> str:
    """Where the vault is: as given, as the environment says, or in the user's data directory."""
    address = str(url) if url is not None else environ.get("LLM_GUARD_VAULT", "")
    if address:
        return address
    import platformdirs

    return str(platformdirs.user_data_path("llm-guard-protecto") / "vault.db")


def _check_strings(texts: Iterable[object]) -> None:
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise ConfigurationError(f"text {at} is a {type(text).__name__}, not a string")
