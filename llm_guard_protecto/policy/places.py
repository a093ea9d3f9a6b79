"""Where values may be put back: the table `[restore]` of a policy."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    model_serializer,
)

from llm_guard_protecto.policy.paths import steps_of

__all__ = ["Addresses", "Restoring", "ToolRule"]

Addresses = Literal["own", "never", "always"]
"""In which addresses values may stand: in those the user wrote, in none, in any."""


def _a_path(path: str) -> str:
    steps_of(path)
    return path


@lru_cache(maxsize=1024)
def _steps(paths: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(steps_of, paths))


_Path = Annotated[str, Field(max_length=500), AfterValidator(_a_path)]


class ToolRule(BaseModel):
    """What is restored in the arguments of one tool.

    `arguments`: paths of what is restored, None for all; `except`: paths of what is not, whatever
    `arguments` says; `urls` and `images`: as in `Restoring`, None for what that says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    arguments: tuple[_Path, ...] | None = Field(default=None, max_length=200)
    but: tuple[_Path, ...] = Field(default=(), alias="except", max_length=200)
    urls: Addresses | None = None
    images: Addresses | None = None

    @model_serializer(mode="wrap")
    def _as_in_a_file(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        data["except"] = data.pop("but")
        return data

    @property
    def allowed(self) -> tuple[tuple[str, ...], ...] | None:
        """The steps of each path of `arguments`."""
        return None if self.arguments is None else _steps(self.arguments)

    @property
    def closed(self) -> tuple[tuple[str, ...], ...]:
        """The steps of each path of `except`."""
        return _steps(self.but)


class Restoring(BaseModel):
    """Where values may be put back.

    `text`: in what the model says; `tools`: in the arguments of tool calls, for all tools alike or
    by the tool's name, in which `*` stands for any characters; a tool that no name fits is open.
    `urls`: inside an address; `images`: inside what a page loads by itself, such as an image's
    source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: bool = True
    urls: Addresses = "own"
    images: Addresses = "own"
    tools: StrictBool | dict[str, StrictBool | ToolRule] = True

    def tool(self, name: str) -> ToolRule | None:
        """The rule of a tool's arguments; None when nothing is restored in them.

        A name that is written out decides before one with `*`, and of those the one with the most
        other characters. Where two of these have as many and differ, nothing is restored.
        """
        if isinstance(self.tools, bool):
            return _OPEN if self.tools else None
        rule: bool | ToolRule | None = self.tools.get(name)
        if rule is None:
            fitting = [(_sharpness(p), r) for p, r in self.tools.items() if _fits(p, name)]
            if not fitting:
                return _OPEN
            sharpest = max(sharp for sharp, _ in fitting)
            rules = [r for sharp, r in fitting if sharp == sharpest]
            if any(other != rules[0] for other in rules):
                return None
            rule = rules[0]
        if isinstance(rule, bool):
            return _OPEN if rule else None
        return rule

    @cached_property
    def any_tool_closed(self) -> bool:
        """Whether some tool has a rule that is not simply open."""
        if isinstance(self.tools, bool):
            return not self.tools
        return any(rule is not True and rule != _OPEN for rule in self.tools.values())


def _fits(pattern: str, name: str) -> bool:
    if "*" not in pattern:
        return False
    first, *middle, last = pattern.split("*")
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _sharpness(pattern: str) -> int:
    return len(pattern) - pattern.count("*")


_OPEN = ToolRule()
