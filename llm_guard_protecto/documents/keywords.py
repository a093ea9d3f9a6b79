"""The words of tokens, to be kept beside a passage and asked for by a question.

    metadata["tokens"] = keywords(chunk.tokens)

An embedding model makes nothing of a token, so a search by meaning alone does not find a person.
Passages that hold the words of the question's tokens, put first or asked for as a filter, do.
"""

from __future__ import annotations

from collections.abc import Iterable

from llm_guard_protecto.guard.forms import RUN
from llm_guard_protecto.models import IndividualToken

__all__ = ["keywords"]


def keywords(tokens: Iterable[IndividualToken]) -> list[str]:
    """Each word of these tokens once, in order: `Okafor` and `Thomas Okafor` share one."""
    return list(dict.fromkeys(word for one in tokens for word in RUN.findall(one.token)))
