"""The network by itself: it reads its own shape, and how rows are laid out changes nothing."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.detect.features import FLAGS, PARTS, SHAPES, describe
from llm_guard_protecto.detect.network import CERTAINLY_OUTSIDE, TAGS, Network, Weights, load
from llm_guard_protecto.detect.words import LAYOUTS
from llm_guard_protecto.errors import ConfigurationError

WORDS = ("Ada", "moss", "Leeds", "12", ".", ",", "x", "\u00e9t\u00e9", "\u674e")
Arrays = dict[str, npt.NDArray[np.generic]]


def arrays(width: int, dilations: tuple[int, ...]) -> Arrays:
    """A weights file of random numbers."""
    random = np.random.default_rng(5)

    def some(*shape: int) -> npt.NDArray[np.float16]:
        return (random.standard_normal(shape) / 4).astype(np.float16)

    layers = {f"conv{i}": some(3 * width, width) for i in range(len(dilations))}
    biases = {f"conv{i}_bias": some(width) for i in range(len(dilations))}
    return {
        "vocabulary": np.array([], np.uint32),
        "listed": np.array([], np.uint32),
        "flags": np.array([], np.uint8),
        "words": some(1, 6),
        "parts": some(PARTS, 4),
        "shapes": some(SHAPES, 3),
        "mix": some(6 + 4 + 3 + len(FLAGS), width),
        "layouts": some(LAYOUTS, width),
        "out": some(width, len(TAGS)),
        "bias": some(len(TAGS)),
        "dilations": np.array(dilations, np.uint8),
        **layers,
        **biases,
    }


def weights(folder: Path, given: Arrays) -> Weights:
    path = folder / "weights.npz"
    np.savez(path, allow_pickle=False, **given)
    return load(path)


def plain(loaded: Weights, forms: list[str]) -> npt.NDArray[np.floating]:
    """The scores of one text, word by word as the definition says."""
    found = describe(forms, loaded.lexicon)
    ends = np.cumsum(found.counts)
    x = []
    for i, end in enumerate(ends.tolist()):
        mean = loaded.parts[found.parts[end - found.counts[i] : end]].astype(float).mean(axis=0)
        own = [loaded.words[found.rows[i]], mean, loaded.shapes[found.shapes[i]], found.flags[i]]
        x.append(np.maximum(np.concatenate(own) @ loaded.mix + loaded.layouts[0], 0))
    for (kernels, bias), step in zip(loaded.convolutions, loaded.dilations, strict=True):
        nothing = np.zeros(len(bias))
        seen = [nothing] * step + x + [nothing] * step
        x = [
            here
            + np.maximum(
                seen[i] @ kernels[0] + here @ kernels[1] + seen[i + 2 * step] @ kernels[2] + bias, 0
            )
            for i, here in enumerate(x)
        ]
    return np.array(x) @ loaded.out + loaded.bias


def scores(loaded: Weights, texts: list[list[str]]) -> list[npt.NDArray[np.float32]]:
    """The scores of each text, all run through the network at once."""
    network = Network(loaded)
    forms: list[str] = []
    places = []
    for text in texts:
        forms += [""] * network.reach
        places.append(slice(len(forms), len(forms) + len(text)))
        forms += text
    there = np.zeros(len(forms), np.bool_)
    for place in places:
        there[place] = True
    found = network.scores(forms, np.zeros(len(forms), np.int32), np.flatnonzero(~there))
    assert (found[~there] == CERTAINLY_OUTSIDE).all()
    return [found[place] for place in places]


SHAPES_OF_NETWORKS = [(16, (1,)), (48, (1, 2)), (20, (3, 1, 2)), (112, (1, 4))]


@pytest.mark.parametrize(("width", "dilations"), SHAPES_OF_NETWORKS)
def test_a_network_of_any_shape_computes_what_it_should(
    tmp_path: Path, width: int, dilations: tuple[int, ...]
) -> None:
    loaded = weights(tmp_path, arrays(width, dilations))
    texts = [["Ada", "moss", ",", "Leeds"], ["12"], ["Leeds", ".", "Ada", "\u674e"] * 9]
    expected = [plain(loaded, text) for text in texts]
    expected[1][:] = CERTAINLY_OUTSIDE  # no letters
    for ours, right in zip(scores(loaded, texts), expected, strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-3, atol=1e-3)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return weights(tmp_path_factory.mktemp("weights"), arrays(16, (1, 2)))


@settings(deadline=None, max_examples=60)
@given(text=st.lists(st.sampled_from(WORDS), min_size=1, max_size=60), signs=st.integers(0, 30))
def test_words_that_see_no_letters_are_outside_and_the_others_as_ever(
    small: Weights, text: list[str], signs: int
) -> None:
    forms = [*text, *["."] * signs, *text]
    expected = plain(small, forms)
    lettered = [
        i for i, form in enumerate(forms) if form in ("Ada", "moss", "Leeds", "\u00e9t\u00e9")
    ]
    sight = sum(small.dilations)
    for i in range(len(forms)):
        if not any(abs(i - at) <= sight for at in lettered):
            expected[i] = CERTAINLY_OUTSIDE
    np.testing.assert_allclose(scores(small, [forms])[0], expected, rtol=1e-3, atol=1e-3)


@settings(deadline=None, max_examples=60)
@given(text=st.lists(st.sampled_from(WORDS), min_size=1, max_size=60), times=st.integers(1, 9))
def test_one_text_by_itself_has_the_scores_it_has_among_others(
    small: Weights, text: list[str], times: int
) -> None:
    forms = text * times
    alone = Network(small).scores_of_one(forms, np.zeros(len(forms), np.int32))
    expected = scores(small, [["Ada"], forms, forms])[1]
    np.testing.assert_allclose(alone, expected, rtol=1e-5, atol=1e-5)


def test_a_long_text_is_run_in_blocks_without_a_seam(small: Weights) -> None:
    text = [WORDS[i * i % 7] for i in range(1_500)]
    np.testing.assert_allclose(
        scores(small, [text, text[:700]])[1], plain(small, text[:700]), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize(
    "change",
    [
        {"dilations": np.array([1], np.uint8)},
        {"dilations": np.array([1, 0], np.uint8)},
        {"dilations": np.array([1, 2, 4], np.uint8)},
        {"conv1": np.zeros((3, 16), np.float16)},
        {"out": np.zeros((16, 5), np.float16)},
    ],
    ids=["too few", "no step", "too many", "kernel", "tags"],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, change: Arrays) -> None:
    with pytest.raises(ConfigurationError):
        weights(tmp_path, arrays(16, (1, 2)) | change)
