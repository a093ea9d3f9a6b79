"""A customer's own service on a real socket: finds ids in texts, and lists those that are real."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Customer", "customer"]


@dataclass
class Customer:
    """What the service does; `status` and `known` may be changed while it runs."""

    url: str = ""
    status: int = 200
    known: Any = field(default_factory=lambda: ["ID-2001", "ID-3001"])
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, body: bytes) -> Any:
        if path == "/list":
            return self.known
        said = json.loads(body)
        return {
            "data": {
                "input_texts": [
                    {
                        "input_text": text,
                        "pii_identification": [
                            {
                                "type": said["tag_type"],
                                "text": found.group(),
                                "start": found.start(),
                                "end": found.end(),
                            }
                            for found in re.finditer(r"ID-\d{4}", text)
                        ],
                    }
                    for text in said["data"]["input_texts"]
                ]
            }
        }


@contextmanager
def customer() -> Iterator[Customer]:
    """The service, running."""
    state = Customer()

    class Answering(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.asked.append((self.command, self.path, headers))
            raw = json.dumps(state.answer(self.path, body)).encode()
            self.send_response(state.status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield state
        finally:
            server.shutdown()
