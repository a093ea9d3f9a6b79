"""The client of a Protecto vault: the same two methods as the embedded one, over HTTP.

What is asked and what an answer means is in plain functions and generators (`calls`, `codec`);
`client` and `aio` are two thin drivers that do the input and output.
"""

from __future__ import annotations

from llm_guard_protecto.protecto.aio import AsyncProtectoVault
from llm_guard_protecto.protecto.client import ProtectoVault

__all__ = ["AsyncProtectoVault", "ProtectoVault"]
