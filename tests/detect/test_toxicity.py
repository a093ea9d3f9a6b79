"""The six toxicity scores: what always holds, what must stay calm and what must not."""

from __future__ import annotations

import json
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.detect import toxicity as module
from llm_guard_protecto.detect.toxicity import LABELS, OVERLAP, WINDOW, Scorer, toxicity, windows

NEUTRAL = Path(__file__).parent.parent.joinpath("data", "toxicity_neutral.txt")
WEIGHTS = Path(module.__file__).parent.joinpath("weights", "toxicity.npz")
LABELLED = (
    Path(__file__)
    .parents[2]
    .joinpath("..", "shared", "data", "toxicity", "jigsaw_six_labels.jsonl")
)
JIGSAW = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")

ABUSE = [
    ("You are a complete idiot and everyone hates you.", {"toxicity", "insult"}),
    ("shut the fuck up you stupid bitch", {"toxicity", "obscene", "insult"}),
    ("I am going to find you and kill you tonight", {"toxicity", "threat"}),
    ("All Muslims are filth and should be shot", {"toxicity", "identity_attack"}),
    ("You disgusting piece of s***.", {"toxicity", "obscene", "insult"}),
    ("what a f*cking @sshole", {"toxicity", "obscene"}),
    ("Fuuuuuck you", {"toxicity", "obscene"}),
]

any_text = st.text(st.characters(codec=None), max_size=400)
wordy = st.lists(
    st.sampled_from(
        ["you", "are", "a", "kill", "Stupid", "the", "process", "gay", "f*ck", "\ud800"]
    ),
    max_size=350,
).map(" ".join)


def fresh() -> Scorer:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return Scorer({name: stored[name] for name in stored.files})


def neutral_sentences() -> list[str]:
    return NEUTRAL.read_text(encoding="utf-8").splitlines()


@given(text=st.one_of(any_text, wordy))
def test_gives_six_chances_in_order_for_any_string(text: str) -> None:
    (scores,) = toxicity([text])
    assert tuple(scores) == LABELS
    assert all(type(score) is float and 0 <= score <= 1 for score in scores.values())


@settings(deadline=None, max_examples=50)
@given(texts=st.lists(st.one_of(any_text, wordy), max_size=6))
def test_neither_the_batch_nor_the_past_changes_a_score(texts: list[str]) -> None:
    together = toxicity(texts)
    assert together == [toxicity([text])[0] for text in texts]
    assert together == fresh().score(texts)
    assert together[::-1] == fresh().score(texts[::-1])


def test_scores_survive_a_full_table_of_known_words() -> None:
    scorer = fresh()
    text = "You are a stupid idiot and the process died"
    before = scorer.score([text])
    many = " ".join(f"word{n}" for n in range(30_000))
    assert scorer.score([many]) == fresh().score([many])
    assert scorer.score([text]) == before


def test_threads_agree() -> None:
    scorer = fresh()
    texts = [
        " ".join(f"w{n * 7919 % 9001}" for n in range(k, k + 600)) for k in range(0, 9000, 600)
    ]
    wanted = fresh().score(texts)
    seen: list[bool] = []
    threads = [
        threading.Thread(target=lambda: seen.append(scorer.score(texts) == wanted))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4


@pytest.mark.parametrize(("text", "labels"), ABUSE, ids=[f"{n}" for n in range(len(ABUSE))])
def test_abuse_scores_above_a_half(text: str, labels: set[str]) -> None:
    (scores,) = toxicity([text])
    assert {label for label in labels if scores[label] <= 0.5} == set()


@pytest.mark.parametrize("text", neutral_sentences())
def test_harmless_sentences_stay_below_a_half(text: str) -> None:
    assert max(toxicity([text])[0].values()) < 0.5


def test_there_are_enough_harmless_sentences() -> None:
    assert len(set(neutral_sentences())) >= 60


@pytest.mark.parametrize("text", ["", " \n\t", "\ud800", "…", "12", "🙂" * 50])
def test_a_text_without_words_is_harmless(text: str) -> None:
    assert max(toxicity([text])[0].values()) < 0.01


def test_harmless_prose_comes_out_near_protectos_floor() -> None:
    prompts = [
        "Please summarise the attached report in three bullet points.",
        "Write a letter to our customer about the delayed delivery.",
        "What is the capital of Kenya?",
        "Thank you for your help yesterday.",
    ]
    scores = np.array([list(found.values()) for found in toxicity(prompts)])
    assert scores.max() < 0.05
    assert np.all(np.median(scores, axis=0) < 0.001)


def test_a_long_harmless_document_does_not_hide_abuse() -> None:
    calm = "The committee met on Tuesday and agreed on the budget for the new library. " * 200
    hidden = calm + "You are a stupid worthless idiot. " + calm
    assert toxicity([calm])[0]["toxicity"] < 0.05
    assert toxicity([hidden])[0]["toxicity"] > 0.5


@given(count=st.integers(0, 5000))
def test_windows_cover_every_word_and_overlap(count: int) -> None:
    found = windows(count)
    assert found[0][0] == 0
    assert found[-1][1] == count
    assert all(end - start == min(count, WINDOW) for start, end in found)
    assert all(b[0] <= a[1] - OVERLAP for a, b in pairwise(found))


def test_one_endless_word_and_a_huge_text_are_read() -> None:
    for text in ("a" * 5_000_000, "*" * 1_000_000, "\x00\ud800" * 500_000, "no " * 500_000):
        (scores,) = toxicity([text])
        assert tuple(scores) == LABELS
        assert all(0 <= score <= 1 for score in scores.values())


def test_weights_are_small_and_hold_no_pickles() -> None:
    assert WEIGHTS.stat().st_size <= 3_000_000
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        assert stored["table"].dtype == np.float16
        assert all(stored[name].dtype != object for name in stored.files)


def test_weights_lie_on_the_grid_on_which_sums_are_exact() -> None:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        table, near = stored["table"].astype(np.float64), stored["near"].astype(np.float64)
        names = ("near", "near_bias", "hidden", "hidden_bias", "out", "out_bias")
        layers = [stored[name].astype(np.float64) for name in names]
    assert np.array_equal(table * 2**8, np.rint(table * 2**8))
    assert all(np.array_equal(layer * 2**10, np.rint(layer * 2**10)) for layer in layers)
    # A float32 holds multiples of 2**-18 exactly below 64: what a place hears must stay there.
    heard = np.abs(near).reshape(near.shape[0], 3, -1).sum((0, 1)).max()
    assert 2 * np.abs(table).max() * heard + np.abs(layers[1]).max() < 64


def area_under_curve(scores: list[float], gold: list[int]) -> float:
    """The chance that a positive is above a negative, ties counting half."""
    values, ranks = np.unique(scores, return_inverse=True)
    counts = np.bincount(ranks, minlength=len(values))
    middle = np.cumsum(counts) - (counts - 1) / 2
    positive = np.array(gold, bool)
    wins = middle[ranks][positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(wins / (positive.sum() * (~positive).sum()))


@pytest.mark.skipif(not LABELLED.exists(), reason="the labelled comments are not in this checkout")
def test_ranks_labelled_comments_it_never_learned_from() -> None:
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    scores = toxicity([row["text"] for row in rows])
    areas = [
        area_under_curve([s[ours] for s in scores], [row[theirs] for row in rows])
        for ours, theirs in zip(LABELS, JIGSAW, strict=True)
    ]
    assert sum(areas) / len(areas) >= 0.965
    assert min(areas) >= 0.93
