"""What an operator may set."""

from __future__ import annotations

from dataclasses import dataclass

from llm_guard_protecto.engine.jobs import PURGE_AFTER

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The limits of a server.

    `body_limit` is in bytes of one request. `items_limit` is how many values one request may hold.
    `output_limit` is how many characters a masked value may have (None: any number; Protecto has
    600). `threads` is how many requests are worked on at once, `workers` how many jobs.
    `purge_after` is how many seconds an ended job keeps its payload and result.
    """

    body_limit: int = 8 * 2**20
    items_limit: int = 10_000
    output_limit: int | None = None
    threads: int = 16
    workers: int = 2
    purge_after: float = PURGE_AFTER
