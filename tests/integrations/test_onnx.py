"""A token-classification model as a detector: a real one, made here, that knows four words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.onnx import TokenClassifier
from llm_guard_protecto.models import Span
from tests.integrations.tiny import classifier, need_libraries

KNOWN = {"zed": "B-PER", "qui": "I-PER", "##ll": "I-PER", "oldmill": "B-LOC", "vessel": "B-MISC"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_libraries()
    folder = tmp_path_factory.mktemp("model")
    classifier(folder, KNOWN)
    return folder


def found(folder: Path, text: str, **settings: Any) -> list[tuple[str, str]]:
    [spans] = TokenClassifier(folder, **settings)([text])
    return [(text[span.start : span.end], span.entity) for span in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😀 Zed Quill of Oldmill!", [("Zed Quill", "PERSON"), ("Oldmill", "LOCATION")]),
        ("Zed Zed", [("Zed", "PERSON"), ("Zed", "PERSON")]),
        ("Quill", [("Quill", "PERSON")]),
        ("vessel", []),
        ("\ud800 Zed", [("Zed", "PERSON")]),
        ("", []),
    ],
)
def test_words_are_glued_and_whole(
    folder: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    assert found(folder, text) == expected


def test_labels_are_the_callers(folder: Path) -> None:
    assert found(folder, "Zed on a vessel", labels={"MISC": "ORG"}) == [("vessel", "ORG")]


def test_a_long_text_is_read_to_its_end(folder: Path) -> None:
    text = "nothing " * 500 + "Zed Quill " + "nothing " * 500 + "Oldmill"
    spans = set(found(folder, text, window=32))
    assert {("Zed Quill", "PERSON"), ("Oldmill", "LOCATION")} <= spans


def test_a_vault_masks_what_it_finds(folder: Path) -> None:
    with LocalVault("memory:", environ={}, detectors=[TokenClassifier(folder)]) as vault:
        [masked] = vault.mask(["xx Zed Quill xx"])
        [[span]] = vault.find(["xx Zed Quill xx"])
    assert "Quill" not in masked.token_value
    assert span == Span(3, 12, "PERSON", span.score, span.rule)


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, tmp_path: Path, missing: str) -> None:
    for file in folder.iterdir():
        if file.name != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ConfigurationError, match="is no model"):
        TokenClassifier(tmp_path)


def test_labels_the_model_does_not_have_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="none of the labels EMAIL"):
        TokenClassifier(folder, labels={"EMAIL": "EMAIL_ADDRESS"})


def test_without_the_libraries_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'llm-guard-protecto\[onnx\]'"):
        TokenClassifier(tmp_path)
