"""The middleware itself: what a request masks and how its reply is restored. No input or output."""

from llm_guard_protecto.guard.exchange import Exchange, Outgoing
from llm_guard_protecto.guard.flow import adrive, drive
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.guard.rehydration import arehydrate, rehydrate

__all__ = [
    "Exchange",
    "Guard",
    "Outgoing",
    "Receipt",
    "adrive",
    "arehydrate",
    "drive",
    "rehydrate",
]
