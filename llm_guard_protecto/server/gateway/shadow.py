"""Shadow mode: what would have been masked, while everything goes as it came."""

from __future__ import annotations

from typing import Any

from llm_guard_protecto.clients.limits import Limits
from llm_guard_protecto.clients.requests import outgoing
from llm_guard_protecto.errors import GuardError
from llm_guard_protecto.guard.flow import drive
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.vault import Vault

__all__ = ["watched"]


def watched(guard: Guard, vault: Vault, request: Any, body: bytes, limits: Limits) -> Receipt:
    """The receipt of a call as if it had been masked; `refused` when it would not have been sent."""
    try:
        exchange = drive(guard.open(outgoing(request, body, limits)), vault)
    except GuardError:
        return Receipt("refused", policy="")
    return exchange.receipt("whole", None)
