"""What every ONNX model shares: a graph that cannot answer stops the request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.integrations.onnx import TokenClassifier
from llm_guard_protecto.integrations.rampart import Rampart
from tests.integrations.tiny import need_libraries, tokenizer

FAILING = {
    "gave no numbers": """<ir_version: 8, opset_import: ["": 17]>
        roots (int64[1,N] input_ids) => (float[1,N,M] logits) {
            numbers = Cast <to = 1> (input_ids)
            below = Neg (numbers)
            roots = Sqrt (below)
            last = Constant <value_ints = [-1]> ()
            logits = Unsqueeze (roots, last)
        }""",
    "did not run": """<ir_version: 8, opset_import: ["": 17]>
        beyond (int64[1,N] input_ids) => (float[1,N,M] logits)
        <float[1,2] table = {0.0, 1.0}> { logits = Gather (table, input_ids) }""",
}
DEMANDING = """<ir_version: 8, opset_import: ["": 17]>
    demanding (int64[1,N] input_ids, float[1,N] pictures) => (float[1,N] logits) {
        logits = Identity (pictures)
    }"""


def model(folder: Path, graph: str) -> Path:
    need_libraries()
    from onnx import parser, save

    tokenizer(folder / "tokenizer.json", ["zed"])
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "O", "1": "B-PERSON"}}))
    save(parser.parse_model(graph), folder / "model.onnx")
    return folder


@pytest.mark.parametrize("failure", FAILING)
@pytest.mark.parametrize("kind", [TokenClassifier, Rampart])
def test_a_model_that_cannot_answer_stops_the_request(
    tmp_path: Path, kind: type[TokenClassifier | Rampart], failure: str
) -> None:
    detector = kind(model(tmp_path, FAILING[failure]), labels={"PERSON": "PERSON"})
    with (
        LocalVault("memory:", environ={}, detectors=[detector]) as vault,
        pytest.raises(DetectionFailed, match=failure) as raised,
    ):
        vault.mask(["Zed Quill"])
    assert "Quill" not in str(raised.value)


def test_a_graph_that_asks_for_more_than_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="asks for pictures"):
        TokenClassifier(model(tmp_path, DEMANDING))


@pytest.mark.parametrize("config", ["[]", "{}", '{"id2label": ["O"]}', '{"id2label": {"x": "O"}}'])
def test_settings_without_labels_are_refused(tmp_path: Path, config: str) -> None:
    folder = model(tmp_path, FAILING["did not run"])
    (folder / "config.json").write_text(config)
    with pytest.raises(ConfigurationError, match="is no model"):
        TokenClassifier(folder)
