"""Tiny models made on the spot: real tokenizers and graphs that know a handful of words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

__all__ = ["classifier", "gliner", "need_libraries"]

_WORDS_AND_LABELS = """
    nought = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    pieces = Gather (table, input_ids)
    rows = Squeeze (pieces, nought)
    length = Squeeze (text_lengths)
    first = Constant <value_int = 1> ()
    beyond = Add (length, first)
    numbers = Range (first, beyond, first)
    column = Unsqueeze (numbers, one)
    matches = Equal (words_mask, column)
    chosen = Cast <to = 1> (matches)
    words = MatMul (chosen, rows)
    mark = Constant <value_int = 4> ()
    marks = Equal (input_ids, mark)
    found = NonZero (marks)
    after = Gather <axis = 0> (found, first)
    label_at = Add (after, one)
    labels = Gather (rows, label_at)
    across = Transpose (labels)
    fits = MatMul (words, across)
"""
"""`fits` (words x labels) is 1 where a word, by its chosen pieces, is of a label's kind."""

_INPUTS = """int64[1,N] input_ids, int64[1,N] attention_mask, int64[1,N] words_mask,
             int64[1,1] text_lengths"""

_GRAPHS = {
    "spans": f"""<ir_version: 8, opset_import: ["": 17]>
spans ({_INPUTS}, int64[1,S,2] span_idx, bool[1,S] span_mask) => (float[1,L,K,C] logits) {{
    {_WORDS_AND_LABELS}
    axis = Constant <value_int = 0> ()
    upto = CumSum (fits, axis)
    before = Sub (upto, fits)
    starts = Gather <axis = 2> (span_idx, axis)
    ends = Gather <axis = 2> (span_idx, first)
    upto_end = Gather (upto, ends)
    before_start = Gather (before, starts)
    count = Sub (upto_end, before_start)
    more = Sub (ends, starts)
    size = Add (more, first)
    sizes = Cast <to = 1> (size)
    minus = Constant <value_ints = [-1]> ()
    deep = Squeeze (count, nought)
    flat = Squeeze (sizes, nought)
    wide = Unsqueeze (flat, minus)
    missing = Sub (deep, wide)
    steep = Constant <value_float = 20.0> ()
    lost = Mul (missing, steep)
    scores = Add (lost, deep)
    label_count = Shape <start = 1> (fits)
    lengths = Unsqueeze (length, nought)
    shape = Concat <axis = 0> (one, lengths, minus, label_count)
    logits = Reshape (scores, shape)
}}""",
    "tokens": f"""<ir_version: 8, opset_import: ["": 17]>
tokens ({_INPUTS}) => (float[1,L,C,3] logits) {{
    {_WORDS_AND_LABELS}
    steep = Constant <value_float = 10.0> ()
    level = Constant <value_float = 5.0> ()
    high = Mul (fits, steep)
    scores = Sub (high, level)
    batch = Unsqueeze (scores, nought)
    minus = Constant <value_ints = [-1]> ()
    deep = Unsqueeze (batch, minus)
    logits = Concat <axis = -1> (deep, deep, deep)
}}""",
    "tokens, as older exports": f"""<ir_version: 8, opset_import: ["": 17]>
tokens ({_INPUTS}) => (float[3,1,L,C] logits) {{
    {_WORDS_AND_LABELS}
    steep = Constant <value_float = 10.0> ()
    level = Constant <value_float = 5.0> ()
    high = Mul (fits, steep)
    scores = Sub (high, level)
    batch = Unsqueeze (scores, nought)
    deep = Unsqueeze (batch, nought)
    logits = Concat <axis = 0> (deep, deep, deep)
}}""",
}


def need_libraries() -> None:
    """Skip the test where the libraries of the extra `onnx`, or `onnx` itself, are absent."""
    for library in ("onnx", "onnxruntime", "tokenizers"):
        pytest.importorskip(library, reason=f"{library} is not installed (extra `onnx`)")


def tokenizer(file: Path, words: Sequence[str], marks: Sequence[str] = ()) -> dict[str, int]:
    """An uncased word-piece tokenizer, saved; returns its vocabulary."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

    names = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", *marks, *words]
    vocabulary = {name: number for number, name in enumerate(names)}
    made: Any = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    made.add_special_tokens([AddedToken(mark, normalized=False) for mark in marks])
    made.save(str(file))
    return vocabulary


def classifier(folder: Path, known: Mapping[str, str], graph: str = "model.onnx") -> None:
    """A token classifier that gives each piece of `known` its label, and O to the rest."""
    from onnx import TensorProto, helper, numpy_helper, save

    labels = ["O", *sorted(set(known.values()))]
    vocabulary = tokenizer(folder / "tokenizer.json", list(known))
    scores = np.zeros((len(vocabulary), len(labels)), np.float32)
    scores[:, 0] = 5.0
    for word, label in known.items():
        scores[vocabulary[word]] = 0.0
        scores[vocabulary[word], labels.index(label)] = 5.0
    made = helper.make_graph(
        [helper.make_node("Gather", ["scores", "input_ids"], ["logits"])],
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, None])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, None, len(labels)])],
        [numpy_helper.from_array(scores, "scores")],
    )
    (folder / graph).parent.mkdir(exist_ok=True)
    opset = [helper.make_opsetid("", 13)]
    save(helper.make_model(made, opset_imports=opset, ir_version=8), folder / graph)
    (folder / "config.json").write_text(json.dumps({"id2label": dict(enumerate(labels))}))


def gliner(folder: Path, kind: str, known: Mapping[str, str], **config: Any) -> None:
    """A GLiNER model of one of the three kinds that thinks each piece of `known` is of its label.

    The labels are words of one piece, and are known themselves.
    """
    from onnx import numpy_helper, parser, save

    labels = sorted(set(known.values()))
    words = [*known, *(label for label in labels if label not in known)]
    vocabulary = tokenizer(folder / "tokenizer.json", words, ["<<ENT>>", "<<SEP>>"])
    table: NDArray[np.float32] = np.zeros((len(vocabulary), len(labels)), np.float32)
    for word, label in {**known, **{label: label for label in labels}}.items():
        table[vocabulary[word], labels.index(label)] = 1.0
    model = parser.parse_model(_GRAPHS[kind])
    model.graph.initializer.append(numpy_helper.from_array(table, "table"))
    save(model, folder / "model.onnx")
    settings = {"max_width": 4, "max_len": 384, "ent_token": "<<ENT>>", "sep_token": "<<SEP>>"}
    (folder / "gliner_config.json").write_text(json.dumps({**settings, **config}))
