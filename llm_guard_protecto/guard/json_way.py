"""Where in a JSON text a reader is: keys and positions from the top, followed sign by sign."""

from __future__ import annotations

from llm_guard_protecto.policy import Step

__all__ = ["JsonWay"]


class JsonWay:
    """The way to the place that is being read.

    It is given every sign of the structure outside of strings, and every string once it has ended.
    Text that is no JSON leads somewhere too, the same place however it was cut.
    """

    __slots__ = ("_in_object", "_steps", "_top", "at_key")

    def __init__(self, top: tuple[Step, ...] = ()) -> None:
        """Start at the value that `top` leads to."""
        self._top = top
        self._steps: list[Step] = []
        self._in_object: list[bool] = []
        self.at_key = False

    def here(self) -> tuple[Step, ...]:
        """The way to the value that comes next; at a key its last step is None."""
        steps = [*self._steps[:-1], None] if self.at_key else self._steps
        return (*self._top, *steps)

    def sign(self, sign: str) -> None:
        """A sign of the structure has been read."""
        if sign in "{[":
            self._in_object.append(sign == "{")
            self._steps.append(None if sign == "{" else 0)
            self.at_key = sign == "{"
        elif sign in "}]":
            if self._steps:
                self._steps.pop()
                self._in_object.pop()
            self.at_key = False
        elif sign == "," and self._steps:
            last = self._steps[-1]
            self.at_key = self._in_object[-1]
            self._steps[-1] = last + 1 if isinstance(last, int) else None
        elif sign == ":":
            self.at_key = False

    def string(self, said: str) -> None:
        """A string has ended; `said` is what a key says."""
        if self.at_key and self._steps:
            self._steps[-1] = said
