"""A walk through the SDK's own types: small requests that together show every place for a string."""

from __future__ import annotations

import collections.abc
import os
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Required, Union

import pydantic
import typing_extensions

__all__ = ["SCHEMA_WORDS", "every", "fields_of", "is_list", "is_no_json"]

Json = Any


def every(kind: Any, text: str) -> Iterator[Json]:
    """Values of `kind` that together show every place where it allows a string, here `text`.

    Each value is as small as the type allows, but for one thing.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if typing_extensions.is_typeddict(kind):
        fields = fields_of(kind)
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
    elif is_list(origin):
        for value in every(arguments[0], text):
            yield [value]
    elif is_no_json(kind):
        return
    elif kind is object:
        yield from (text, [text], {text: text}, {"name": text}, {"properties": {text: text}})
    else:
        yield {str: text, bool: True, int: 1, float: 0.5, type(None): None}[kind]


def fields_of(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The hint of each field of a TypedDict, and whether it must be there."""
    return {
        name: (hint, typing.get_origin(hint) in (Required, typing_extensions.Required))
        for name, hint in typing.get_type_hints(kind, include_extras=True).items()
    }


def is_list(origin: Any) -> bool:
    if origin is None:
        return False
    return issubclass(origin, collections.abc.Iterable) or origin.__name__ == "SequenceNotStr"


def is_no_json(kind: Any) -> bool:
    """Whether the SDK writes `kind` itself as something else: an open file, a reply's model."""
    if kind in (typing.IO[bytes], os.PathLike) or typing.get_origin(kind) is os.PathLike:
        return True
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


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
