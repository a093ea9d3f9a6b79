"""Text completions, embeddings and moderations: every string the SDK's types allow is seen or kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from openai.types.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.embedding_create_params import EmbeddingCreateParams
from openai.types.moderation_create_params import ModerationCreateParams

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.openai_completions import COMPLETIONS
from llm_guard_protecto.wire.openai_inputs import EMBEDDINGS, MODERATIONS
from llm_guard_protecto.wire.slots import Format
from tests.wire.sdk_types import Json, every, requests
from tests.wire.unseen import PERSONAL, shape, unseen

KINDS = [
    (COMPLETIONS, CompletionCreateParamsNonStreaming, {"prompt", "prompt[]", "stop", "stop[]",
                                                       "suffix", "user"}),
    (EMBEDDINGS, EmbeddingCreateParams, {"input", "input[]", "user"}),
    (MODERATIONS, ModerationCreateParams, {"input", "input[]", "input[].text"}),
]  # fmt: skip


@pytest.mark.parametrize(("format_", "params", "places"), KINDS)
def test_each_place_is_seen_or_keeps_a_word_of_the_api(
    format_: Format, params: object, places: set[str]
) -> None:
    seen, kept = set(), set()
    for body in every(params, "canary_word"):
        doc = JsonText(json.dumps(body))
        try:
            seen |= {shape(slot.leaf) for slot in format_.request_slots(doc)}
        except UnknownFormat:
            continue
        kept |= {shape(leaf) for leaf in unseen(format_, body)}
    assert seen == places
    assert kept <= {"model", "logit_bias.canary_word"}  # a key there is the number of a token


@pytest.mark.parametrize(("format_", "params"), [row[:2] for row in KINDS])
def test_personal_data_is_seen_wherever_it_stands(format_: Format, params: object) -> None:
    @settings(max_examples=60)
    @given(requests(params, PERSONAL))
    def holds(body: Json) -> None:
        assert [shape(leaf) for leaf in unseen(format_, body)] == []

    holds()


@pytest.mark.parametrize("format_", [row[0] for row in KINDS])
@pytest.mark.parametrize("given_", [[1, 2], [[1, 2], [3]], 7])
def test_token_ids_are_refused(format_: Format, given_: object) -> None:
    field = "prompt" if format_ is COMPLETIONS else "input"
    with pytest.raises(UnknownFormat, match="token ids cannot be masked"):
        format_.request_slots(JsonText(json.dumps({field: given_})))


@pytest.mark.parametrize("format_", [row[0] for row in KINDS])
def test_a_body_that_is_no_object_is_refused(format_: Format) -> None:
    with pytest.raises(UnknownFormat, match="must be a JSON object"):
        format_.request_slots(JsonText('["Zoë"]'))


def test_a_reply_of_vectors_has_no_slots() -> None:
    body = {"data": [{"index": 0, "embedding": [0.1] * 64}, {"embedding": "AAAA"}], "model": "m"}
    assert EMBEDDINGS.reply_slots(JsonText(json.dumps(body), vectors=False)) == []
    assert not EMBEDDINGS.deltas(JsonText("{}"))
