"""What is to become of one text that was read: its plan, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from llm_guard_protecto.detect.known import Known
from llm_guard_protecto.engine.pages import Outcome, Reading
from llm_guard_protecto.engine.plan import Plan, Runs, plan_searched
from llm_guard_protecto.models import Item, Masked, Span
from llm_guard_protecto.policy import Policy

__all__ = ["Standing", "outcome_of", "planned", "used_by", "with_attributes"]

SHORT = 20_000
"""Characters up to which looking for each value by itself is faster than one pass over all."""


class Standing:
    """The values of a request, looked for in one text after another."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """`values` gives the entity of each."""
        self._values = values
        self._all: Known | None = None

    def find(self, text: str) -> list[Span]:
        """Every place of every value. A short text holds few of them, so those are sorted out."""
        if len(text) <= SHORT:
            return Known({v: e for v, e in self._values.items() if v in text}).find(text)
        if self._all is None:
            self._all = Known(self._values)
        return self._all.find(text)


def planned(reading: Reading, known: Standing, rules: Policy) -> Plan:
    """The plan for a text that was searched, in a request with these known values."""
    view = reading.view
    decided = reading.decided.with_known(view.text, known.find(view.text))
    found, excluded = map(view.to_original, (decided.masked, decided.excluded))
    return plan_searched(view.original, found, excluded, rules)


def outcome_of(
    reading: Reading, one: Masked, plan: Plan, runs: Runs, order: tuple[str, ...]
) -> Outcome:
    """What is remembered of a text that was masked in a request with the values `order`."""
    text = reading.view.text
    foreign = frozenset(v for v in order if v not in reading.values and v in text)
    return Outcome(reading, one, used_by(plan, runs), foreign, order)


def used_by(plan: Plan, runs: Runs) -> frozenset[str]:
    """The runs of a plan that can be turned back, in lower case."""
    return frozenset(runs[key, True].lower() for piece in plan.pieces for key in piece.keys)


def with_attributes(one: Masked, item: Item) -> Masked:
    """The masked item, with what the caller had attached to this one."""
    return one if item.attributes is one.attributes else replace(one, attributes=item.attributes)
