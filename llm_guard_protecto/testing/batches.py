"""What `FakeProvider` keeps of files and batches, for later calls.

A batch is done when it is first read. Everything stays in this object's memory, exactly as it was
received.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.testing.stored import Answer, Asked, Calls, Json, StoredResponses, listed

__all__ = ["StoredFiles"]


@dataclass(frozen=True, slots=True)
class _Part:
    filename: str
    content: bytes = field(repr=False)


class StoredFiles(Calls):
    """Files, batches, and batches of messages."""

    def __init__(self) -> None:
        """Start without any."""
        super().__init__()
        self._files: dict[str, tuple[Json, bytes]] = {}
        self._batches: dict[str, Json] = {}
        self._message_batches: dict[str, tuple[Json, list[Json]]] = {}

    # Files and batches ----------------------------------------------------------------------------

    def _upload(self, asked: Asked) -> Json:
        parts = _form(asked.body)
        return self._keep_file(parts["file"], parts["purpose"].content.decode())

    def _keep_file(self, part: _Part, purpose: str) -> Json:
        made: Json = {
            "id": self._id("file"),
            "object": "file",
            "bytes": len(part.content),
            "created_at": 0,
            "filename": part.filename,
            "purpose": purpose,
            "status": "processed",
        }
        self._files[made["id"]] = (made, part.content)
        return made

    def _file(self, _asked: Asked, name: str) -> Json:
        return self._files[name][0]

    def _file_list(self, _asked: Asked) -> Json:
        return listed([file for file, _ in self._files.values()])

    def _file_delete(self, _asked: Asked, name: str) -> Json:
        del self._files[name]
        return {"id": name, "object": "file", "deleted": True}

    def _content(self, _asked: Asked, name: str) -> Answer:
        return 200, "application/octet-stream", iter([self._files[name][1]])

    def _batch(self, asked: Asked) -> Json:
        made: Json = asked.json() | {
            "id": self._id("batch"),
            "object": "batch",
            "created_at": 0,
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
        }
        self._batches[made["id"]] = made
        return made

    def _batch_read(self, asked: Asked, name: str) -> Json:
        batch = self._batches[name]
        if batch["status"] == "validating":
            lines = [
                {
                    "id": self._id("batch_req"),
                    "custom_id": line["custom_id"],
                    "response": {
                        "status_code": 200,
                        "request_id": self._id("req"),
                        "body": self._batch_reply(asked, line),
                    },
                    "error": None,
                }
                for line in map(json.loads, self._files[batch["input_file_id"]][1].splitlines())
            ]
            part = _Part(f"{name}_output.jsonl", _lines(lines))
            batch["output_file_id"] = self._keep_file(part, "batch_output")["id"]
            batch["status"] = "completed"
        return batch

    def _batch_reply(self, asked: Asked, line: Json) -> Json:
        if line["url"].endswith("/responses"):
            body = json.dumps(line["body"] | {"store": False}).encode()
            said = StoredResponses().respond(Asked("POST", line["url"], "", body, asked.says))
            return said if isinstance(said, dict) else {}
        text = asked.says(line["body"]["messages"])
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}
        return {"id": self._id("chatcmpl"), "object": "chat.completion", "choices": [choice]}

    def _batch_cancel(self, _asked: Asked, name: str) -> Json:
        self._batches[name]["status"] = "cancelled"
        return self._batches[name]

    def _batch_list(self, _asked: Asked) -> Json:
        return listed(list(self._batches.values()))

    # Message batches ------------------------------------------------------------------------------

    def _messages_batch(self, asked: Asked) -> Json:
        name = self._id("msgbatch")
        made = {
            "id": name,
            "type": "message_batch",
            "processing_status": "in_progress",
            "created_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-02T00:00:00Z",
            "request_counts": dict.fromkeys(
                ("processing", "succeeded", "errored", "canceled", "expired"), 0
            ),
            "results_url": None,
        }
        results = [
            {
                "custom_id": one["custom_id"],
                "result": {
                    "type": "succeeded",
                    "message": {
                        "id": self._id("msg"),
                        "type": "message",
                        "role": "assistant",
                        "model": one["params"].get("model", "fake"),
                        "content": [
                            {"type": "text", "text": asked.says(one["params"]["messages"])}
                        ],
                        "stop_reason": "end_turn",
                        "stop_sequence": None,
                        "usage": {"input_tokens": 1, "output_tokens": 1},
                    },
                },
            }
            for one in asked.json()["requests"]
        ]
        self._message_batches[name] = (made, results)
        return made

    def _messages_batch_read(self, _asked: Asked, name: str) -> Json:
        made, _ = self._message_batches[name]
        made["processing_status"] = "ended"
        made["results_url"] = f"/v1/messages/batches/{name}/results"
        return made

    def _messages_batch_results(self, _asked: Asked, name: str) -> Answer:
        return 200, "application/x-jsonl", iter([_lines(self._message_batches[name][1])])


_ID = "([A-Za-z0-9_-]+)"
_MESSAGES = "/v1/messages/batches"

StoredFiles.rows = (
    ("POST", _MESSAGES, StoredFiles._messages_batch),
    ("GET", f"{_MESSAGES}/{_ID}", StoredFiles._messages_batch_read),
    ("GET", f"{_MESSAGES}/{_ID}/results", StoredFiles._messages_batch_results),
    ("POST", "/files", StoredFiles._upload),
    ("GET", "/files", StoredFiles._file_list),
    ("GET", f"/files/{_ID}", StoredFiles._file),
    ("DELETE", f"/files/{_ID}", StoredFiles._file_delete),
    ("GET", f"/files/{_ID}/content", StoredFiles._content),
    ("POST", "/batches", StoredFiles._batch),
    ("GET", "/batches", StoredFiles._batch_list),
    ("GET", f"/batches/{_ID}", StoredFiles._batch_read),
    ("POST", f"/batches/{_ID}/cancel", StoredFiles._batch_cancel),
)


def _lines(objects: Sequence[Json]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def _form(body: bytes) -> dict[str, _Part]:
    """The parts of a form by their names, as a lenient server reads them."""
    boundary = body.partition(b"\r\n")[0]
    parts: dict[str, _Part] = {}
    for piece in body.split(boundary)[1:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(name|filename)="([^"]*)"', head.decode()))
        parts[names["name"]] = _Part(names.get("filename", ""), content.removesuffix(b"\r\n"))
    return parts
