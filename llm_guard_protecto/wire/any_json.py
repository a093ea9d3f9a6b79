"""Calls that no row of `routes` covers, where a policy lets them pass.

With `unknown_routes = "mask"` every string of a JSON body is masked and every string of a JSON
answer restored, an event of a stream by itself: a token cut between two events stays one. Ids in
such bodies are text like any other. With "send" a call and its answer pass as they are.
"""

from __future__ import annotations

from llm_guard_protecto.wire.slots import DATA, KEEP, SKIP, TEXT, Place
from llm_guard_protecto.wire.walk import Table
from llm_guard_protecto.wire.whole import Whole

__all__ = ["ANY_JSON", "AS_IT_IS"]

ANY_JSON = Whole(
    "any_json", Table(Place({"model": KEEP, "stream": TEXT}, other=DATA)), Table(Place())
)
"""The `Format` of a call whose body is masked without a table."""

AS_IT_IS = Whole("as_it_is", Table(SKIP), Table(SKIP))
"""The `Format` of a call that is not looked into."""
