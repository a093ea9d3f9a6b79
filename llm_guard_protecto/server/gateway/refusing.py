"""Calls that are not sent on: the answer says why, in a form that every SDK reads."""

from __future__ import annotations

import json

__all__ = ["Refused"]


class Refused(Exception):
    """The call is not sent on. The message goes to the caller, and quotes nothing."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[str, str]) -> None:
        """`code` is for programs; `headers` go with the answer."""
        super().__init__(message)
        self.status, self.code = status, code
        self._headers = headers

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Those of the answer. An SDK asks again only where that can help."""
        again = [] if self.status in (408, 429, 503) else [("x-should-retry", "false")]
        return [("content-type", "application/json"), *again, *self._headers]

    @property
    def content(self) -> bytes:
        """The body of the answer: OpenAI's form of an error, and Anthropic's."""
        error = {
            "message": str(self),
            "type": "llm_guard_protecto",
            "code": self.code,
            "param": None,
        }
        return json.dumps({"type": "error", "error": error}).encode()
