"""One request to the vault: read, search, decide, tokenise, render. Keeps nothing but pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from llm_guard_protecto.detect.known import Known, values_of
from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.custom import edition
from llm_guard_protecto.engine.explain import Explained, explain
from llm_guard_protecto.engine.pages import Outcome, Page, Pages, Reading
from llm_guard_protecto.engine.plan import (
    Plan,
    Runs,
    masked,
    plan_searched,
    plan_whole,
    with_default_wrappers,
)
from llm_guard_protecto.engine.render import View, Wrappers, recognise
from llm_guard_protecto.engine.scores import Scores
from llm_guard_protecto.engine.seal import TokenKey
from llm_guard_protecto.engine.search import Search
from llm_guard_protecto.engine.tokenise import RUN, UnitKey
from llm_guard_protecto.engine.whole import whole_rule
from llm_guard_protecto.errors import PolicyViolation
from llm_guard_protecto.models import Item, Masked, Span
from llm_guard_protecto.policy import Policy

__all__ = ["Masker"]

SHORT = 20_000
"""Characters up to which looking for each value by itself is faster than one pass over all."""


class Masker:
    """Masks, finds and unmasks with one book of tokens. Thread-safe."""

    def __init__(self, book: Book, search: Search, wrappers: Callable[[Policy], Wrappers]) -> None:
        """`wrappers` gives every wrapper a token may stand in, for the policy in force."""
        self._book = book
        self._search = search
        self._wrappers = wrappers
        self._pages = Pages()

    def mask(self, items: Sequence[Item], rules: Policy) -> list[Masked]:
        """Mask items that belong together: a value found in one is masked in all of them."""
        whole = {at: rule for at, item in enumerate(items) if (rule := whole_rule(item))}
        pages = self._pages_of([item.value for item in items], rules)
        texts = {at: page for at, page in enumerate(pages) if at not in whole}
        readings = dict(zip(texts, self._read(list(texts.values()), rules), strict=True))
        standing = {run for page in pages for run in page.standing}

        values: dict[str, str] = {}
        for reading in readings.values():
            for value, entity in reading.values.items():
                values.setdefault(value, entity)
        order = tuple(values)

        done: dict[int, Masked] = {}
        for at, page in texts.items():
            before = page.masked_before(readings[at], values, order, standing)
            if before is not None:
                done[at] = before
        new = {at: readings[at] for at in texts if at not in done}
        known = _Standing(values)
        plans = {at: _planned(reading, known, rules) for at, reading in new.items()}
        plans |= {at: plan_whole(items[at], rule) for at, rule in whole.items()}
        runs = self._runs(list(plans.values()), standing)
        for at, plan in plans.items():
            one = masked(items[at], plan, runs)
            if at in new:
                one = self._finished(one, new[at].view, plan, rules)
                if plan.reversible:
                    pages[at].outcome = _outcome(new[at], one, plan, runs, order)
            done[at] = one
        return [_with_attributes(done[at], item) for at, item in enumerate(items)]

    def find(self, texts: Sequence[str], rules: Policy) -> list[list[Span]]:
        """What is found in each text, masked or left alone, in the text's own offsets."""
        found: list[list[Span]] = []
        for reading in self._read(self._pages_of(texts, rules), rules):
            view = reading.view
            decided = reading.decided.with_known(view.text, Known(reading.values).find(view.text))
            spans = view.to_original([*decided.masked, *decided.excluded])
            found.append(sorted(spans, key=lambda span: span.start))
        return found

    def explain(self, texts: Sequence[str], rules: Policy) -> list[list[Explained]]:
        """Everything that was found in each text, what becomes of it and why."""
        readings = self._read(self._pages_of(texts, rules), rules)
        found = self._search.found([reading.view.text for reading in readings], rules)
        explained: list[list[Explained]] = []
        for reading, spans in zip(readings, found, strict=True):
            view = reading.view
            known = Known(reading.values).find(view.text)
            decided = reading.decided.with_known(view.text, known)
            explained.append(
                [
                    replace(one, span=span)
                    for one in explain(view.text, spans, decided, rules)
                    for span in view.to_original([one.span])
                ]
            )
        return explained

    def unmask(self, texts: Sequence[str], rules: Policy) -> list[str]:
        """Each text with every token of ours turned back."""
        wrappers = self._wrappers(rules)
        return [view.text for view in self._views([Page.of(text, wrappers) for text in texts])]

    def resolve(self, token: str) -> str | None:
        """The value of a text that is nothing but live tokens; None for any other text."""
        runs = RUN.findall(token)
        if not runs or any(run.isalpha() for run in runs):
            return None  # a word; every token has a digit
        live = self._book.live(runs)
        units = [live.get(run) for run in runs]
        if None in units:
            return None
        between = RUN.split(token)
        ends = [f"{unit}{after}" for unit, after in zip(units, between[1:], strict=True)]
        return between[0] + "".join(ends)

    def _pages_of(self, texts: Sequence[str], rules: Policy) -> list[Page]:
        return self._pages.of(texts, edition(rules), self._wrappers(rules))

    def _views(self, pages: Sequence[Page]) -> list[View]:
        """Each text with our own tokens in it read as their values."""
        candidates = {run for page in pages for run in page.candidates}
        live = self._book.live(candidates) if candidates else {}
        return [
            View.of(page.text, recognise(page.text, page.pairs, page.runs, live) if live else ())
            for page in pages
        ]

    def _read(self, pages: Sequence[Page], rules: Policy) -> list[Reading]:
        """What each text says and what is to be masked in it; searched once, then remembered."""
        views = self._views(pages)
        old = [page.reading for page in pages]
        new = [
            at
            for at, (reading, view) in enumerate(zip(old, views, strict=True))
            if reading is None or reading.view != view
        ]
        decisions = self._search([views[at].text for at in new], rules)
        for at, decided in zip(new, decisions, strict=True):
            values = values_of(views[at].text, decided.masked)
            old[at] = pages[at].reading = Reading(views[at], decided, values)
        return [reading for reading in old if reading is not None]

    def _runs(self, plans: Sequence[Plan], standing: set[str]) -> Runs:
        """A run for every unit: durable in the store, or anonymous and never stored."""
        kept: dict[UnitKey, None] = {}
        thrown: dict[UnitKey, None] = {}
        for piece in (piece for plan in plans for piece in plan.pieces):
            (kept if piece.reversible else thrown).update(dict.fromkeys(piece.keys))
        runs = {(key, True): run for key, run in self._book.runs(kept, standing).items()}
        if thrown:
            secret = TokenKey(secrets.token_bytes(32))
            anonymous = self._book.anonymous_runs(thrown, secret, standing)
            runs |= {(key, False): run for key, run in anonymous.items()}
        return runs

    def _finished(self, one: Masked, view: View, plan: Plan, rules: Policy) -> Masked:
        """The masked text with its scores, sure to be readable.

        A policy's own wrappers are any text, so the text around a token may complete one by
        accident. Then the default ones stand in; `PolicyViolation` when even they do not help.
        """
        own = rules.wrappers != Policy.built_in().wrappers
        if own and plan.reversible and not self._reads_back(one, view, rules):
            one = with_default_wrappers(one)
            if not self._reads_back(one, view, rules):
                raise PolicyViolation(
                    f"the wrappers of policy {rules.name!r} cannot be told from this text"
                )
        return replace(one, toxicity_analysis=Scores(view.text)) if rules.toxicity else one

    def _reads_back(self, one: Masked, view: View, rules: Policy) -> bool:
        return self.unmask([one.token_value], rules) == [view.text]


class _Standing:
    """The values of a request, looked for in one text after another."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._all: Known | None = None

    def find(self, text: str) -> list[Span]:
        """Every place of every value. A short text holds few of them, so those are sorted out."""
        if len(text) <= SHORT:
            return Known({v: e for v, e in self._values.items() if v in text}).find(text)
        if self._all is None:
            self._all = Known(self._values)
        return self._all.find(text)


def _planned(reading: Reading, known: _Standing, rules: Policy) -> Plan:
    view = reading.view
    decided = reading.decided.with_known(view.text, known.find(view.text))
    found, excluded = map(view.to_original, (decided.masked, decided.excluded))
    return plan_searched(view.original, found, excluded, rules)


def _outcome(
    reading: Reading, one: Masked, plan: Plan, runs: Runs, order: tuple[str, ...]
) -> Outcome:
    used = frozenset(runs[key, True].lower() for piece in plan.pieces for key in piece.keys)
    text = reading.view.text
    foreign = frozenset(v for v in order if v not in reading.values and v in text)
    return Outcome(reading, one, used, foreign, order)


def _with_attributes(one: Masked, item: Item) -> Masked:
    return one if item.attributes is one.attributes else replace(one, attributes=item.attributes)
