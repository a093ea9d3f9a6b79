"""The Messages API: where the text lives in a request (and in a request to count its tokens).

Read from the types of the anthropic SDK, its beta types included; Vertex and Bedrock send the same
bodies. What messages and tools are made of is in `anthropic_blocks`, replies and stream events in
`anthropic_events`.

`metadata.user_id` is text: an e-mail address in it becomes the same token each time. The address
of an MCP server is kept as long as it looks like one, and its credential is never touched.
"""

from __future__ import annotations

from llm_guard_protecto.wire.anthropic_blocks import CACHE_CONTROL, CONTENT, TOOL
from llm_guard_protecto.wire.anthropic_events import REPLY, Messages
from llm_guard_protecto.wire.json_schema import SCHEMA
from llm_guard_protecto.wire.slots import DATA, KEEP, SKIP, TEXT, Place
from llm_guard_protecto.wire.walk import Table

__all__ = ["MESSAGES", "REQUEST"]

_TOOL_NAMES = Place(each=KEEP, keep=True)
_AMOUNT = Place({"type": KEEP, "value": TEXT}, keep=True)

_EDIT = Place(
    {
        "type": KEEP,
        "trigger": _AMOUNT,
        "keep": _AMOUNT,
        "clear_at_least": _AMOUNT,
        "clear_tool_inputs": _TOOL_NAMES,
        "exclude_tools": _TOOL_NAMES,
        "instructions": TEXT,
        "pause_after_compaction": TEXT,
    }
)

_SETTINGS: dict[str, Place] = {
    "model": KEEP,
    "max_tokens": TEXT,
    "temperature": TEXT,
    "top_k": TEXT,
    "top_p": TEXT,
    "stream": TEXT,
    "service_tier": KEEP,
    "speed": KEEP,
    "inference_geo": KEEP,
    "betas": KEEP,
    "anthropic_version": KEEP,
    "anthropic_beta": KEEP,
    "user_profile_id": KEEP,
    "workspace_id": KEEP,
    "fallback_credit_token": Place({"type": KEEP, "token": KEEP}, keep=True),
    "cache_control": CACHE_CONTROL,
    "output_format": Place({"type": KEEP, "schema": SCHEMA}),
    "output_config": Place(
        {
            "effort": KEEP,
            "format": Place({"type": KEEP, "schema": SCHEMA}),
            "task_budget": Place({"type": KEEP, "total": TEXT, "remaining": TEXT}),
        }
    ),
    "thinking": Place({"type": KEEP, "budget_tokens": TEXT, "display": KEEP}, other=KEEP),
    "container": Place(
        {
            "id": KEEP,
            "skills": Place(each=Place({"type": KEEP, "skill_id": KEEP, "version": KEEP})),
        },
        keep=True,
    ),
    "diagnostics": Place({"previous_message_id": KEEP}),
    "thread": Place({"type": KEEP, "previous_message_id": KEEP}),
    "compaction": Place({"type": KEEP, "trigger": _AMOUNT, "instructions": TEXT}),
    "context_management": Place({"edits": Place(each=_EDIT)}),
    "tool_choice": Place({"type": KEEP, "name": KEEP, "disable_parallel_tool_use": TEXT}),
}

_REQUEST = Place(
    {
        **_SETTINGS,
        "system": CONTENT,
        "messages": Place(
            each=Place({"role": KEEP, "content": CONTENT, "cache_control": CACHE_CONTROL})
        ),
        "tools": Place(each=TOOL),
        "stop_sequences": TEXT,
        "metadata": DATA,
        "fallbacks": Place(each=Place(_SETTINGS)),
        "mcp_servers": Place(
            each=Place(
                {
                    "type": KEEP,
                    "name": KEEP,
                    "url": KEEP,
                    "authorization_token": SKIP,
                    "tool_configuration": Place({"enabled": TEXT, "allowed_tools": _TOOL_NAMES}),
                }
            )
        ),
    }
)

REQUEST = Table(_REQUEST)

MESSAGES = Messages("anthropic_messages", REQUEST, REPLY)
"""The `Format` of messages. A channel is `(0, "text")`: the block's number, the kind of delta."""
