"""Fitting (where Torch is installed): what is learnt, and that NumPy computes what Torch does."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from llm_guard_protecto.detect.network import TAGS, Network, load
from llm_guard_protecto.training.grammar import unmark
from llm_guard_protecto.training.lexicon import build
from llm_guard_protecto.training.samples import sample
from tests.training.material import SMALL

torch = pytest.importorskip("torch")

TEXTS = [
    "Ask ⟦PERSON:Ada⟧ now",
    "⟦PERSON:Tom Quill⟧ lives in ⟦LOCATION:Lyon⟧",
    "The kettle is on",
    "⟦ORG:Acme⟧ called, then ⟦PERSON:Grace⟧ did",
]


def test_a_fitted_network_says_in_numpy_what_it_says_in_torch(tmp_path: Path) -> None:
    from llm_guard_protecto.training.batches import Encoder
    from llm_guard_protecto.training.fit import Course, fit
    from llm_guard_protecto.training.network import Form, save

    torch.manual_seed(1)
    marked = [unmark(text) for text in TEXTS * 8]
    known = build(marked, [], SMALL)
    encoder = Encoder(known)
    encoded = encoder.encode([sample(one) for one in marked])
    course = Course(60, batch=40)
    fitted = fit(Form(16, (1, 2), dropout=0.0), course, lambda: encoded, encoder, Random(1))
    save(fitted.network, known, fitted.seen_parts, tmp_path / "w.npz")
    runtime = Network(load(tmp_path / "w.npz"))
    for text, one in zip(encoded[:4], marked, strict=False):
        with torch.no_grad():
            theirs = fitted.network(*encoder.batch([text], Random(1)).plain)[0].numpy()
        made = sample(one)
        gap = runtime.reach
        ours = runtime.scores(
            [""] * gap + made.forms,
            np.array([0] * gap + made.layouts, np.int32),
            np.arange(gap),
        )[gap:]
        assert np.abs(ours - theirs).max() < 0.05
        assert [TAGS[tag] for tag in ours.argmax(axis=1)] == [TAGS[tag] for tag in made.tags]
