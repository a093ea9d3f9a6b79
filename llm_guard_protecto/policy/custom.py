"""Entities that a policy declares itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from llm_guard_protecto.policy.mistakes import mistakes

__all__ = ["CustomEntity", "declared", "placed"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class CustomEntity(BaseModel):
    """An entity that the policy itself declares, or more ways to find one of the entity table.

    `patterns` are expressions of the linear-time engine: no look-around and no back-reference,
    `(?i)` for any case; a match counts between word borders. `score` is what a match is worth, and
    a word of `near` within 40 characters before it or 18 after makes it certain (1.0): below 0.5
    a match counts beside such a word only. `values` are found wherever they stand as whole words,
    in any case with `fold`; `values_file` holds more of them, one a line, or in a CSV or TSV file
    the column of this name or number (from 1, then without a header). With none of these the
    entity is left to detectors of the caller.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    patterns: tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...] = Field(
        default=(), max_length=200
    )
    near: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(
        default=(), max_length=200
    )
    score: float = Field(default=1.0, gt=0.0, le=1.0)
    values: tuple[str, ...] = Field(default=(), max_length=10_000, repr=False)
    values_file: str | None = Field(default=None, min_length=1)
    column: str | int | None = None
    fold: bool = False

    @model_validator(mode="after")
    def _can_find(self) -> CustomEntity:
        if self.patterns and self.score < 0.5 and not self.near:
            raise ValueError("a score below 0.5 finds nothing without words in near")
        if self.near and not self.patterns:
            raise ValueError("near needs patterns")
        if self.column is not None and self.values_file is None:
            raise ValueError("column needs values_file")
        if isinstance(self.column, int) and self.column < 1:
            raise ValueError("columns are counted from 1")
        return self


def declared(tables: object) -> tuple[dict[str, CustomEntity], list[str]]:
    """The custom entities of a policy file, and the mistakes in them."""
    if not isinstance(tables, Mapping):
        return {}, ["custom: must be a table of entity names"]
    custom: dict[str, CustomEntity] = {}
    wrong: list[str] = []
    for name, table in tables.items():
        if not _NAME.fullmatch(str(name)):
            wrong.append(f"custom.{name}: a name is letters, digits and _, a letter first")
        elif not isinstance(table, Mapping):
            wrong.append(f"custom.{name}: must be a table of settings")
        else:
            try:
                custom[name] = CustomEntity.model_validate(dict(table))
            except ValidationError as error:
                wrong += mistakes(error, f"custom.{name}", CustomEntity)
                custom[name] = CustomEntity()  # it is declared, however badly
    return custom, wrong


def placed(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The data of a policy file in `folder`, with the paths in it made absolute."""
    moved = dict(data)
    tables = moved.get("custom")
    if isinstance(tables, Mapping):
        moved["custom"] = {
            name: table | {"values_file": str((folder / table["values_file"]).absolute())}
            if isinstance(table, dict) and isinstance(table.get("values_file"), str)
            else table
            for name, table in tables.items()
        }
    return moved
