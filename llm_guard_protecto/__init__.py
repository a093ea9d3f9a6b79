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
    "AsyncKeepsMaps",
    "AsyncLocalVault",
    "AsyncProtectoVault",
    "AsyncVault",
    "ConfigurationError",
    "DetectionFailed",
    "EgressBlocked",
    "ExcludedEntity",
    "Guard",
    "GuardError",
    "IndividualToken",
    "Item",
    "KeepsMaps",
    "LocalVault",
    "Masked",
    "Policy",
    "PolicyViolation",
    "ProtectoVault",
    "Receipt",
    "Record",
    "Span",
    "UnknownFormat",
    "UnknownMap",
    "Unmasked",
    "Unreadable",
    "Vault",
    "VaultError",
    "VaultRefused",
    "VaultUnavailable",
    "arehydrate",
    "guarded",
    "protect",
    "receipt",
    "rehydrate",
]

if TYPE_CHECKING:
    from llm_guard_protecto.clients import Record, guarded, protect, receipt
    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.engine.aio import AsyncLocalVault
    from llm_guard_protecto.errors import (
        ConfigurationError,
        DetectionFailed,
        EgressBlocked,
        GuardError,
        PolicyViolation,
        UnknownFormat,
        UnknownMap,
        Unreadable,
        VaultError,
        VaultRefused,
        VaultUnavailable,
    )
    from llm_guard_protecto.guard import Guard, Receipt, arehydrate, rehydrate
    from llm_guard_protecto.models import (
        ExcludedEntity,
        IndividualToken,
        Item,
        Masked,
        Span,
        Unmasked,
    )
    from llm_guard_protecto.policy import Policy
    from llm_guard_protecto.protecto import AsyncProtectoVault, ProtectoVault
    from llm_guard_protecto.vault import AsyncKeepsMaps, AsyncVault, KeepsMaps, Vault

_HOMES = {
    "clients": ("Record", "guarded", "protect", "receipt"),
    "engine": ("LocalVault",),
    "engine.aio": ("AsyncLocalVault",),
    "guard": ("Guard", "Receipt", "arehydrate", "rehydrate"),
    "models": ("ExcludedEntity", "IndividualToken", "Item", "Masked", "Span", "Unmasked"),
    "policy": ("Policy",),
    "protecto": ("AsyncProtectoVault", "ProtectoVault"),
    "vault": ("AsyncKeepsMaps", "AsyncVault", "KeepsMaps", "Vault"),
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
