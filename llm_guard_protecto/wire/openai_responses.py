"""Responses: what a request of `/responses`, `/responses/input_tokens`, `/responses/compact` holds.

Read from the types of the openai SDK, those of its `beta.responses` included. The three calls share
their fields, so they share a table.
Tools, items and replies have modules of their own (`openai_responses_*`). As in chat completions,
`user`, `safety_identifier`, `prompt_cache_key` and the values of `metadata` are text.

`previous_response_id` and `conversation` point to what the provider keeps: which calls they tie
together is in `ties`. A prompt's `id` points to what its author wrote, which is nobody's secret.
"""

from __future__ import annotations

from llm_guard_protecto.wire.openai_responses_content import CONTENT
from llm_guard_protecto.wire.openai_responses_events import Responses
from llm_guard_protecto.wire.openai_responses_items import ITEM, TEXT_FORMAT
from llm_guard_protecto.wire.openai_responses_tools import TOOL, TOOL_CHOICE
from llm_guard_protecto.wire.slots import DATA, KEEP, TEXT, Place
from llm_guard_protecto.wire.walk import Table

__all__ = ["RESPONSES", "STORED_RESPONSES"]

# Settings that are numbers or switches. TEXT, so that a string in their place is still searched,
# while the number itself is not.
_NUMBERS = dict.fromkeys(
    (
        "background",
        "max_output_tokens",
        "max_tool_calls",
        "parallel_tool_calls",
        "store",
        "stream",
        "temperature",
        "top_logprobs",
        "top_p",
    ),
    TEXT,
)

_MODERATED = Place({"mode": KEEP})

_REQUEST = Place(
    {
        **_NUMBERS,
        "model": KEEP,
        # A string, or items; one item alone is no input, but what it holds is looked at all the same.
        "input": Place(each=ITEM, by=ITEM.by, cases=ITEM.cases, otherwise=ITEM.otherwise),
        "instructions": TEXT,
        "access_programs": Place({"cyber": KEEP}),
        "background_options": Place({"completion_window": KEEP, "continuation_id": KEEP}),
        "context_management": Place(each=Place({"type": KEEP, "compact_threshold": TEXT})),
        "conversation": Place({"id": KEEP}, keep=True),
        "image": Place({"context_compression": KEEP}),
        "include": KEEP,
        "metadata": DATA,
        "moderation": Place(
            {"model": KEEP, "policy": Place({"input": _MODERATED, "output": _MODERATED})}
        ),
        "multi_agent": Place(other=TEXT),
        "personality": KEEP,
        "previous_response_id": KEEP,
        "prompt": Place({"id": KEEP, "version": KEEP, "variables": Place(other=CONTENT)}),
        "prompt_cache_key": TEXT,
        "prompt_cache_options": Place(
            {"comparison_response_id": KEEP, "mode": KEEP, "prewarm": TEXT, "ttl": KEEP}
        ),
        "prompt_cache_retention": KEEP,
        "reasoning": Place(
            dict.fromkeys(("context", "effort", "generate_summary", "mode", "summary"), KEEP)
        ),
        "safety_identifier": TEXT,
        "service_tier": KEEP,
        "stream_options": Place({"include_obfuscation": TEXT}),
        "text": Place({"format": TEXT_FORMAT, "verbosity": KEEP}),
        "tool_choice": TOOL_CHOICE,
        "tools": Place(each=TOOL),
        "truncation": KEEP,
        "user": TEXT,
    }
)

RESPONSES = Responses("openai_responses", Table(_REQUEST))
"""The `Format` of responses, of counting their tokens and of compacting an input."""

STORED_RESPONSES = Responses("openai_responses", Table(_REQUEST), json=True)
"""The same for a reply whose request is not at hand: an answer that begins as JSON is read so."""
