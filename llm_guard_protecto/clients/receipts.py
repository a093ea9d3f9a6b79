"""Receipts and records of the calls of a protected client: made here, and found again here.

The transport opens a `Call` for each request and ends it once, when its reply has ended, was cut,
or was never asked for. What the caller holds then (a parsed object, a stream, a response, an error)
leads back to it: `receipt` goes by the response inside, or by the request's id in its headers.
"""

from __future__ import annotations

import inspect
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.clients.ahead import Ahead
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.guard.exchange import Exchange
from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

if TYPE_CHECKING:
    import httpx2

__all__ = ["EXTENSION", "HEADER", "REMEMBERED", "Call", "Listeners", "Record", "receipt"]

HEADER = "x-llm-guard-receipt"
"""Header of every reply: the receipt as compact JSON, as far as it goes when the headers leave."""

EXTENSION = "llm_guard_receipt"
"""Name under which a response's `extensions` lead to its receipt."""

REMEMBERED = 1024
"""Receipts that are kept for parsed replies, the oldest forgotten first."""

_IDS = ("x-request-id", "request-id")  # as OpenAI's SDK and as Anthropic's SDK read it

_LAST_EVENTS = (
    b": [DONE]",
    b'"message_stop"',
    b'"response.completed"',
    b'"response.incomplete"',
    b'"response.failed"',
)
"""After these nothing of a stream follows, and some readers close it then and there."""

log = logging.getLogger("llm_guard_protecto")


@dataclass(frozen=True, slots=True)
class Record:
    """One call as the provider saw it: masked, so it may be logged and kept.

    `request` are the bytes of the body that was sent; `reply` those of the reply as they came, a
    stream's events in a row, empty for a reply that is no text; at most as many as
    `Limits.reply`. `path` is the URL's.
    """

    path: str
    request: bytes = field(repr=False)
    reply: bytes = field(repr=False)
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told of each call when it has ended, in the thread that ended it.

    What they raise is logged by its type and changes nothing. Raises `ConfigurationError` for
    coroutine functions: nobody would await them.
    """

    on_receipt: Callable[[Receipt], object] | None = None
    on_exchange: Callable[[Record], object] | None = None

    def __post_init__(self) -> None:
        for name, listener in (("on_receipt", self.on_receipt), ("on_exchange", self.on_exchange)):
            if listener is not None and not callable(listener):
                raise ConfigurationError(f"{name} must be callable")
            if inspect.iscoroutinefunction(listener):
                raise ConfigurationError(f"{name} must not be a coroutine function")


class Call:
    """One call of a protected client, from its request to the end of its reply."""

    def __init__(
        self,
        path: str,
        listeners: Listeners,
        policy: PolicyChoice,
        vault: Vault | AsyncVault,
        most: int,
        ahead: Ahead | None = None,
    ) -> None:
        """`policy` is the guard's choice; of the reply, `most` bytes are kept for a record.

        `ahead` is told of a reply that has come to its end.
        """
        self._path, self._listeners, self._most = path, listeners, most
        self._ahead = ahead
        explained = isinstance(policy, Policy) or callable(getattr(vault, "policy", None))
        name = policy.name if isinstance(policy, Policy) else policy or ""
        # What a vault does not explain has a name at most.
        self._policy = None if explained else (name, "")
        self._named = name
        self._exchange: Exchange | None = None
        self._ended: Receipt | None = None
        self._lock = threading.Lock()
        self._ids: list[str] = []
        self._last = b"", b""
        self._reply: list[bytes] = []
        self._size = 0
        self.over = False
        """Whether the reply has come to its end, whoever closes it now."""

    def opened(self, exchange: Exchange) -> None:
        """The request is masked and about to be sent."""
        self._exchange = exchange

    def heard(self, piece: bytes) -> None:
        """The next bytes of the reply, masked."""
        self._last = self._last[1], piece
        if self._listeners.on_exchange is not None and self._size < self._most:
            self._reply.append(piece[: self._most - self._size])
            self._size += len(piece)

    @property
    def receipt(self) -> Receipt:
        """The receipt, as far as the call has come."""
        exchange = self._exchange
        if self._ended is not None:
            return self._ended
        if exchange is None:
            return Receipt("refused", policy=self._named)
        return exchange.receipt("open", self._policy)

    def end(self, outcome: str = "") -> Receipt:
        """The call has ended, only the first time counts. Tells the listeners.

        `outcome` as in `Receipt`; by default `whole` if the reply is over, else `cut`.
        """
        over = self.over or any(last in b"".join(self._last) for last in _LAST_EVENTS)
        outcome = outcome or ("whole" if over else "cut")
        with self._lock:
            if self._ended is not None:
                return self._ended
            exchange, self._exchange = self._exchange, None
            if exchange is None:
                ended = Receipt("refused", policy=self._named)
            else:
                ended = exchange.receipt(outcome, self._policy)
            self._ended = ended
        for name in self._ids:
            _remember(name, ended)
        request = b"" if exchange is None else exchange.body
        if self._listeners.on_receipt is not None:
            _tell(self._listeners.on_receipt, ended)
        if self._listeners.on_exchange is not None:
            said = b"".join(self._reply)
            _tell(self._listeners.on_exchange, Record(self._path, request, said, ended))
        if self._ahead is not None and exchange is not None and outcome == "whole":
            self._ahead.heard(exchange.replied)
        self._reply.clear()
        self._last = b"", b""
        return ended

    def stamp(self, response: httpx2.Response) -> httpx2.Response:
        """Put the receipt into a response, and the way to find it again."""
        headers = response.headers
        given = [headers[name] for name in _IDS if headers.get(name)]
        own = given[0] if given else f"guard-{secrets.token_hex(12)}"
        for name in _IDS:
            if not headers.get(name):
                headers[name] = own
        self._ids = list(dict.fromkeys(headers[name] for name in _IDS))
        headers[HEADER] = self.receipt.as_json()
        response.extensions = {**response.extensions, EXTENSION: self}
        if self._ended is not None:
            for name in self._ids:
                _remember(name, self._ended)
        return response


def receipt(reply: object) -> Receipt:
    """Return what happened to the call that `reply` came from, in counts.

    `reply` is what a call of a protected client gave: a parsed object, a stream (complete once the
    stream has ended), a raw response, an `httpx` response, or the SDK's error. Parsed objects are
    known by the id of their request; the last 1,024 are remembered. Raises `ConfigurationError` for
    anything else.
    """
    for response in _responses(reply):
        extensions = getattr(response, "extensions", None)
        call = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
        if isinstance(call, Call):
            return call.receipt
    name = getattr(reply, "_request_id", None)
    with _LOCK:
        found = _RECEIPTS.get(name) if isinstance(name, str) else None
    if found is None:
        raise ConfigurationError(
            f"there is no receipt for this {type(reply).__name__}: it is no reply of a protected "
            f"client, or {REMEMBERED} have come since"
        )
    return found


def _responses(reply: object) -> Iterator[object]:
    """Every response that `reply` is or holds, as the SDKs name them."""
    yield reply
    for name in ("response", "http_response", "_response", "_raw_stream"):
        inner = getattr(reply, name, None)
        yield inner
        yield getattr(inner, "response", None)


_RECEIPTS: OrderedDict[str, Receipt] = OrderedDict()
_LOCK = threading.Lock()


def _remember(name: str, ended: Receipt) -> None:
    with _LOCK:
        _RECEIPTS[name] = ended
        _RECEIPTS.move_to_end(name)
        if len(_RECEIPTS) > REMEMBERED:
            _RECEIPTS.popitem(last=False)


def _tell(listener: Callable[[Any], object], news: Receipt | Record) -> None:
    try:
        listener(news)
    except Exception as error:  # noqa: BLE001 - a log that is full must not break the call
        log.error("a listener for %s failed: %s", type(news).__name__, type(error).__name__)
