"""Which provider API a call speaks. A call that no row covers is not sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.anthropic_batches import (
    MESSAGE_BATCH_RESULTS,
    MESSAGE_BATCHES,
    READ_MESSAGE_BATCH,
)
from llm_guard_protecto.wire.anthropic_messages import MESSAGES
from llm_guard_protecto.wire.any_json import ANY_JSON, AS_IT_IS
from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.openai_batches import BATCH, READ_BATCH
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.openai_completions import COMPLETIONS
from llm_guard_protecto.wire.openai_conversations import CONVERSATIONS, READ_CONVERSATION
from llm_guard_protecto.wire.openai_files import FILE_CONTENT, FILES, READ_FILE
from llm_guard_protecto.wire.openai_inputs import EMBEDDINGS, MODERATIONS
from llm_guard_protecto.wire.openai_responses import RESPONSES, STORED_RESPONSES
from llm_guard_protecto.wire.slots import Format
from llm_guard_protecto.wire.switches import NEVER, is_on, opens
from llm_guard_protecto.wire.ties import TIES, Ties

__all__ = ["ROUTES", "Route", "format_for", "route_for"]

ROUTES: tuple[tuple[str, str, Format], ...] = (
    ("POST", "/chat/completions", CHAT),
    ("POST", "/completions", COMPLETIONS),
    ("POST", "/embeddings", EMBEDDINGS),
    ("POST", "/moderations", MODERATIONS),
    ("POST", "/responses", RESPONSES),
    ("POST", "/responses/input_tokens", RESPONSES),
    ("POST", "/responses/compact", RESPONSES),
    ("GET", "/responses/{id}", Bodiless("openai_responses_read", STORED_RESPONSES)),
    ("GET", "/responses/{id}/input_items", Bodiless("openai_responses_read", STORED_RESPONSES)),
    ("POST", "/responses/{id}/cancel", Bodiless("openai_responses_read", STORED_RESPONSES)),
    ("DELETE", "/responses/{id}", Bodiless("openai_responses_delete")),
    ("POST", "/conversations", CONVERSATIONS),
    ("GET", "/conversations/{id}", READ_CONVERSATION),
    ("POST", "/conversations/{id}", CONVERSATIONS),
    ("DELETE", "/conversations/{id}", READ_CONVERSATION),
    ("POST", "/conversations/{id}/items", CONVERSATIONS),
    ("GET", "/conversations/{id}/items", READ_CONVERSATION),
    ("GET", "/conversations/{id}/items/{id}", READ_CONVERSATION),
    ("DELETE", "/conversations/{id}/items/{id}", READ_CONVERSATION),
    ("POST", "/files", FILES),
    ("GET", "/files", READ_FILE),
    ("GET", "/files/{id}", READ_FILE),
    ("DELETE", "/files/{id}", Bodiless("openai_files_delete")),
    ("GET", "/files/{id}/content", FILE_CONTENT),
    ("POST", "/batches", BATCH),
    ("GET", "/batches", READ_BATCH),
    ("GET", "/batches/{id}", READ_BATCH),
    ("POST", "/batches/{id}/cancel", READ_BATCH),
    ("GET", "/models", Bodiless("models")),
    ("GET", "/models/{id}", Bodiless("models")),
    ("POST", "/v1/messages", MESSAGES),
    ("POST", "/v1/messages/count_tokens", MESSAGES),
    ("POST", ":rawPredict", MESSAGES),
    ("POST", ":streamRawPredict", MESSAGES),
    ("POST", "/model/{id}/invoke", MESSAGES),
    ("POST", "/v1/messages/batches", MESSAGE_BATCHES),
    ("GET", "/v1/messages/batches", READ_MESSAGE_BATCH),
    ("GET", "/v1/messages/batches/{id}", READ_MESSAGE_BATCH),
    ("POST", "/v1/messages/batches/{id}/cancel", READ_MESSAGE_BATCH),
    ("DELETE", "/v1/messages/batches/{id}", READ_MESSAGE_BATCH),
    ("GET", "/v1/messages/batches/{id}/results", MESSAGE_BATCH_RESULTS),
)
"""Method, end of the path, format. What comes before is the provider's affair: `/v1`,
`/openai/deployments/NAME`, a proxy's prefix. `{id}` is one segment that looks like an id. The
longest end that fits counts."""


@dataclass(frozen=True, slots=True)
class Route:
    """The row of a call, the ids in its path, and how it is tied to others."""

    tail: str
    format: Format
    ids: Sequence[str]
    ties: Ties | None


def route_for(method: str, path: str) -> Route:
    """Return the route of a call. `path` is the URL's path alone, without host and query.

    Raises UnknownFormat for every call that is not in `ROUTES`, such as reading a stored
    completion: its answer, or its path, could hold text that nobody looks at.
    """
    route = _found(method.upper(), path)
    if route is None:
        return Route("", _uncovered(method.upper(), path), (), None)
    if not _PATH.fullmatch(path):
        raise UnknownFormat(f"the path of this call cannot be masked, so it was not sent {NEVER}")
    return route


@lru_cache(maxsize=256)
def _found(method: str, path: str) -> Route | None:
    """The longest row that fits."""
    rows = [
        (tail, found, ids)
        for known, tail, found in ROUTES
        if method == known and (ids := _ends(path, tail)) is not None
    ]
    if not rows:
        return None
    tail, found, ids = max(rows, key=lambda row: row[0].count("/"))
    return Route(tail, found, ids, TIES.get((method, tail)))


def _uncovered(method: str, path: str) -> Format:
    """The format of a call without a row, if a policy lets it pass."""
    if is_on("unknown_routes=send"):
        return AS_IT_IS
    if is_on("unknown_routes=mask"):
        return ANY_JSON if method in ("POST", "PUT", "PATCH") else Bodiless("any_json")
    raise UnknownFormat(
        f"{_shown(method)} {_shown(path)} is not covered by llm_guard_protecto, "
        "so it was not sent " + opens("unknown_routes", '"mask"')
    )


def format_for(method: str, path: str) -> Format:
    """Return the format of a call; see `route_for`."""
    return route_for(method, path).format


def _ends(path: str, tail: str) -> Sequence[str] | None:
    """The ids in a path that ends so; None when it does not."""
    if "{id}" not in tail:
        return () if f"/{path}".endswith(tail) else None
    found = re.search(re.escape(tail).replace(_ID, _ID_LOOKS) + r"\Z", f"/{path}")
    return None if found is None else found.groups()


# What comes before a known end is made of names and ids as well.
_PATH = re.compile(r"[A-Za-z0-9_.:/@~+=-]*")
_ID = re.escape("{id}")
_ID_LOOKS = "([A-Za-z0-9_.:-]{1,128})"


def _shown(text: str) -> str:
    """Write a path for a message, without segments that could be more than a name or an id."""
    return "/".join(p if re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", p) else "…" for p in text.split("/"))
