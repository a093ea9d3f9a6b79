"""A GLiNER model as a detector: real ones, made here, one of each kind, that know a few words."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.integrations.gliner import Gliner
from llm_guard_protecto.models import Span
from tests.integrations.tiny import gliner, need_libraries

KINDS = ("spans", "tokens", "tokens, as older exports")
KNOWN = {"zed": "person", "qui": "person", "##ll": "location", "oldmill": "location"}
LABELS = {"person": "PERSON", "location": "LOCATION"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    need_libraries()
    folders = {kind: tmp_path_factory.mktemp("gliner") for kind in KINDS}
    for kind, folder in folders.items():
        gliner(folder, kind, KNOWN)
    return folders


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


def altered(folder: Path, there: Path, **config: Any) -> Path:
    """A copy of a model with other settings."""
    for file in folder.iterdir():
        (there / file.name).write_bytes(file.read_bytes())
    settings = json.loads((there / "gliner_config.json").read_text())
    (there / "gliner_config.json").write_text(json.dumps({**settings, **config}))
    return there


def found(folder: Path, text: str, **more: Any) -> list[tuple[str, str]]:
    [spans] = Gliner(folder, **{"labels": LABELS, **more})([text])
    return [(text[span.start : span.end], span.entity) for span in sorted(spans, key=_place)]


def _place(span: Span) -> int:
    return span.start


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😀 Zed Quill of Oldmill!", [("Zed Quill", "PERSON"), ("Oldmill", "LOCATION")]),
        ("a note for Zed", [("Zed", "PERSON")]),
        ("Zed, Zed", [("Zed", "PERSON"), ("Zed", "PERSON")]),
        ("Oldmill Zed", [("Oldmill", "LOCATION"), ("Zed", "PERSON")]),
        ("\ud800 Zed \x00 Oldmill", [("Zed", "PERSON"), ("Oldmill", "LOCATION")]),
        ("<<ENT>> zed <<SEP>> of it", [("zed", "PERSON")]),
        ("nothing here", []),
        ("", []),
        (" \n", []),
    ],
)
def test_words_are_found_whole(folder: Path, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(folder, text) == expected


def test_it_is_asked_for_the_labels_of_the_caller(folder: Path) -> None:
    assert found(folder, "Zed of Oldmill", labels={"location": "ADDRESS"}) == [
        ("Oldmill", "ADDRESS")
    ]
    assert found(folder, "Zed of Oldmill", labels={"ship": "ORG", "person": "PERSON"}) == [
        ("Zed", "PERSON")
    ]


def test_only_what_passes_the_threshold_is_reported(folder: Path) -> None:
    assert found(folder, "Zed", threshold=0.6) == [("Zed", "PERSON")]
    assert found(folder, "Zed", threshold=0.999) == []


@pytest.mark.parametrize(("pooling", "entity"), [("first", "PERSON"), ("last", "LOCATION")])
def test_a_word_is_read_by_the_piece_that_the_model_reads(
    folder: Path, tmp_path: Path, pooling: str, entity: str
) -> None:
    model = altered(folder, tmp_path, subtoken_pooling=pooling)
    assert found(model, "Quill") == [("Quill", entity)]


words = st.sampled_from(["Zed", "Quill", "Oldmill", "of", ",", "\n", "x" * 150, "😀"])


@settings(max_examples=25, deadline=None)
@given(chosen=st.lists(words, max_size=60), window=st.integers(16, 40), kind=st.sampled_from(KINDS))
def test_short_windows_find_what_one_long_window_finds(
    folders: dict[str, Path], chosen: list[str], window: int, kind: str
) -> None:
    def covered(size: int) -> set[int]:
        [spans] = Gliner(folders[kind], labels=LABELS, window=size)([text])
        assert all(0 <= span.start < span.end <= len(text) for span in spans)
        return {at for span in spans for at in range(span.start, span.end) if text[at].isalnum()}

    text = " ".join(chosen)
    named = {word for word in chosen if word.isascii() and word.istitle()}
    assert covered(window) == covered(4096)
    assert bool(covered(window)) == bool(named)


def test_a_vault_masks_what_it_finds(folder: Path) -> None:
    detector = Gliner(folder, labels=LABELS)
    with LocalVault("memory:", environ={}, detector=detector) as vault:
        [masked] = vault.mask(["xx Zed Quill xx"])
        [[span]] = vault.find(["xx Zed Quill xx"])
    assert "Quill" not in masked.token_value
    assert span == Span(3, 12, "PERSON", span.score, f"onnx:{folder.name}")


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json", "gliner_config.json"])
def test_a_folder_that_lacks_a_file_is_refused(
    folders: dict[str, Path], tmp_path: Path, missing: str
) -> None:
    altered(folders["spans"], tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ConfigurationError, match="is no model"):
        Gliner(tmp_path)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"labels_encoder": "some/encoder"}, "reads its labels apart"),
        ({"words_splitter_type": "jieba"}, "divides words by 'jieba'"),
        ({"ent_token": "<<OTHER>>"}, "has no token <<OTHER>>"),
    ],
)
def test_a_model_of_another_kind_is_refused(
    folder: Path, tmp_path: Path, config: dict[str, str], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        Gliner(altered(folder, tmp_path, **config))


@pytest.mark.parametrize("labels", [{}, {" ": "PERSON"}, {f"label {n}": "X" for n in range(90)}])
def test_labels_that_cannot_be_asked_for_are_refused(folder: Path, labels: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="labels"):
        Gliner(folder, labels=labels)


def test_an_answer_of_another_shape_stops_the_request(folder: Path) -> None:
    """A label with a mark inside it makes the model answer for one label more than was asked."""
    detector = Gliner(folder, labels={"person <<ENT>> location": "PERSON"})
    with pytest.raises(DetectionFailed, match="did not answer for each"):
        detector(["Zed of Oldmill"])


def test_without_the_libraries_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'llm-guard-protecto\[onnx\]'"):
        Gliner(tmp_path)
