"""What the server writes down: one line for each event, for people or for programs.

No formatter here prints an exception's own words: they may quote a text that was to be masked.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any, Literal

__all__ = ["JsonLines", "LogFormat", "TextLines", "request_id", "start"]

LogFormat = Literal["text", "json"]

_PLAIN = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}")


def request_id(asked: bytes | None) -> str:
    """The number of a request: the caller's own if it is a UUID or 32 hex digits, else a new one.

    Any other text may have a meaning, and what has a meaning does not go into a log.
    """
    if asked is not None and _PLAIN.fullmatch(asked):
        return asked.decode()
    return secrets.token_hex(16)


def start(form: LogFormat) -> None:
    """Log to stderr: our own events from INFO on, everybody else's from WARNING on."""
    # No line of ours names a thread or a process, and finding out costs more than the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("llm_guard_protecto.server").setLevel(logging.INFO)


class _Lines(logging.Formatter):
    def __init__(self, form: str | None = None) -> None:
        """As for every formatter; the time of a second is written once."""
        super().__init__(form)
        self._second = (-1, "")

    def formatTime(  # noqa: N802 - as below
        self,
        record: logging.LogRecord,
        datefmt: str | None = None,  # noqa: ARG002 - there is one way
    ) -> str:
        """The local time, to the millisecond."""
        second = int(record.created)
        if self._second[0] != second:
            self._second = (second, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second)))
        return f"{self._second[1]},{int(record.msecs):03}"

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """The type of an exception and where it was raised."""
        kind, _, trace = ei
        frames = extract_tb(trace)
        where = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
        return f"{kind.__name__ if kind else 'no error'}{where}"


class TextLines(_Lines):
    """Time, level, message; then the number of the request if there is one."""

    def __init__(self) -> None:
        """Write the time as logging does."""
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as above
        """The line without its exception."""
        number = getattr(record, "request", None)
        line = super().formatMessage(record)
        return line if number is None else f"{line} {number}"


class JsonLines(_Lines):
    """One JSON object a line: `time` (ISO 8601, UTC), `level`, `logger`, `message`, and more."""

    def format(self, record: logging.LogRecord) -> str:
        """The whole line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ("request", "method", "route", "status", "ms"):
            if (value := getattr(record, name, None)) is not None:
                said[name] = value
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said)
