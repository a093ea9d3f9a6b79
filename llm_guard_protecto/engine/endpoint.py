"""A detector behind HTTP: the contract of Protecto's custom tags.

    PUT {"data": {"input_texts": ["..."]}, "tag_type": "CUSTOMER_ID"}

answered by `{"data": {"input_texts": [{"input_text": "...", "pii_identification": [{"type": ...,
"text": ..., "start": 0, "end": 5}]}]}}`, or by a bare list `[{"text": ..., "start": ..., "end":
...}]` for a single text. Positions are characters, the end exclusive.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.models import Span

__all__ = ["Endpoint", "http_library", "read_json"]

_LARGEST = 64_000_000
"""Bytes of an answer that are read."""


class Endpoint:
    """Asks an HTTP endpoint for the places of one entity. Thread-safe; give it to a vault.

    `LocalVault(detectors=[Endpoint("https://ids.example.com/find", "CUSTOMER_ID")])`

    The texts it sends are clear: it goes straight to `url`, follows no redirect and uses no proxy
    of the environment. A wrong or late answer, or none, raises `DetectionFailed`.
    """

    def __init__(
        self,
        url: str,
        entity: str,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "PUT",
        timeout: float = 10.0,
        client: Any = None,
    ) -> None:
        """`timeout` is in seconds, for connecting and for each wait for bytes.

        `client` is an `httpx.Client` (or httpx2's) to use instead of one of our own. Raises
        `ConfigurationError` for an address that is not HTTP, or when there is no HTTP library.
        """
        if not url.startswith(("https://", "http://")):
            raise ConfigurationError("the address of an endpoint starts with https:// or http://")
        self._url = url
        self._entity = entity
        self._headers = dict(headers or {})
        self._method = method
        self._client = client or http_library().Client(
            timeout=timeout, trust_env=False, follow_redirects=False
        )
        self._one_by_one = threading.Event()

    def __repr__(self) -> str:
        """Name the entity; addresses and headers may hold a secret."""
        return f"Endpoint({self._entity})"

    @property
    def __name__(self) -> str:
        return f"endpoint:{self._entity}"

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Ask for the places in each text; raises `DetectionFailed`."""
        failure = ""
        try:
            if not self._one_by_one.is_set():
                answer = self._ask(texts)
                if len(texts) == 1 or not _bare(answer):
                    return self._read(answer, texts)
                self._one_by_one.set()  # it names no text, so ask about one at a time
            return [self._read(self._ask([text]), [text])[0] for text in texts]
        except DetectionFailed:
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, nothing may be sent)
            failure = type(error).__name__
        raise self._failed(failure)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, texts: Sequence[str]) -> Any:
        body = {"data": {"input_texts": list(texts)}, "tag_type": self._entity}
        headers = {"content-type": "application/json", "accept": "application/json"}
        with self._client.stream(
            self._method, self._url, content=json.dumps(body), headers=headers | self._headers
        ) as answer:
            return read_json(answer, self._failed)

    def _read(self, answer: Any, texts: Sequence[str]) -> list[list[Span]]:
        if _bare(answer):
            return [self._spans(texts[0], answer)]
        items = answer["data"]["input_texts"]
        if len(items) != len(texts):
            raise self._failed("an answer for another number of texts")
        found: list[list[Span]] = []
        for text, item in zip(texts, items, strict=True):
            if item.get("input_text", text) != text:
                raise self._failed("an answer for another text")
            found.append(self._spans(text, item["pii_identification"]))
        return found

    def _spans(self, text: str, places: Sequence[Mapping[str, Any]]) -> list[Span]:
        return [self._span(text, place) for place in places]

    def _span(self, text: str, place: Mapping[str, Any]) -> Span:
        """The span of one find. The text it names decides where its positions do not fit."""
        start, end = place["start"], place["end"]
        value = place.get("text")
        if value is not None and text[start:end] != value:
            start = text.find(value) if value else -1
            end = start + len(value)
        if not 0 <= start < end <= len(text):
            raise self._failed("a place that is not in the text")
        return Span(start, end, place.get("type") or self._entity, 1.0, self.__name__)

    def _failed(self, reason: str) -> DetectionFailed:
        return DetectionFailed(f"the endpoint for {self._entity} failed ({reason})")


def _bare(answer: Any) -> bool:
    return isinstance(answer, list)


def read_json(answer: Any, failed: Callable[[str], DetectionFailed]) -> Any:
    """What a streamed answer says. Raises what `failed` makes of a reason, or `ValueError`."""
    if answer.status_code != 200:
        raise failed(f"status {answer.status_code}")
    data = bytearray()
    for piece in answer.iter_bytes():
        data += piece
        if len(data) > _LARGEST:
            raise failed("an answer without end")
    return json.loads(data)


def http_library() -> Any:
    """The installed HTTP library. Raises `ConfigurationError` when there is none."""
    for name in ("httpx", "httpx2"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ConfigurationError("an endpoint needs httpx: pip install httpx")
