"""Which ids tie calls together, told by where they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.routes import ROUTES, route_for
from llm_guard_protecto.wire.ties import TIES, Ties, ids_at, objects_at, summaries_in


def doc(value: Any) -> JsonText:
    return JsonText(json.dumps(value))


def ties(method: str, path: str) -> Ties:
    found = route_for(method, path).ties
    assert found is not None
    return found


def test_every_tie_is_that_of_a_route() -> None:
    assert TIES.keys() <= {(method, tail) for method, tail, _ in ROUTES}


def test_what_reads_what_earlier_calls_left_is_tied_to_them() -> None:
    """A reply that may hold tokens of another call: every read of what a user wrote."""
    for method, tail, format_ in ROUTES:
        if getattr(format_, "replies", None) is not None and "/messages/batches" not in tail:
            tie = TIES[method, tail]
            assert tie.path or tie.objects, tail


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"previous_response_id": "resp_1", "conversation": None}, ["resp_1"]),
        ({"conversation": "conv_1"}, ["conv_1"]),
        ({"conversation": {"id": "conv_1"}, "input": [{"id": "msg_1"}]}, ["conv_1"]),
        ({"previous_response_id": "", "input": "previous_response_id"}, []),
        ({"metadata": {"previous_response_id": "resp_1"}}, []),
    ],
)
def test_ids_that_a_request_names(body: Any, ids: list[str]) -> None:
    assert ids_at(doc(body), ties("POST", "/v1/responses").named) == ids


@pytest.mark.parametrize(
    ("reply", "kept", "joined"),
    [
        ({"id": "resp_1", "conversation": {"id": "conv_1"}}, ["resp_1"], ["conv_1"]),
        ({"response": {"id": "resp_1", "conversation": None}}, ["resp_1"], []),
        ({"id": 7, "output": [{"id": "msg_1"}]}, [], []),
        ({"error": {"id": "resp_1"}}, [], []),
    ],
)
def test_ids_that_a_reply_reveals(reply: Any, kept: list[str], joined: list[str]) -> None:
    tie = ties("POST", "/v1/responses")
    assert ids_at(doc(reply), tie.reveals) == kept
    assert ids_at(doc(reply), tie.joins) == joined


def test_a_compaction_is_known_by_its_own_id_wherever_it_stands() -> None:
    sealed = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
    assert summaries_in(doc({"output": [{"type": "message", "id": "msg_1"}, sealed]})) == ["cmp_1"]
    assert summaries_in(doc({"input": [sealed, sealed | {"id": None}]})) == ["cmp_1"]
    assert summaries_in(doc({"item": sealed | {"type": "reasoning"}, "a": "compaction"})) == []


def test_objects_of_a_reply() -> None:
    tie = ties("GET", "/v1/batches")
    one = {"id": "batch_1", "input_file_id": "file_1", "output_file_id": None}
    two = {"id": "batch_2", "output_file_id": "file_3", "error_file_id": "file_4", "status": "x"}
    assert objects_at(doc(one), tie) == [(["batch_1", "file_1"], [])]
    assert objects_at(doc({"data": [one, two], "first_id": "batch_1"}), tie) == [
        (["batch_1", "file_1"], []),
        (["batch_2"], ["file_3", "file_4"]),
    ]
    assert objects_at(doc([1, "id"]), tie) == []
    assert objects_at(doc({"data": {"deep": {"id": "x"}}}), tie) == []
