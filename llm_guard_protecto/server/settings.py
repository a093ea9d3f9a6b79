"""What an operator may set."""

from __future__ import annotations

from dataclasses import dataclass

from llm_guard_protecto.engine.jobs import LEASE, PURGE_AFTER

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The limits of a server.

    `body_limit` is in bytes of one request. `items_limit` is how many values one request may hold.
    `output_limit` is how many characters a masked value may have (None: any number; Protecto has
    600). `request_seconds` is how long a request may take to arrive, and again to be answered.
    `concurrent` is how many requests may be there at once. `rate_limit` is how many requests a
    minute one token may make (None: any number), `unmask_quota` how many tokens of the vault it may
    have turned back (None: any number). `threads` is how many requests are worked on at
    once, `workers` how many jobs. `purge_after` is how many seconds an ended job keeps its payload
    and result; `lease` after how many silent seconds a worker has lost its jobs. `ready_seconds` is for how long an answer of `/readyz` stands, `metrics` whether
    `/metrics` is there, `console` whether the page under `/console` is, with the routes it needs.
    """

    body_limit: int = 8 * 2**20
    items_limit: int = 10_000
    output_limit: int | None = None
    request_seconds: float = 30.0
    concurrent: int = 256
    rate_limit: int | None = None
    unmask_quota: int | None = None
    threads: int = 16
    workers: int = 2
    purge_after: float = PURGE_AFTER
    lease: int = LEASE
    ready_seconds: float = 2.0
    metrics: bool = True
    console: bool = False
