"""A run for every unit of some plans: durable in the store, or anonymous and never stored."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.plan import Plan, Runs
from llm_guard_protecto.engine.seal import TokenKey
from llm_guard_protecto.engine.tokenise import UnitKey

__all__ = ["allot", "allot_each"]


def allot(book: Book, plans: Iterable[Plan], standing: Collection[str]) -> Runs:
    """The runs of plans that belong together; none is among `standing` (in lower case)."""
    kept: dict[UnitKey, None] = {}
    thrown: dict[UnitKey, None] = {}
    for piece in (piece for plan in plans for piece in plan.pieces):
        (kept if piece.reversible else thrown).update(dict.fromkeys(piece.keys))
    runs = {(key, True): run for key, run in book.runs(kept, standing).items()}
    return runs | {(key, False): run for key, run in _anonymous(book, thrown, standing).items()}


def allot_each(book: Book, plans: Sequence[tuple[Plan, Collection[str]]]) -> list[Runs]:
    """The runs of each plan by itself, none of them among the runs that stand in its own text.

    What is new is written at once for all. Anonymous runs are another plan's for no unit.
    """
    kept = _keys(plan for plan, _ in plans)
    usual = book.runs(kept)
    thrown: dict[UnitKey, None] = {}
    own: list[dict[UnitKey, UnitKey]] = []
    for number, (plan, _) in enumerate(plans):
        pieces = (piece for piece in plan.pieces if not piece.reversible)
        alone = {key: replace(key, kind=f"{number}:{key.kind}") for p in pieces for key in p.keys}
        own.append(alone)
        thrown.update(dict.fromkeys(alone.values()))
    every = {run for _, standing in plans for run in standing} if thrown else ()
    anonymous = _anonymous(book, thrown, every)
    runs: list[Runs] = []
    for (plan, standing), alone in zip(plans, own, strict=True):
        wanted = _keys([plan])
        if standing and any(usual[key].lower() in standing for key in wanted):
            mine = book.runs(wanted, standing)
        else:
            mine = usual
        one = {(key, True): mine[key] for key in wanted}
        runs.append(one | {(key, False): anonymous[alone[key]] for key in alone})
    return runs


def _keys(plans: Iterable[Plan]) -> dict[UnitKey, None]:
    """The units that can be turned back, each once."""
    found: dict[UnitKey, None] = {}
    for piece in (piece for plan in plans for piece in plan.pieces if piece.reversible):
        found.update(dict.fromkeys(piece.keys))
    return found


def _anonymous(
    book: Book, units: Collection[UnitKey], standing: Collection[str]
) -> dict[UnitKey, str]:
    """Runs from a secret that nobody keeps."""
    if not units:
        return {}
    return book.anonymous_runs(units, TokenKey(secrets.token_bytes(32)), standing)
