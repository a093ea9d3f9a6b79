"""One request to the vault: read, search, decide, tokenise, render. Keeps nothing but pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from llm_guard_protecto.detect.known import Known, values_of
from llm_guard_protecto.engine.allot import allot, allot_each
from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.drafts import Standing, outcome_of, planned, used_by, with_attributes
from llm_guard_protecto.engine.explain import Explained, explain
from llm_guard_protecto.engine.looks import PIECE, key_of
from llm_guard_protecto.engine.pages import Outcome, Page, Pages, Reading
from llm_guard_protecto.engine.plan import Plan, masked, plan_whole, with_default_wrappers
from llm_guard_protecto.engine.questions import as_asked, spelled
from llm_guard_protecto.engine.render import View, Wrappers, recognise
from llm_guard_protecto.engine.scores import Scores
from llm_guard_protecto.engine.search import Search
from llm_guard_protecto.engine.turns import NONE, Changed, Turn, Turns
from llm_guard_protecto.engine.whole import whole_rule
from llm_guard_protecto.errors import PolicyViolation
from llm_guard_protecto.models import Item, Masked, Span
from llm_guard_protecto.policy import Policy

__all__ = ["Masker"]

NOTHING: Mapping[str, str] = {}

_Key = tuple[str, str | None, str | None]
"""What tells apart two items that are masked alone: value, token name, format."""


class Masker:
    """Masks, finds and unmasks with one book of tokens. Thread-safe."""

    def __init__(self, book: Book, search: Search, wrappers: Callable[[Policy], Wrappers]) -> None:
        """`wrappers` gives every wrapper a token may stand in, for the policy in force."""
        self._book = book
        self._search = search
        self._wrappers = wrappers
        self._pages = Pages()
        self._turns = Turns()

    def mask(
        self, texts: Sequence[str | Item], rules: Policy, known: Mapping[str, str] = NOTHING
    ) -> list[Masked]:
        """Mask texts that belong together: a value found in one is masked in all of them.

        So is each value of `known`, which gives their entities.
        """
        kind = self._search.edition(rules), self._wrappers(rules)
        plain = not known and all(type(text) is str or _is_bare(text) for text in texts)
        turn = self._turns.before(texts, kind) if plain else NONE
        try:
            done, following = self._after(turn, texts, rules, kind, known)
        except Changed:
            done, following = self._after(NONE, texts, rules, kind, known)
        if plain and following is not None:
            self._turns.add(following, turn)
        return done

    def _after(
        self, turn: Turn, texts: Sequence[str | Item], rules: Policy,
        kind: tuple[str, Wrappers], known: Mapping[str, str],
    ) -> tuple[list[Masked], Turn | None]:  # fmt: skip
        """Mask these texts, of which the first are those of `turn`.

        Also gives the turn that they are, None when no other can begin like it. Raises `Changed`
        when the texts of `turn` are not masked as they were.
        """
        items = [
            text if isinstance(text, Item) else Item(text) for text in texts[len(turn.texts) :]
        ]
        whole = {at: rule for at, item in enumerate(items) if (rule := whole_rule(item))}
        pages = self._pages.of([item.value for item in items], *kind)
        searched = {at: page for at, page in enumerate(pages) if at not in whole}
        candidates = turn.candidates.union(*(page.candidates for page in searched.values()))
        live = self._book.live(candidates) if candidates else {}
        turn.check_read(live)
        readings = dict(
            zip(searched, self._read(list(searched.values()), rules, live), strict=True)
        )
        standing = frozenset(run for page in pages for run in page.standing)
        values = {**turn.values, **known}
        for reading in readings.values():
            for value, entity in reading.values.items():
                values.setdefault(value, entity)
        turn.check(islice(values, len(turn.values), None), standing)
        standing |= turn.standing
        order = turn.order if len(values) == len(turn.order) else tuple(values)

        outcomes: dict[int, Outcome] = {}
        for at, page in searched.items():
            before = page.masked_before(readings[at], values, order, standing)
            if before is not None:
                outcomes[at] = before
        new = {at: readings[at] for at in searched if at not in outcomes}
        everywhere = Standing(values)
        plans = {at: planned(reading, everywhere, rules) for at, reading in new.items()}
        plans |= {at: plan_whole(items[at], rule) for at, rule in whole.items()}
        runs = allot(self._book, plans.values(), standing)
        done = {at: outcome.masked for at, outcome in outcomes.items()}
        used = set(turn.used).union(*(outcome.used for outcome in outcomes.values()))
        for at, plan in plans.items():
            one = masked(items[at], plan, runs)
            if at in new:
                one = self._finished(one, new[at].view, plan, rules)
                if plan.reversible:
                    pages[at].outcome = outcome_of(new[at], one, plan, runs, order)
            done[at] = one
            if plan.reversible:
                used |= used_by(plan, runs)
        every = [
            *turn.masked,
            *(with_attributes(done[at], item) for at, item in enumerate(items)),
        ]
        if not all(plan.reversible for plan in plans.values()):
            return every, None
        read = [turn.joined, *(reading.view.text for reading in readings.values())]
        return every, Turn(
            kind=kind,
            texts=tuple(texts),
            masked=tuple(every),
            values=values,
            order=order,
            standing=standing,
            used=frozenset(used),
            candidates=candidates,
            live={run: live[run] for run in candidates if run in live},
            joined="\x00".join(read),
        )

    def mask_query(self, question: str, rules: Policy) -> Masked:
        """Mask a question in the spellings that the vault holds, see `questions`."""

        def find_in(text: str) -> Sequence[Span]:
            [reading] = self._readings([text], rules)
            return reading.decided.masked if reading.view.text == text else ()

        asked = spelled(question, rules, find_in, self._book.holds)
        [masked] = self.mask([asked.text], rules, asked.known)
        return as_asked(question, masked)

    def mask_each(self, texts: Sequence[str | Item], rules: Policy) -> list[Masked]:
        """Mask each text as if it had come alone; equal ones once, and one write for all."""
        items = [text if isinstance(text, Item) else Item(text) for text in texts]
        keys = [(item.value, item.token_name, item.format) for item in items]
        first = {key: Item(*key) for key in dict.fromkeys(keys)}
        whole = {key: rule for key, item in first.items() if (rule := whole_rule(item))}
        kind = self._search.edition(rules), self._wrappers(rules)
        pages = dict(zip(first, self._pages.of([key[0] for key in first], *kind), strict=True))
        searched = {key: page for key, page in pages.items() if key not in whole}
        read = self._read(list(searched.values()), rules, self._live(list(searched.values())))
        readings = dict(zip(searched, read, strict=True))

        done: dict[_Key, Masked] = {}
        for key, reading in readings.items():
            alone = pages[key].alone
            if alone is not None and alone[0] is reading:
                done[key] = alone[1]
        plans = {
            key: plan_whole(item, whole[key])
            if key in whole
            else planned(readings[key], Standing(readings[key].values), rules)
            for key, item in first.items()
            if key not in done
        }
        # What can be turned back is the same each time. What cannot is new each time.
        made = [key for key, plan in plans.items() if plan.reversible]
        made += [key for key in keys if key in plans and not plans[key].reversible]
        runs = allot_each(self._book, [(plans[key], pages[key].standing) for key in made])
        once: dict[_Key, list[Masked]] = {}
        for key, own in zip(made, runs, strict=True):
            one = masked(first[key], plans[key], own)
            if key in readings:
                one = self._finished(one, readings[key].view, plans[key], rules)
            if not plans[key].reversible:
                once.setdefault(key, []).append(one)
                continue
            done[key] = one
            if key in readings:
                pages[key].alone = readings[key], one
        every = (once[key].pop() if key in once else done[key] for key in keys)
        return [with_attributes(one, item) for one, item in zip(every, items, strict=True)]

    def read_ahead(self, texts: Sequence[str], rules: Policy) -> None:
        """Search texts that may be masked soon, if nobody else has to be asked for that."""
        if self._search.is_ours(rules):
            self._readings(texts, rules)

    def find(self, texts: Sequence[str], rules: Policy) -> list[list[Span]]:
        """What is found in each text, masked or left alone, in the text's own offsets."""
        found: list[list[Span]] = []
        for reading in self._readings(texts, rules):
            view = reading.view
            decided = reading.decided.with_known(view.text, Known(reading.values).find(view.text))
            spans = view.to_original([*decided.masked, *decided.excluded])
            found.append(sorted(spans, key=lambda span: span.start))
        return found

    def explain(self, texts: Sequence[str], rules: Policy) -> list[list[Explained]]:
        """Everything that was found in each text, what becomes of it and why."""
        readings = self._readings(texts, rules)
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
        return [view.text for view in self.views(texts, rules)]

    def views(self, texts: Sequence[str], rules: Policy) -> list[View]:
        """Each text as it reads with every token of ours turned back, and where they stood."""
        wrappers = self._wrappers(rules)
        pages = [Page.of(text, wrappers) for text in texts]
        return _views(pages, self._live(pages))

    def resolve(self, token: str) -> str | None:
        """The value of a text that is nothing but live tokens; None for any other text."""
        runs = [key_of(piece) for piece in PIECE.findall(token)]
        if not runs or any(run.isalpha() for run in runs):
            return None  # a word; every token has a digit, or looks like a name
        live = self._book.live(runs)
        units = [live.get(run) for run in runs]
        if None in units:
            return None
        between = PIECE.split(token)
        ends = [f"{unit}{after}" for unit, after in zip(units, between[1:], strict=True)]
        return between[0] + "".join(ends)

    def _readings(self, texts: Sequence[str], rules: Policy) -> list[Reading]:
        pages = self._pages.of(texts, self._search.edition(rules), self._wrappers(rules))
        return self._read(pages, rules, self._live(pages))

    def _live(self, pages: Sequence[Page]) -> Mapping[str, str | None]:
        """Which runs of these pages are tokens of ours, and what each stands for."""
        candidates = {run for page in pages for run in page.candidates}
        return self._book.live(candidates) if candidates else {}

    def _read(
        self, pages: Sequence[Page], rules: Policy, live: Mapping[str, str | None]
    ) -> list[Reading]:
        """What each text says and what is to be masked in it; searched once, then remembered."""
        views = _views(pages, live)
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


def _views(pages: Sequence[Page], live: Mapping[str, str | None]) -> list[View]:
    """Each text with our own tokens in it read as their values."""
    return [
        View.of(page.text, recognise(page.text, page.pairs, page.runs, live) if live else ())
        for page in pages
    ]


def _is_bare(text: str | Item) -> bool:
    """Whether a text comes with nothing that would have to be compared."""
    return isinstance(text, str) or text.attributes is None
