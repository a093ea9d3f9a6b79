"""The lexicon that ships: which words have a vector of their own, and what lists say of a word."""

from llm_guard_protecto.detect.features import FLAGS, Lexicon, key
from llm_guard_protecto.training.grammar import Marked
from llm_guard_protecto.training.lexicon import build
from tests.training.material import SMALL


def flags(lexicon: Lexicon, word: str) -> set[str]:
    at = lexicon.listed.tolist()
    if key(word) not in at:
        return set()
    bits = int(lexicon.flags[at.index(key(word))])
    return {flag for i, flag in enumerate(FLAGS) if bits >> i & 1}


def test_words_seen_three_times_have_a_vector() -> None:
    texts = [Marked("kettle kettle Kettle lamp lamp", ())]
    found = build(texts, [], SMALL)
    assert found.vocabulary.tolist() == [key("kettle")]


def test_what_lists_and_running_text_say() -> None:
    running = ["the lamp and the Quill", "a lamp for Quill", "one Lamp by Quill, one by Grace"]
    found = build([], running, SMALL)
    assert flags(found, "grace") == {"first"}
    assert flags(found, "quill") == {"last", "proper"}
    assert flags(found, "lamp") == {"common"}
    assert flags(found, "boston") == {"city"}
    assert flags(found, "unheard") == set()


def test_an_ordinary_word_is_common_and_never_proper() -> None:
    running = ["on Dienstag", "by Dienstag", "at Dienstag"]
    assert flags(build([], running, SMALL), "dienstag") == {"proper"}
    assert flags(build([], running, SMALL, {"dienstag"}), "dienstag") == {"common"}


def test_the_lists_are_sorted_for_the_search() -> None:
    found = build([Marked("b b b a a a", ())], ["x x"], SMALL)
    for table in (found.vocabulary, found.listed):
        assert table.tolist() == sorted(table.tolist())
    assert len(found.listed) == len(found.flags)
