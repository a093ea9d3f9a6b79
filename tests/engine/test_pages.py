"""Remembered pages save work and change no answer."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import Policy
from llm_guard_protecto.engine.book import Book
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import unlock
from llm_guard_protecto.engine.masker import Masker
from llm_guard_protecto.engine.pages import REMEMBERED, Pages
from llm_guard_protecto.engine.policies import Policies
from llm_guard_protecto.engine.search import Search
from llm_guard_protecto.engine.store.memory import MemoryStore
from llm_guard_protecto.models import Item, Span
from tests.texts import VALUES, texts

QUIET = Policy.parse({"name": "quiet", "toxicity": False})


class Counting:
    """A detector that finds a value only after a colon, and counts the texts it was shown."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, texts_: Sequence[str]) -> list[list[Span]]:
        self.seen += texts_
        found: list[list[Span]] = []
        for text in texts_:
            here = [text.find(f":{value}") for value in VALUES]
            found.append(
                [
                    Span(at + 1, at + 1 + len(value), "PERSON", 0.9, "test")
                    for at, value in zip(here, VALUES, strict=True)
                    if at >= 0
                ]
            )
        return found


def maskers(count: int, detector: Counting) -> list[Masker]:
    """Maskers with one book of tokens between them and pages of their own."""
    store = MemoryStore()
    keyring = Keyring.open(store, "default", unlock(store), 0)
    book = Book(store, keyring, lambda: 0)
    policies = Policies(store, keyring.namespace, "default")
    return [Masker(book, Search(detector, 60.0), policies.wrappers) for _ in range(count)]


PIECES = st.one_of(texts(), st.sampled_from(VALUES), st.sampled_from([f":{v}" for v in VALUES]))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    said=st.lists(PIECES, min_size=2, max_size=6),
    requests=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=2, max_size=5),
)
def test_what_is_remembered_changes_no_answer(said: list[str], requests: list[list[int]]) -> None:
    """Requests that share texts in any order, asked of a long-lived vault and of a new one."""
    warm, *cold = maskers(1 + len(requests), Counting())
    for fresh, request in zip(cold, requests, strict=True):
        items = [Item(said[number % len(said)]) for number in request]
        assert warm.mask(items, QUIET) == fresh.mask(items, QUIET)


def test_a_chat_searches_only_what_is_new() -> None:
    detector = Counting()
    (masker,) = maskers(1, detector)
    history = [f"turn {turn}: I am :{VALUES[turn % len(VALUES)]}" for turn in range(50)]
    answers = [masker.mask([Item(t) for t in history[: n + 1]], QUIET) for n in range(50)]
    assert detector.seen == history
    assert all(one is two for one, two in zip(answers[48], answers[49], strict=False))


def test_a_value_found_late_is_masked_in_the_history_too() -> None:
    (masker,) = maskers(1, Counting())
    early = Item("I met Sarah Johnson in May")
    assert masker.mask([early], QUIET)[0].token_value == early.value
    masked = masker.mask([early, Item("name :Sarah Johnson")], QUIET)
    assert "Sarah" not in masked[0].token_value
    assert masker.mask([early], QUIET)[0].token_value == early.value


def test_a_value_that_is_only_part_of_a_word_there_leaves_the_history_alone() -> None:
    (masker,) = maskers(1, Counting())
    history = Item("the Johnsonian way")
    before = masker.mask([history], QUIET)
    after = masker.mask([history, Item("name :Johnson")], QUIET)
    assert after[0] is before[0]


def test_memory_is_bounded() -> None:
    pages = Pages()
    for number in range(5):
        pages.of([f"{number}" + "x" * (REMEMBERED // 3)], "policy", ())
    assert len(pages) == 2
    for number in range(20_000):
        pages.of([str(number)], "policy", ())
    assert len(pages) < 10_000  # short texts cost memory too


def test_anonymised_text_is_not_remembered() -> None:
    (masker,) = maskers(1, Counting())
    rules = Policy.built_in("anonymize")
    one, two = (masker.mask([Item("I am :Sarah Johnson")], rules)[0] for _ in "12")
    assert one.token_value != two.token_value
