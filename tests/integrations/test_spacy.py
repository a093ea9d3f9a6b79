"""A spaCy pipeline as a detector: a real one, blank but for an entity ruler."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.spacy import SpacyPipeline
from llm_guard_protecto.models import Span


@pytest.fixture(scope="module")
def pipeline() -> Any:
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed (extra `spacy`)")
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PERSON", "pattern": "Zed Quill"},
            {"label": "GPE", "pattern": "Oldmill"},
            {"label": "SHIP", "pattern": "Blue Heron"},
            {"label": "CARDINAL", "pattern": "seven"},
        ]
    )
    return pipeline


@pytest.fixture
def vault(pipeline: Any) -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}, detectors=[SpacyPipeline(pipeline)]) as vault:
        yield vault


def test_its_labels_become_our_entities(pipeline: Any) -> None:
    found = SpacyPipeline(pipeline)(["😀 Zed Quill of Oldmill, seven", "", "\ud800 Zed Quill"])
    rule = found[0][0].rule
    assert rule.startswith("spacy:")
    assert found == [
        [Span(2, 11, "PERSON", 0.75, rule), Span(15, 22, "LOCATION", 0.75, rule)],
        [],
        [Span(2, 11, "PERSON", 0.75, rule)],
    ]


def test_labels_and_score_are_the_callers(pipeline: Any) -> None:
    detector = SpacyPipeline(pipeline, labels={"SHIP": "PROJECT"}, score=0.6)
    policy = Policy.parse({"name": "mine", "custom": {"PROJECT": {}}})
    with LocalVault("memory:", policy=policy, environ={}, detectors=[detector]) as vault:
        reasons = vault.explain(["aboard Blue Heron"])[0]
    assert ("PROJECT", 0.6) in [(one.span.entity, one.span.score) for one in reasons]


def test_a_vault_masks_what_it_finds(vault: LocalVault) -> None:
    [masked] = vault.mask(["zz Zed Quill zz, sarah@example.com"])
    assert "Quill" not in masked.token_value
    assert "sarah" not in masked.token_value


def test_a_pipeline_that_is_not_installed_is_named(pipeline: Any) -> None:
    with pytest.raises(ConfigurationError, match="python -m spacy download no_such_pipeline"):
        SpacyPipeline("no_such_pipeline")


def test_without_spacy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'llm-guard-protecto\[spacy\]'"):
        SpacyPipeline("en_core_web_sm")
