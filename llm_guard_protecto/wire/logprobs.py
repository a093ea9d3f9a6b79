"""The probabilities of a reply's words, taken out of it where a policy asks for that.

They speak of the model's own words: of tokens, in pieces. Restored text does not agree with them,
and nobody can restore them. Chat and text completions have them beside a choice, responses beside a
text, whole or streamed.
"""

from __future__ import annotations

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Path

__all__ = ["without_logprobs"]


def without_logprobs(text: str) -> str:
    """Return a reply or an event without them: `null` for an object, `[]` for a list.

    Every other character stays; a text that is no JSON stays as it is.
    """
    if '"logprobs"' not in text:
        return text
    try:
        doc = JsonText(text, vectors=False)
        keys = [leaf.path for leaf in doc.leaves if leaf.kind == "key" and _is_one(leaf.path)]
        spans = [span for path in keys if (span := doc.span(path)) is not None]
    except UnknownFormat:
        return text
    parts: list[str] = []
    at = 0
    for start, end in spans:
        if text[start] in "{[":
            parts += (text[at:start], "null" if text[start] == "{" else "[]")
            at = end
    return "".join([*parts, text[at:]]) if parts else text


def _is_one(path: Path) -> bool:
    """Whether the key at `path` is the API's own, not one of a schema or of somebody's data."""
    if path[-1] != "logprobs":
        return False
    if len(path) == 1 or path[-2] == "part":
        return True
    return len(path) > 2 and path[-3] in ("choices", "content") and isinstance(path[-2], int)
