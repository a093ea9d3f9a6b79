"""How a mistake in a policy is told: where it is, what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

__all__ = ["mistakes", "unknown"]


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Say that there is no such thing, and what there is."""
    return f"unknown {what} {name!r}; known: {', '.join(known)}"


def mistakes(error: ValidationError, where: str, model: type[BaseModel]) -> list[str]:
    """Each mistake as `place: what is wrong`, without echoing the value that was given."""
    found = []
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        inside = detail["loc"]
        place = ".".join([where, *map(str, inside)]).strip(".")
        if detail["type"] == "extra_forbidden":
            known = _model(model, inside[:-1]).model_fields
            names = ", ".join(field.alias or name for name, field in known.items())
            found.append(f"{place}: unknown key; known: {names}")
        else:
            found.append(f"{place}: {detail['msg']}")
    return found


def _model(model: type[BaseModel], way: Iterable[object]) -> type[BaseModel]:
    """The model that stands at `way` inside another."""
    for part in way:
        field = model.model_fields.get(str(part))
        kind = field.annotation if field is not None else None
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            model = kind
    return model
