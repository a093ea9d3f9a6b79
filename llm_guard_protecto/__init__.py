"""The prompt-privacy layer: masks what leaves for a language model, restores what comes back.

    from openai import OpenAI
    from llm_guard_protecto import protect

    client = protect(OpenAI())

Every name below is loaded when it is first used, so importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AsyncLocalVault",
    "AsyncVault",
    "ConfigurationError",
    "DetectionFailed",
    "ExcludedEntity",
    "Guard",
    "GuardError",
    "IndividualToken",
    "Item",
    "LocalVault",
    "Masked",
    "Policy",
    "PolicyViolation",
    "Span",
    "UnknownFormat",
    "Unmasked",
    "Unreadable",
    "Vault",
    "VaultError",
    "VaultRefused",
    "VaultUnavailable",
    "guarded",
    "protect",
]

if TYPE_CHECKING:
    from llm_guard_protecto.clients import guarded, protect
    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.engine.aio import AsyncLocalVault
    from llm_guard_protecto.errors import (
        ConfigurationError,
        DetectionFailed,
        GuardError,
        PolicyViolation,
        UnknownFormat,
        Unreadable,
        VaultError,
        VaultRefused,
        VaultUnavailable,
    )
    from llm_guard_protecto.guard import Guard
    from llm_guard_protecto.models import (
        ExcludedEntity,
        IndividualToken,
        Item,
        Masked,
        Span,
        Unmasked,
    )
    from llm_guard_protecto.policy import Policy
    from llm_guard_protecto.vault import AsyncVault, Vault

_HOMES = {
    "clients": ("guarded", "protect"),
    "engine": ("LocalVault",),
    "engine.aio": ("AsyncLocalVault",),
    "guard": ("Guard",),
    "models": ("ExcludedEntity", "IndividualToken", "Item", "Masked", "Span", "Unmasked"),
    "policy": ("Policy",),
    "vault": ("AsyncVault", "Vault"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
