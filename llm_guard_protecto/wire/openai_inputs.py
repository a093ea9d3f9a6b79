"""The calls that take `input` and answer with numbers: embeddings and moderations.

A value has the same token in every request of a vault, so the vectors of masked texts can be
compared with each other, also across processes; not with vectors of clear texts. A moderation
judges the masked text: a name rarely matters to it, but the scores are not those of the clear one.
"""

from __future__ import annotations

from llm_guard_protecto.wire.slots import DATA, KEEP, SKIP, TEXT, Place, refuse
from llm_guard_protecto.wire.walk import Table
from llm_guard_protecto.wire.whole import Whole

__all__ = ["EMBEDDINGS", "MODERATIONS"]

_TOKEN_IDS = "an input of token ids cannot be masked; send its text instead"  # noqa: S105
_PICTURE = "a picture cannot be masked, so the request was not sent; send its text alone"
_UNKNOWN_PART = "an input part of this type cannot be masked; send text"

EMBEDDINGS = Whole(
    "openai_embeddings",
    Table(
        Place(
            {
                "model": KEEP,
                "input": Place(number_refusal=_TOKEN_IDS, number_key="token_ids"),
                "dimensions": TEXT,
                "encoding_format": KEEP,
                "user": TEXT,
            }
        )
    ),
    Table(Place({"object": SKIP, "data": SKIP, "model": SKIP, "usage": SKIP})),
)
"""The `Format` of embeddings. Nothing of a reply is text but an error's message."""

_PART = Place(
    by="type",
    cases={
        "text": Place({"type": KEEP, "text": TEXT}),
        "image_url": refuse(_PICTURE, "images", Place({"type": KEEP, "image_url": SKIP})),
    },
    otherwise=refuse(_UNKNOWN_PART, "unknown_types", DATA),
    number_refusal=_TOKEN_IDS,
    number_key="token_ids",
)

MODERATIONS = Whole(
    "openai_moderations",
    Table(
        Place(
            {
                "model": KEEP,
                "input": Place(each=_PART, number_refusal=_TOKEN_IDS, number_key="token_ids"),
            }
        )
    ),
    Table(Place({"id": SKIP, "model": SKIP, "results": SKIP})),
)
"""The `Format` of moderations. Nothing of a reply is text but an error's message."""
