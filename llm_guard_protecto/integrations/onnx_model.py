"""An ONNX graph and its tokenizer, run on the processor of this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm_guard_protecto.errors import ConfigurationError, DetectionFailed

__all__ = ["OnnxModel", "read_config", "readable"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBERS = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}


class OnnxModel:
    """Runs one text at a time. Thread-safe; fetches nothing."""

    def __init__(
        self,
        name: str,
        graph: Path,
        tokenizer: Path,
        *,
        inputs: Collection[str],
        threads: int = 1,
        extra: str = "onnx",
    ) -> None:
        """`inputs` are the names the caller can fill; `extra` is the one that errors name.

        Raises `ConfigurationError` when the libraries or a file is missing or damaged, or the
        graph asks for more than `inputs`.
        """
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError:
            raise ConfigurationError(
                f"ONNX models need more libraries: pip install 'llm-guard-protecto[{extra}]'"
            ) from None
        self.name = name
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # exported graphs are full of warnings about their shapes
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        try:
            self.tokenizer: Any = Tokenizer.from_file(str(tokenizer))
            self._session: Any = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001  (each library has errors of its own)
            raise ConfigurationError(
                f"{graph.parent} is no model: {type(error).__name__}: {error}"
            ) from None
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self._inputs = {
            one.name: _NUMBERS.get(one.type, np.float32) for one in self._session.get_inputs()
        }
        self.inputs = frozenset(self._inputs)
        unknown = sorted(self.inputs - set(inputs))
        if unknown:
            raise ConfigurationError(f"{graph} asks for {', '.join(unknown)}, which nobody has")

    def run(self, given: Mapping[str, Any]) -> NDArray[np.float64]:
        """The first output for one text; each of `given` is an array without the batch dimension.

        Raises `DetectionFailed` when the graph cannot run or its answer is not all numbers.
        """
        feed: dict[str, Any] = {
            name: np.asarray([given[name]], numbers) for name, numbers in self._inputs.items()
        }
        try:
            [scores, *_] = self._session.run(None, feed)
        except Exception as error:  # noqa: BLE001  (whatever it is, silence is no answer)
            raise DetectionFailed(f"{self.name} did not run ({type(error).__name__})") from None
        answer: NDArray[np.float64] = np.asarray(scores, np.float64)
        if not np.isfinite(answer).all():
            raise DetectionFailed(f"{self.name} gave no numbers")
        return answer


def read_config(file: Path) -> dict[str, Any]:
    """The settings beside a model. Raises `ConfigurationError` when they cannot be read."""
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{file.parent} is no model: {type(error).__name__}: {error}"
        ) from None
    if not isinstance(config, dict):
        raise ConfigurationError(f"{file.parent} is no model: {file.name} holds no settings")
    return config


def readable(text: str) -> str:
    """The text as a tokenizer takes it, of the same length: lone surrogates cannot be encoded."""
    return _LONE_SURROGATE.sub("\ufffd", text)
