"""Literal-level JSON: every literal is found, only what is to change changes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit, nested, quote

# Any string JSON can carry. Two surrogates that form a pair are one character to JSON.
texts = st.text(alphabet=st.characters(exclude_categories=())).map(
    lambda s: s.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Short, long and escaped strings take different ways through the parser.
    | texts
    | st.sampled_from(["", "q" * 200, 'a"b\\c', "\ud800", "é\n"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=25,
)
spellings = st.fixed_dictionaries(
    {"indent": st.sampled_from([None, 0, 3, "\t"]), "ensure_ascii": st.booleans()}
)
bodies = st.builds(lambda value, how: json.dumps(value, **how), values, spellings)


def expected_leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[Any, str, str]]:
    """The leaves of a parsed value, by the standard library."""
    if isinstance(value, dict):
        return [
            leaf
            for key, inner in value.items()
            for leaf in [((*path, key), "key", key), *expected_leaves(inner, (*path, key))]
        ]
    if isinstance(value, list):
        return [
            leaf for at, inner in enumerate(value) for leaf in expected_leaves(inner, (*path, at))
        ]
    if isinstance(value, str):
        return [(path, "string", value)]
    kind = "literal" if value is None or isinstance(value, bool) else "number"
    return [(path, kind, json.dumps(value))]


@given(values, spellings)
def test_leaves_are_what_the_standard_library_sees(value: Any, how: dict[str, Any]) -> None:
    doc = JsonText(json.dumps(value, **how))
    assert [(x.path, x.kind, x.value) for x in doc.leaves] == expected_leaves(value)


@given(bodies)
def test_every_leaf_knows_where_its_literal_stands(body: str) -> None:
    for leaf in JsonText(body).leaves:
        literal = body[leaf.start : leaf.end]
        assert json.loads(literal) == (
            leaf.value if leaf.kind in ("string", "key") else json.loads(leaf.value)
        )


@given(bodies, st.integers(0), st.sampled_from(["", ",", "}", "]", "{", '"', "1", "\\", "\x01"]))
def test_accepts_exactly_what_the_standard_library_accepts(body: str, at: int, put: str) -> None:
    at %= len(body) + 1
    broken = body[:at] + put + body[at + 1 :]
    try:
        json.loads(broken, parse_constant=_no_constants)
        valid = True
    except ValueError:
        valid = False
    try:
        JsonText(broken)
    except UnknownFormat:
        assert not valid
    else:
        assert valid


def _no_constants(name: str) -> None:
    raise ValueError(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "[,1]",
        '{"a":1,}',
        '{"a" 1}',
        '{"a":}',
        "{a:1}",
        "{'a':1}",
        '{"a":1]',
        '["a"}',
        '{"a":1}{',
        "1 2",
        "01",
        "-",
        "1.",
        "1e",
        ".5",
        "+1",
        "NaN",
        "-Infinity",
        "True",
        "nul",
        '"abc',
        '"a\nb"',
        '"\\x41"',
        '"\\u12g4"',
        "[1]\x00",
        "// no\n1",
        "[１]",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(UnknownFormat, match=r"^not valid JSON \(at character \d+\)$"):
        JsonText(text)


def test_an_error_quotes_nothing_and_carries_nothing() -> None:
    with pytest.raises(UnknownFormat) as caught:
        JsonText('{"to": "Ines Almeida", "x": "\\q"}')
    assert "Ines" not in repr(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("depth", "fine"), [(64, True), (65, False), (100_000, False)])
def test_depth_is_limited(depth: int, fine: bool) -> None:
    body = (
        '[{"a":' * (depth // 2) + "[" * (depth % 2) + "1" + "]" * (depth % 2) + "}]" * (depth // 2)
    )
    if fine:
        assert JsonText(body).leaves[-1].kind == "number"
    else:
        with pytest.raises(UnknownFormat, match="deeper than 64"):
            JsonText(body)


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("{}", []),
        (" [ ] ", []),
        ('{"a":{},"b":[]}', [("key", "a"), ("key", "b")]),
        ('{"a":1,"a":2}', [("key", "a"), ("number", "1"), ("key", "a"), ("number", "2")]),
        ("-0.50E+3", [("number", "-0.50E+3")]),
        ("4111111111111111", [("number", "4111111111111111")]),
        ('"\\ud83d\\ude00\\ud800"', [("string", "😀\ud800")]),
        ('"\ud800"', [("string", "\ud800")]),
        ('\ufeff\n"x"\t', [("string", "x")]),
        ("[true,false,null]", [("literal", "true"), ("literal", "false"), ("literal", "null")]),
    ],
)
def test_reads(text: str, leaves: list[tuple[str, str]]) -> None:
    assert [(leaf.kind, leaf.value) for leaf in JsonText(text).leaves] == leaves


@given(bodies)
def test_no_change_gives_the_same_object(body: str) -> None:
    doc = JsonText(body)
    same = [(leaf, leaf.value) for leaf in doc.leaves if leaf.kind in ("string", "key")]
    assert edit(body, []) is body
    assert edit(body, same) is body


@given(bodies, st.data())
def test_an_edit_changes_what_it_names_and_nothing_else(body: str, data: st.DataObject) -> None:
    doc = JsonText(body)
    chosen = [leaf for leaf in doc.leaves if leaf.kind != "literal" and data.draw(st.booleans())]
    changes = [(leaf, data.draw(texts)) for leaf in chosen]
    changed = JsonText(edit(body, data.draw(st.permutations(changes))))

    want = dict(changes)
    assert [leaf.value for leaf in changed.leaves] == [
        want.get(leaf, leaf.value) for leaf in doc.leaves
    ]
    assert _between(changed) == _between(doc)
    assert changed.text.isascii() or not body.isascii()
    assert _surrogates(changed.text) <= _surrogates(body)  # nothing new that cannot be sent


def _surrogates(text: str) -> set[str]:
    return {character for character in text if "\ud800" <= character <= "\udfff"}


def _between(doc: JsonText) -> list[str]:
    """The text without its literals."""
    ends = [0, *(leaf.end for leaf in doc.leaves)]
    starts = [*(leaf.start for leaf in doc.leaves), len(doc.text)]
    return [doc.text[end:start] for end, start in zip(ends, starts, strict=True)]


def test_an_edit_keeps_spelling_that_a_dump_would_lose() -> None:
    body = '{ "a" : 1.0e0,\r\n"b":"x\\/y\\u0041", "b": "Ines", "c" :[ ] }'
    (ines,) = (leaf for leaf in JsonText(body).leaves if leaf.value == "Ines")
    assert edit(body, [(ines, "<PER>x</PER>")]) == body.replace("Ines", "<PER>x</PER>")


def test_a_number_becomes_a_string() -> None:
    body = '{"card": 4111111111111111}'
    assert edit(body, [(JsonText(body).leaves[1], "<CRD>1</CRD>")]) == '{"card": "<CRD>1</CRD>"}'


def test_two_changes_for_one_place_are_a_mistake() -> None:
    leaf = JsonText('"a"').leaves[0]
    with pytest.raises(ValueError, match="two changes"):
        edit('"a"', [(leaf, "b"), (leaf, "c")])


@given(texts, st.booleans())
def test_a_quoted_string_says_what_it_said(value: str, ascii_only: bool) -> None:
    literal = quote(value, ascii_only=ascii_only)
    assert json.loads(literal) == value
    assert literal.isascii() or not ascii_only
    literal.encode()


def test_quote_keeps_letters_and_escapes_lone_surrogates() -> None:
    assert quote("Zoë\ud800") == '"Zoë\\ud800"'
    assert quote("Zoë", ascii_only=True) == '"Zo\\u00eb"'


@pytest.mark.parametrize(
    ("text", "is_json"),
    [
        ('{"a": 1}', True),
        (" [1]", True),
        ("5551234567", False),
        ('"Ines"', False),
        ('{"a": ', False),
        ("{Ines}", False),
        ("", False),
        ("[" * 65 + "]" * 65, False),
    ],
)
def test_nested_is_for_objects_and_arrays(text: str, is_json: bool) -> None:
    assert (nested(text) is not None) == is_json


def test_finds_a_value_by_its_path() -> None:
    doc = JsonText('{"a":[{"b":"x"}],"c":1,"c":2}')
    found = doc.at(("a", 0, "b"))
    assert found is not None
    assert found.value == "x"
    assert doc.at(("c",)) == Leaf(("c",), 27, 28, "number", "2")
    assert doc.at(("a",)) is None


def test_a_repr_shows_no_text() -> None:
    doc = JsonText('{"Ines Almeida": "Rua Nova 4"}')
    shown = repr(doc) + repr(doc.leaves)
    assert "Ines" not in shown
    assert "Rua" not in shown


@given(st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=40))
def test_long_lists_of_numbers_can_be_left_out(numbers: list[float]) -> None:
    text = json.dumps({"a": [numbers, "x"], "b": 1})
    left = [leaf.value for leaf in JsonText(text, vectors=False).leaves]
    every = [leaf.value for leaf in JsonText(text).leaves]
    assert left == (["a", "x", "b", "1"] if len(numbers) >= 16 else every)


_SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.text('ab"\\{[,é', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["role", "content", "", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
_BODIES = st.fixed_dictionaries(
    {"model": _SMALL, "messages": st.lists(_SMALL, max_size=6)}, optional={"stop": _SMALL}
)


@given(_BODIES, _BODIES, st.data())
def test_reading_on_from_an_earlier_text_gives_what_reading_it_alone_gives(
    one: dict[str, object], other: dict[str, object], data: st.DataObject
) -> None:
    one_text, other_text = json.dumps(one), json.dumps(other)
    how = data.draw(st.sampled_from(["longer", "cut", "changed"]))
    if how == "longer":
        messages = [*one["messages"], *other["messages"]]  # type: ignore[misc]
        text = json.dumps(one | {"messages": messages})
    else:
        at = data.draw(st.integers(0, len(one_text)))
        text = one_text[:at] + (other_text[at:] if how == "changed" else "")
    earlier = JsonText(one_text)
    try:
        alone = JsonText(text)
    except UnknownFormat as error:
        with pytest.raises(UnknownFormat, match=re.escape(str(error))):
            JsonText(text, after=earlier)
        return
    doc = JsonText(text, after=earlier)
    assert doc.leaves == alone.leaves
    assert doc.leaves[: doc.taken] == earlier.leaves[: doc.taken]
    assert all(leaf.end <= doc.agreed for leaf in doc.leaves[: doc.taken])


def test_the_next_turn_of_a_chat_is_read_from_its_last_common_message_on() -> None:
    turns = [{"role": "user", "content": f"turn {n}"} for n in range(50)]
    earlier = JsonText(json.dumps({"messages": turns[:-1]}))
    doc = JsonText(json.dumps({"messages": turns}), after=earlier)
    assert doc.taken == 1 + 4 * 48
