"""A small HTTP server on a free loopback port, so that a fake provider can have a real address."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

__all__ = ["serve"]

Handler = Callable[[str, str, str, Mapping[str, str], bytes], tuple[int, str, Iterator[bytes]]]
"""Method, path, query, headers and body in; status, content type and pieces of body out."""


@contextmanager
def serve(handler: Handler) -> Iterator[str]:
    """Answer requests with `handler` while the block runs; the server's address."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer one request."""
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, kind, pieces = handler(self.command, url.path, url.query, headers, body)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("transfer-encoding", "chunked")
            self.send_header("connection", "close")  # so that no thread outlives the block
            self.end_headers()
            for piece in filter(None, pieces):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_DELETE = do_POST  # noqa: N815

        def handle(self) -> None:
            """Answer until the caller has gone, however it goes."""
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
