"""What an SDK does beside HTTP: WebSockets are closed, its debug log is redacted.

A transport sees neither. The OpenAI SDK opens WebSockets with another package, straight to an
address it reads from its client. It logged every prompt at DEBUG before 3.0, and the Anthropic SDK
still does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NoReturn

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.switches import NEVER

__all__ = ["NoWebSockets", "redact_sdk_logs"]


class NoWebSockets:
    """Stands where a client keeps its WebSocket address; whoever looks at it is told why not.

    Every WebSocket entry point of the SDK (`realtime`, `responses`, `live`, Azure's) reads that
    address from the client first, so nothing is connected and nothing is sent.
    """

    def __getattribute__(self, name: str) -> NoReturn:
        """Raise `UnknownFormat`, whatever is asked."""
        raise UnknownFormat(
            "a protected client cannot open WebSockets (realtime, responses.connect, live): "
            f"what goes through them would not be masked {NEVER}"
        )

    def __repr__(self) -> str:
        """Say what this is, for whoever prints the client."""
        return "<no WebSockets on a protected client>"


class _RedactPrompts(logging.Filter):
    """Keeps of a logged request what says how it was sent, and drops what it said."""

    _HARMLESS = frozenset(
        ("method", "url", "headers", "max_retries", "timeout", "follow_redirects")
    )

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, Mapping):
            record.args = self._redacted(record.args)
        elif record.args:
            record.args = tuple(
                self._redacted(arg) if isinstance(arg, Mapping) else arg for arg in record.args
            )
        return True

    def _redacted(self, options: Mapping[str, object]) -> dict[str, object]:
        return {
            key: value if key in self._HARMLESS else "<redacted>" for key, value in options.items()
        }


_REDACT = _RedactPrompts()


def redact_sdk_logs() -> None:
    """Make the SDKs' request logs drop bodies. Process-wide; doing it twice changes nothing.

    Answers are never logged by the SDKs. Tracers in or around an SDK still see clear text.
    """
    for sdk in ("openai", "anthropic"):
        logging.getLogger(f"{sdk}._base_client").addFilter(_REDACT)
