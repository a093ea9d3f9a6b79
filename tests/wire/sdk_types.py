"""Requests made from the SDK's own types: what those types allow, as JSON."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, Required, Union

import typing_extensions
from hypothesis import strategies as st

from tests.wire.sdk_walk import SCHEMA_WORDS, every, fields_of, is_list, is_no_json

__all__ = ["every", "requests"]

Json = Any


def requests(params: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    """Values of the TypedDict `params`. Every free string, and every free key, is drawn from `text`."""
    return _values(params, text)


def _values(kind: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if typing_extensions.is_typeddict(kind):
        return _typed_dict(kind, text)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([_values(one, text) for one in arguments])
    if origin in (Required, typing_extensions.Required, typing.Annotated):
        return _values(arguments[0], text)
    if origin is dict:
        keys = text | st.sampled_from(SCHEMA_WORDS) if arguments[1] is object else text
        return st.dictionaries(keys, _values(arguments[1], text), max_size=3)
    if is_list(origin):
        return st.lists(_values(arguments[0], text), max_size=2)
    if is_no_json(kind):
        return st.nothing()
    if kind is object:
        return _free(text)
    return {
        str: text,
        bool: st.booleans(),
        int: st.integers(-9, 9**12),
        float: st.floats(0, 2),
        type(None): st.none(),
    }[kind]


def _typed_dict(kind: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    needed: dict[str, st.SearchStrategy[Json]] = {}
    rest: dict[str, st.SearchStrategy[Json]] = {}
    for name, (hint, required) in fields_of(kind).items():
        (needed if required else rest)[name] = st.deferred(
            lambda hint=hint: _values(hint, text)  # type: ignore[misc]
        )
    return st.fixed_dictionaries(needed, optional=rest)


def _free(text: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    """Any JSON, much of it in the form of a JSON Schema."""
    words = st.sampled_from(SCHEMA_WORDS)
    return st.recursive(
        text | st.none() | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(words | text, inner, max_size=3)
        ),
        max_leaves=6,
    )
