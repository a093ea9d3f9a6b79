"""The chats in a database. Only masked text comes here: whoever reads the file reads tokens."""

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

TABLE = """
create table if not exists messages (
    number integer primary key,
    customer text not null,
    role text not null,
    masked text not null,
    at text not null
)
"""


class Message(TypedDict):
    """One message of a chat; `content` is masked where it comes from here."""

    role: str
    content: str


class History:
    """The messages of every customer, the oldest first."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute(TABLE)

    def add(self, customer: str, role: str, masked: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock, self._database as database:
            database.execute(
                "insert into messages (customer, role, masked, at) values (?, ?, ?, ?)",
                (customer, role, masked, now),
            )

    def of(self, customer: str) -> list[Message]:
        with self._lock:
            rows = self._database.execute(
                "select role, masked from messages where customer = ? order by number", (customer,)
            ).fetchall()
        return [{"role": role, "content": masked} for role, masked in rows]

    def forget(self, customer: str) -> None:
        with self._lock, self._database as database:
            database.execute("delete from messages where customer = ?", (customer,))

    def close(self) -> None:
        self._database.close()
