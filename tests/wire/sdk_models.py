"""Replies and events made from the SDK's own models: what those models allow, as JSON."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Union

from pydantic import BaseModel

Json = Any


def every(kind: Any, text: str) -> Iterator[Json]:
    """Values of `kind` that together show every place where it allows a string, here `text`.

    Each value is as small as the model allows, but for one thing.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        yield arguments[0]
    elif origin in (Union, types.UnionType):
        for one in arguments:
            yield from every(one, text)
    elif origin is typing.Annotated:
        yield from every(arguments[0], text)
    elif origin is dict:
        for value in every(arguments[1], text):
            yield {text: value}
    elif origin is list:
        for value in every(arguments[0], text):
            yield [value]
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _models(kind, text)
    elif kind is object or kind is Any:
        yield from (text, [text], {text: text}, {"name": text})
    else:
        yield {str: text, bool: True, int: 1, float: 0.5, type(None): None}[kind]


def _models(kind: type[BaseModel], text: str) -> Iterator[Json]:
    kind.model_rebuild()
    fields = {
        field.alias or name: (field.annotation, field.is_required())
        for name, field in kind.model_fields.items()
    }
    small = {name: next(every(hint, text)) for name, (hint, needed) in fields.items() if needed}
    yield small
    for name, (hint, _) in fields.items():
        for value in every(hint, text):
            yield {**small, name: value}
