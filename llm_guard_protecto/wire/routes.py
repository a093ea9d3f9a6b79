"""Which provider API a call speaks. A call that no row covers is not sent."""

from __future__ import annotations

import re

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.anthropic_messages import MESSAGES
from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.openai_completions import COMPLETIONS
from llm_guard_protecto.wire.openai_inputs import EMBEDDINGS, MODERATIONS
from llm_guard_protecto.wire.openai_responses import RESPONSES
from llm_guard_protecto.wire.slots import Format

__all__ = ["ROUTES", "format_for"]

ROUTES: tuple[tuple[str, str, Format], ...] = (
    ("POST", "/chat/completions", CHAT),
    ("POST", "/completions", COMPLETIONS),
    ("POST", "/embeddings", EMBEDDINGS),
    ("POST", "/moderations", MODERATIONS),
    ("POST", "/responses", RESPONSES),
    ("POST", "/responses/input_tokens", RESPONSES),
    ("POST", "/responses/compact", RESPONSES),
    ("DELETE", "/responses/{id}", Bodiless("openai_responses_delete")),
    ("GET", "/models", Bodiless("models")),
    ("GET", "/models/{id}", Bodiless("models")),
    ("POST", "/v1/messages", MESSAGES),
    ("POST", "/v1/messages/count_tokens", MESSAGES),
    ("POST", ":rawPredict", MESSAGES),
    ("POST", ":streamRawPredict", MESSAGES),
    ("POST", "/model/{id}/invoke", MESSAGES),
)
"""Method, end of the path, format. What comes before is the provider's affair: `/v1`,
`/openai/deployments/NAME`, a proxy's prefix. `{id}` is one segment that looks like an id."""

STORED: tuple[tuple[str, str], ...] = (
    ("GET", "/responses/{id}"),
    ("GET", "/responses/{id}/input_items"),
    ("POST", "/responses/{id}/cancel"),
)
"""Calls that read what an earlier call left with the provider. What that one masked is known to
nobody by now."""


def format_for(method: str, path: str) -> Format:
    """Return the format of a call. `path` is the URL's path alone, without host and query.

    Raises UnknownFormat for every call that is not in `ROUTES`, such as uploading a file or reading
    a stored completion: its answer, or its path, could hold text that nobody looks at.
    """
    for known, tail, found in ROUTES:
        if method.upper() == known and _ends(path, tail):
            return found
    if any(method.upper() == known and _ends(path, tail) for known, tail in STORED):
        raise UnknownFormat(
            f"{_shown(method.upper())} {_shown(path)} reads a stored response, whose tokens "
            "could not be restored yet (this comes with stored maps), so it was not sent"
        )
    raise UnknownFormat(
        f"{_shown(method.upper())} {_shown(path)} is not covered by llm_guard_protecto, "
        "so it was not sent"
    )


def _ends(path: str, tail: str) -> bool:
    if "{id}" not in tail:
        return f"/{path}".endswith(tail)
    return re.search(re.escape(tail).replace(_ID, _ID_LOOKS) + r"\Z", f"/{path}") is not None


_ID = re.escape("{id}")
_ID_LOOKS = "[A-Za-z0-9_.:-]{1,128}"


def _shown(text: str) -> str:
    """Write a path for a message, without segments that could be more than a name or an id."""
    return "/".join(p if re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", p) else "…" for p in text.split("/"))
