"""Training on one's own texts finds one's own names, and forgets nothing else."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llm_guard_protecto import ConfigurationError, LocalVault
from llm_guard_protecto.detect.tagger import WEIGHTS, Tagger
from llm_guard_protecto.training.grammar import Marked, unmark
from llm_guard_protecto.training.samples import sample
from llm_guard_protecto.tuning.course import Outcome, tune
from llm_guard_protecto.tuning.fit import Settings, fit
from llm_guard_protecto.tuning.rehearsal import check_set, rehearsal
from llm_guard_protecto.tuning.report import changed, measure
from llm_guard_protecto.tuning.weights_file import read, write
from tests.tuning.crew import crew

QUICK = Settings(rehearsed=2_000)
HARD = Settings(epochs=6, batch=60, rehearsed=1_000)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome, list[int]]:
    """Weights that have learnt the crew, what it brought, and the epochs that were told."""
    target = tmp_path_factory.mktemp("trained") / "new" / "tagger.npz"
    told: list[int] = []
    outcome = tune(
        crew(50, seed=1),
        target,
        plain=[one.text for one in crew(30, seed=2)],
        settings=QUICK,
        each=lambda epoch, _: told.append(epoch),
    )
    return target, outcome, told


def test_held_out_names_are_found_and_nothing_is_forgotten(
    trained: tuple[Path, Outcome, list[int]],
) -> None:
    _, outcome, told = trained
    assert outcome.own is not None
    before, after = outcome.own
    assert (outcome.taught, before.texts, after.texts) == (40, 10, 10)
    assert before.found is not None
    assert after.found is not None
    assert before.found < after.found
    assert after.found > 0.9
    assert (after.leak or 0) < 0.1
    assert (after.f1["PERSON"] or 0) > 0.9
    known, still = outcome.general
    assert (still.found or 0) >= (known.found or 0) - 0.03
    assert (still.right or 0) >= (known.right or 0) - 0.03
    assert outcome.general_changed <= 6
    assert told == list(range(1, QUICK.epochs + 1))


def test_a_vault_uses_the_new_weights(trained: tuple[Path, Outcome, list[int]]) -> None:
    target, *_ = trained
    text = "ask thuro-c41 to bring the keys"
    environ = {"LLM_GUARD_TAGGER": str(target)}
    for vault in (
        LocalVault("memory:", environ={}, tagger=target),
        LocalVault("memory:", environ=environ),
    ):
        with vault:
            [span] = vault.find([text])[0]
        assert (span.entity, text[span.start : span.end]) == ("PERSON", "thuro-c41")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [file.name for file in target.parent.iterdir()] == ["tagger.npz"]


def test_the_same_seed_gives_the_same_weights() -> None:
    arrays = read(WEIGHTS)
    texts = [sample(one) for one in crew(6, seed=3)]
    ordinary = [sample(Marked(text, ())) for text in rehearsal(1, 8)]
    one, same, other = (
        fit(arrays, texts, ordinary, settings=Settings(epochs=1, seed=seed)) for seed in (5, 5, 6)
    )
    assert set(one) == set(arrays)
    for name, array in one.items():
        assert array.dtype == arrays[name].dtype
        np.testing.assert_array_equal(array, same[name])
    assert any((one[name] != other[name]).any() for name in one)


def test_rows_that_no_text_touches_stay(trained: tuple[Path, Outcome, list[int]]) -> None:
    old, new = read(WEIGHTS), read(trained[0])
    for name in ("words", "parts"):
        moved = (old[name] != new[name]).any(axis=1)
        assert 0 < moved.sum() < len(moved) / 4
    assert not new["words"][0].any()
    for name in ("vocabulary", "listed", "flags"):
        np.testing.assert_array_equal(old[name], new[name])


def test_without_a_rehearsal_more_is_forgotten(tmp_path: Path) -> None:
    """Guards the rehearsal: it is there for a reason, and the check set shows it."""
    texts = [
        unmark(f"we bought it at ⟦ORG:{one} {two}⟧ on the way home")
        for one in ("copper", "paper", "window", "morning", "river")
        for two in ("lamp", "bread", "salt", "corner")
    ]
    ordinary = [sample(Marked(text, ())) for text in rehearsal(1, 200)]
    taggers = []
    for number, more in enumerate(([], ordinary)):
        file = tmp_path / f"{number}.npz"
        learnt = fit(
            read(WEIGHTS), [sample(one) for one in texts], more, settings=replace(HARD, epochs=30)
        )
        write(file, learnt)
        taggers.append(Tagger(file))
    forgotten = [changed(Tagger(), one, check_set()) for one in taggers]
    assert forgotten[1] < forgotten[0]


def test_figures_count_what_they_say() -> None:
    texts = [
        unmark("Dear ⟦PERSON:Martha Colling⟧, welcome to ⟦LOCATION:Lisbon⟧."),
        unmark("Dear ⟦?:Martha Colling⟧".replace("?", "PERSON")),
    ]
    texts[1] = Marked(texts[1].text, ((5, 19, "?"),))
    figures = measure(Tagger(), texts)
    assert (figures.found, figures.right, figures.leak) == (1.0, 1.0, 0.0)
    assert figures.f1 == {"PERSON": 1.0, "ORG": None, "LOCATION": 1.0, "ADDRESS": None}
    missed = measure(Tagger(), [Marked("nothing to see here", ((0, 7, "ORG"),))])
    assert (missed.found, missed.right, missed.leak, missed.f1["ORG"]) == (0.0, None, 1.0, 0.0)


def test_the_check_set_is_sixty_texts_that_the_rehearsal_does_not_hold() -> None:
    texts = {one.text for one in check_set()}
    assert len(texts) == 60
    assert not texts & set(rehearsal(1, 3_000))
    assert len(rehearsal(1, 3_000)) == 3_000
    assert not [text for text in rehearsal(1, 3_000) if re.search(r"\{[a-z]+\d\}|⟦", text)]
    assert rehearsal(2, 50) == rehearsal(2, 50) != rehearsal(3, 50)


@pytest.mark.parametrize(
    ("texts", "share", "message"),
    [
        ([], 0.2, "no texts"),
        (crew(1, 1), 0.2, "one text cannot be divided"),
        ([*crew(1, 1), *crew(1, 1)], 0.2, "one text cannot be divided"),
        (crew(4, 1), 1.0, "below 1"),
        (crew(4, 1), -0.1, "at least 0"),
        ([Marked("nothing", ()), Marked("marked", ((0, 6, "?"),))], 0, "nothing to learn"),
    ],
)
def test_texts_that_cannot_be_learnt_from(
    tmp_path: Path, texts: list[Marked], share: float, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        tune(texts, tmp_path / "new.npz", hold_out=share, settings=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_are_none_are_not_written(tmp_path: Path) -> None:
    target = tmp_path / "new.npz"
    target.write_bytes(b"what was there")
    arrays = read(WEIGHTS)
    arrays["bias"] = np.full_like(arrays["bias"], np.nan)
    with pytest.raises(ConfigurationError, match="diverged"):
        write(target, arrays)
    assert target.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [target]
