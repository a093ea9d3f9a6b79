"""Walking a body with its table: what the walk remembers must never matter."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.slots import (
    DATA,
    KEEP,
    NAME,
    SKIP,
    STREAMED,
    TEXT,
    Place,
    Slot,
    refuse,
)
from llm_guard_protecto.wire.walk import Table, where

REPLY = Place(
    {
        "id": SKIP,
        "kind": KEEP,
        "who": NAME,
        "parts": Place(each=Place({"id": SKIP, "said": STREAMED, "kind": KEEP})),
    }
)
MASKED = Place(
    {
        "parts": Place(
            each=Place(
                by="kind",
                cases={"said": Place({"kind": KEEP, "said": TEXT}), None: Place({"id": KEEP})},
                otherwise=refuse("no"),
            )
        )
    }
)

# One that a key of the root decides, whose slots can be taken over only with that key.
DECIDED = Place(by="kind", cases={"said": MASKED}, otherwise=REPLY)
ROOTS = [REPLY, MASKED, DECIDED]

words = st.sampled_from(["id", "kind", "who", "parts", "said", "Ines Almeida", ""])
bodies = st.recursive(
    words | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(bodies, max_size=5))
def test_what_was_met_before_changes_nothing(many: list[Any]) -> None:
    table = Table(REPLY)
    for body in many:
        doc = JsonText(json.dumps(body))
        assert table.slots(doc) == Table(REPLY).slots(doc)


@given(st.lists(bodies, max_size=4), st.lists(bodies, max_size=4), bodies, st.sampled_from(ROOTS))
def test_a_body_read_on_from_an_earlier_one_is_walked_as_if_alone(
    parts: list[Any], more: list[Any], after: Any, root: Place
) -> None:
    table = Table(root)
    earlier = JsonText(json.dumps({"parts": parts, "kind": after}))
    text = json.dumps({"parts": [*parts, *more], "kind": after})
    for doc in (earlier, JsonText(text, after=earlier)):
        try:
            alone = Table(root).slots(JsonText(doc.text))
        except UnknownFormat as error:
            with pytest.raises(UnknownFormat, match=re.escape(str(error))):
                table.slots(doc)
        else:
            assert table.slots(doc) == alone


@given(bodies)
def test_every_string_is_a_slot_or_under_a_known_key(body: Any) -> None:
    doc = JsonText(json.dumps(body))
    seen = {slot.leaf for slot, _ in Table(REPLY).slots(doc)}
    for leaf in doc.leaves:
        if leaf.kind == "string" and leaf not in seen:
            assert "id" in leaf.path or "kind" in leaf.path


def test_no_path_through_an_unknown_key_is_remembered() -> None:
    table = Table(REPLY)
    table.slots(JsonText('{"id": "1", "Ines": {"id": "x"}, "parts": [{"Ines": 1, "id": 2}]}'))
    assert "Ines" not in str(table._met)
    assert ("parts", 0, "id") in table._met


def test_the_walk_remembers_a_bounded_number_of_paths() -> None:
    table = Table(REPLY)
    table.slots(JsonText(json.dumps({"parts": [{"id": 1}] * 5000})))
    assert len(table._met) == 512


def slots(body: Any, root: Place) -> list[Any]:
    return [slot.leaf.value for slot, _ in Table(root).slots(JsonText(json.dumps(body)))]


@pytest.mark.parametrize(
    ("body", "root", "found"),
    [
        ("a", TEXT, ["a"]),
        ({"parts": [{"kind": "said", "said": "a", "more": 5}]}, MASKED, ["a", "5"]),
        ({"parts": [{"id": "x", "said": "a"}]}, MASKED, ["a"]),
        ({"parts": [{"kind": None, "id": "x y"}]}, MASKED, ["x y"]),
        ({"parts": ["a"]}, MASKED, ["a"]),
        ({"parts": "a"}, MASKED, ["a"]),
        ({"parts": []}, MASKED, []),
        ({"1": 5, "1234567": 5}, Place(other=TEXT), ["1234567"]),
        ({"a b": {"c d": "e"}}, DATA, ["a b", "c d", "e"]),
        ({"a b": {"c d": "e"}}, Place(names=True), ["c d", "e"]),
        ({"a b": {"c d": "e"}}, SKIP, []),
    ],
)
def test_finds(body: Any, root: Place, found: list[Any]) -> None:
    assert slots(body, root) == found


@pytest.mark.parametrize("kind", ["sung", 5, True])
def test_refuses_with_the_path(kind: Any) -> None:
    with pytest.raises(UnknownFormat, match=r"^parts\[1\]: no \(no policy opens this\)$"):
        slots({"parts": [{}, {"kind": kind}]}, MASKED)


def test_two_objects_under_one_key_may_not_disagree() -> None:
    twice = '{"parts": [{"kind": "said"}], "parts": [{"kind": "sung", "said": "a"}]}'
    with pytest.raises(UnknownFormat, match=r"^parts\[0\].kind is given twice"):
        Table(MASKED).slots(JsonText(twice))


def test_a_doubled_key_hides_nothing() -> None:
    body = (
        '{"who": {"id": "a"}, "who": "b", "parts": "c", "parts": [{"said": "d"}], "id": {"e": 1}}'
    )
    found = Table(REPLY).slots(JsonText(body))
    assert [(slot.leaf.value, stream) for slot, stream in found] == [
        ("a", False),
        ("b", False),
        ("c", False),
        ("d", True),
    ]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ((), "the body"),
        (("messages", 0, "content"), "messages[0].content"),
        (("metadata", "Ines Almeida"), "metadata.…"),
        ((0, "a"), "[0].a"),
    ],
)
def test_a_path_in_a_message(path: tuple[str | int, ...], shown: str) -> None:
    assert where(path) == shown


def test_a_slot_has_the_path_of_its_leaf() -> None:
    leaf = JsonText('["a"]').leaves[0]
    assert Slot(leaf).path == (0,)
    assert "'a'" not in repr(Slot(leaf))
