"""Which policy a call is masked under, and what of it a caller may not have."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.bearers import Caller
from llm_guard_protecto.errors import ConfigurationError, PolicyViolation
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.server.gateway.configuration import Policies

__all__ = ["chosen", "in_force", "model_of"]


def chosen(policies: Policies, caller: Caller, asked: str | None, model: str | None) -> str:
    """The name of the policy for a call. Raises `PolicyViolation` for one that is not allowed."""
    if asked is not None:
        if asked not in {policies.default, *policies.allowed}:
            raise PolicyViolation("this policy may not be asked for here")
        return asked
    for said, rules in ((model, policies.models), (caller.namespace, policies.namespaces)):
        if said is not None:
            for name, policy in rules.items():
                if fnmatchcase(said, name):
                    return policy
    return policies.default


def in_force(vault: LocalVault, name: str, caller: Caller) -> Policy:
    """The policy itself; for a caller who may not unmask, one that puts no value back.

    Raises `PolicyViolation` when the caller's namespace does not have it.
    """
    try:
        policy = vault.policy(name)
    except ConfigurationError:
        raise PolicyViolation("there is no such policy in the namespace of this token") from None
    if "unmask" in caller.permissions:
        return policy
    closed = policy.restore.model_copy(update={"text": False, "tools": False})
    return policy.model_copy(update={"restore": closed})


def model_of(body: bytes) -> str | None:
    """The model that a JSON body names, None for any other body."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    model = said.get("model") if isinstance(said, dict) else None
    return model if isinstance(model, str) else None
