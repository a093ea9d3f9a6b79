"""Which provider API a call speaks. A call that no row covers is not sent."""

from __future__ import annotations

import re

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.openai_completions import COMPLETIONS
from llm_guard_protecto.wire.openai_inputs import EMBEDDINGS, MODERATIONS
from llm_guard_protecto.wire.slots import Format

__all__ = ["ROUTES", "format_for"]

ROUTES: tuple[tuple[str, str, Format], ...] = (
    ("POST", "/chat/completions", CHAT),
    ("POST", "/completions", COMPLETIONS),
    ("POST", "/embeddings", EMBEDDINGS),
    ("POST", "/moderations", MODERATIONS),
)
"""Method, end of the path, format. What comes before is the provider's affair: `/v1`,
`/openai/deployments/NAME`, a proxy's prefix."""


def format_for(method: str, path: str) -> Format:
    """Return the format of a call. `path` is the URL's path alone, without host and query.

    Raises UnknownFormat for every call that is not in `ROUTES`, such as listing models or reading
    a stored completion: its answer, or its path, could hold text that nobody looks at.
    """
    for known, tail, found in ROUTES:
        if method.upper() == known and f"/{path}".endswith(tail):
            return found
    raise UnknownFormat(
        f"{_shown(method.upper())} {_shown(path)} is not covered by llm_guard_protecto, "
        "so it was not sent"
    )


def _shown(text: str) -> str:
    """Write a path for a message, without segments that could be more than a name or an id."""
    return "/".join(p if re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", p) else "…" for p in text.split("/"))
