"""Requests made from the SDK's own types: what those types allow, as JSON."""

from __future__ import annotations

import collections.abc
import os
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Required, Union

import pydantic
import typing_extensions
from hypothesis import strategies as st

Json = Any


def requests(params: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    """Values of the TypedDict `params`. Every free string, and every free key, is drawn from `text`."""
    return _values(params, text)


def every(kind: Any, text: str) -> Iterator[Json]:
    """Values of `kind` that together show every place where it allows a string, here `text`.

    Each value is as small as the type allows, but for one thing.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if typing_extensions.is_typeddict(kind):
        fields = _fields(kind)
        small = {name: next(every(hint, text)) for name, (hint, needed) in fields.items() if needed}
        yield small
        for name, (hint, _) in fields.items():
            for value in every(hint, text):
                yield {**small, name: value}
    elif origin is Literal:
        yield arguments[0]
    elif origin in (Union, types.UnionType):
        for one in arguments:
            yield from every(one, text)
    elif origin in (Required, typing_extensions.Required, typing.Annotated):
        yield from every(arguments[0], text)
    elif origin is dict:
        for value in every(arguments[1], text):
            yield {text: value}
            for word in SCHEMA_WORDS if arguments[1] is object else []:
                yield {word: value}
    elif _is_list(origin):
        for value in every(arguments[0], text):
            yield [value]
    elif _is_no_json(kind):
        return
    elif kind is object:
        yield from (text, [text], {text: text}, {"name": text}, {"properties": {text: text}})
    else:
        yield {str: text, bool: True, int: 1, float: 0.5, type(None): None}[kind]


def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The hint of each field of a TypedDict, and whether it must be there."""
    return {
        name: (hint, typing.get_origin(hint) in (Required, typing_extensions.Required))
        for name, hint in typing.get_type_hints(kind, include_extras=True).items()
    }


def _is_list(origin: Any) -> bool:
    if origin is None:
        return False
    return issubclass(origin, collections.abc.Iterable) or origin.__name__ == "SequenceNotStr"


def _is_no_json(kind: Any) -> bool:
    """Whether the SDK writes `kind` itself as something else: an open file, a reply's model."""
    if kind in (typing.IO[bytes], os.PathLike) or typing.get_origin(kind) is os.PathLike:
        return True
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


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
    if _is_list(origin):
        return st.lists(_values(arguments[0], text), max_size=2)
    if _is_no_json(kind):
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
    for name, (hint, required) in _fields(kind).items():
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


SCHEMA_WORDS = [
    "type",
    "properties",
    "required",
    "description",
    "enum",
    "const",
    "default",
    "examples",
    "items",
    "anyOf",
    "$defs",
    "$ref",
    "pattern",
    "additionalProperties",
    "name",
    "function",
]
