"""Bearer tokens: who may use a namespace, for what and how long.

A token is `lgp_user_` or `lgp_root_`, 43 characters of chance (256 bits) and six that check them,
so that a program can tell a token in a text without asking anybody. The vault keeps the SHA-256 of
a token and never its text: it is shown once. Every check reads the store, so a revoked token is
refused from the next request on, by every process.
"""

from __future__ import annotations

import re
import secrets
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256

from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store.tenants import Bearer
from llm_guard_protecto.engine.trails import changing
from llm_guard_protecto.errors import ConfigurationError, VaultUnavailable

__all__ = ["PERMISSIONS", "TOKEN", "Bearers", "Caller", "bearing", "id_of"]

PERMISSIONS = ("mask", "unmask", "metadata_change")
"""What a user token may allow."""

TOKEN = re.compile(r"lgp_(user|root)_[0-9A-Za-z]{49}")
"""How a token looks, for those who search texts for secrets."""

ID_DIGITS = 12
"""Hexadecimal digits of a token's public id."""

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for second in _LETTERS for first in _LETTERS]
_CHANCE, _CHECK = 43, 6


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stands behind a token that is good now. `namespace` is None for a master key.

    `token` is the public id of the token, see `id_of`.
    """

    namespace: str | None
    owner: str
    permissions: frozenset[str]
    token: str = ""

    @property
    def master(self) -> bool:
        """Whether it may make namespaces and tokens, and nothing else."""
        return self.namespace is None


class Bearers:
    """Makes, checks and revokes tokens. Thread-safe."""

    def __init__(self, namespaces: Namespaces, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970."""
        self._namespaces = namespaces
        self._tenants = namespaces.vault.store.tenants
        self._clock = clock

    def create(
        self,
        namespace: str | None,
        owner: str,
        permissions: Iterable[str] = (),
        first_day: int | None = None,
        last_day: int | None = None,
    ) -> str:
        """A new token; its text is not kept. `namespace` None makes a master key.

        A namespace that is not there is made. Days count from 1970-01-01, both included. Raises `ConfigurationError` for a permission
        that does not exist, for none at all, and for days out of order.
        """
        asked = tuple(dict.fromkeys(permissions))
        if unknown := [one for one in asked if one not in PERMISSIONS]:
            known = ", ".join(PERMISSIONS)
            raise ConfigurationError(f"unknown permission {unknown[0]!r}; known: {known}")
        if namespace is not None and not asked:
            raise ConfigurationError(f"a token needs a permission: {', '.join(PERMISSIONS)}")
        if first_day is not None and last_day is not None and first_day > last_day:
            raise ConfigurationError("a token cannot end before it starts")
        chance = "".join(secrets.choice(_LETTERS) for _ in range(_CHANCE))
        body = f"lgp_{'root' if namespace is None else 'user'}_{chance}"
        token = body + _check(body)
        number = None
        if namespace is not None:
            self._namespaces.create(namespace)
            number = self._tenants.number_of(namespace)
            if number is None:
                raise VaultUnavailable("the namespace was deleted meanwhile")
        made = int(self._clock())
        digest = sha256(token.encode()).digest()
        bearer = Bearer(digest, number, owner, asked, first_day, last_day, made)
        with self._changing("token made", bearer):
            self._tenants.add_bearer(bearer)
        return token

    def caller(self, token: str) -> Caller | None:
        """Who may call with this token now; None for one that is wrong, revoked or out of time."""
        found = self.held(token)
        if found is None or found.revoked is not None or not self._in_time(found):
            return None
        if found.namespace is None:
            return Caller(None, found.owner, frozenset(), id_of(found))
        name = self._namespaces.name_of(found.namespace)
        if name is None:
            return None
        return Caller(name, found.owner, frozenset(found.permissions), id_of(found))

    def held(self, token: str) -> Bearer | None:
        """What is kept of a token, good or not; None for a text that is no token of ours."""
        if not bearing(token):
            return None
        return self._tenants.bearer(sha256(token.encode()).digest())

    def of(self, namespace: str | None) -> Sequence[Bearer]:
        """Every token of a namespace, the oldest first; None for the master keys."""
        if namespace is None:
            return self._tenants.bearers(None)
        number = self._tenants.number_of(namespace)
        return [] if number is None else self._tenants.bearers(number)

    def revoke(self, digest: bytes) -> bool:
        """Refuse a token from now on; False when there was none to refuse."""
        now = int(self._clock())
        bearer = self._tenants.bearer(digest)
        if bearer is None or bearer.revoked is not None:
            return self._tenants.revoke(digest, now)
        with self._changing("token revoked", bearer):
            return self._tenants.revoke(digest, now)

    def _changing(self, what: str, bearer: Bearer) -> AbstractContextManager[None]:
        """Record a change of a bearer in the audit of its namespace; of a master key's in ours."""
        name = None if bearer.namespace is None else self._namespaces.name_of(bearer.namespace)
        vault = self._namespaces.vault if name is None else self._namespaces.get(name)
        return changing(
            None if vault is None else vault.trail,
            what,
            bearer=id_of(bearer),
            owner=bearer.owner,
            permissions=list(bearer.permissions),
        )

    def _in_time(self, bearer: Bearer) -> bool:
        today = int(self._clock() // 86_400)
        first, last = bearer.first_day, bearer.last_day
        return (first is None or first <= today) and (last is None or today <= last)


def id_of(bearer: Bearer) -> str:
    """The public id of a token: the first digits of its digest, which let nobody in."""
    return bearer.digest.hex()[:ID_DIGITS]


def bearing(text: str) -> bool:
    """Whether a text is a token by its look and its check; the vault may still not know it."""
    return TOKEN.fullmatch(text) is not None and _check(text[:-_CHECK]) == text[-_CHECK:]


def _check(body: str) -> str:
    number = zlib.crc32(body.encode())
    number, low = divmod(number, len(_PAIRS))
    number, middle = divmod(number, len(_PAIRS))
    return _PAIRS[low] + _PAIRS[middle] + _PAIRS[number]
