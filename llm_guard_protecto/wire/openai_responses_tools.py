"""Responses API: where the text lives in the tools a request offers, and in the choice of one.

- What is meant for another server goes out as it is: an MCP server's URL, `headers` and
  `authorization`, and the secrets of a network policy. A masked credential would only fail.
- A filter's `value` is free data: it is masked, so it matches what was stored masked.
- A skill given inline is a zip file, and an image mask a picture: neither can be searched.
- A tool of a type that is not listed is settings, so all of it is text; only what carries content
  (items and their parts) is refused when nobody knows it.
"""

from __future__ import annotations

from llm_guard_protecto.wire.json_schema import SCHEMA
from llm_guard_protecto.wire.slots import DATA, KEEP, SKIP, TEXT, Place, refuse

__all__ = ["ENVIRONMENT", "TOOL", "TOOL_CHOICE", "TOOL_TYPES"]

_COMMON = {"type": KEEP, "allowed_callers": KEEP, "defer_loading": TEXT, "strict": TEXT}

_SECRET = Place({"domain": KEEP, "name": KEEP, "value": SKIP})

_NETWORK_POLICY = Place(
    {"type": KEEP, "allowed_domains": KEEP, "domain_secrets": Place(each=_SECRET)}
)

_SKILL = Place(
    {
        "type": KEEP,
        "skill_id": KEEP,
        "version": KEEP,
        "name": TEXT,
        "description": TEXT,
        "path": TEXT,
        "source": refuse("a packed skill cannot be masked, so the request was not sent", "files"),
    }
)

ENVIRONMENT = Place(
    {
        "type": KEEP,
        "container_id": KEEP,
        "file_ids": KEEP,
        "memory_limit": KEEP,
        "network_policy": _NETWORK_POLICY,
        "skills": Place(each=_SKILL),
    },
    keep=True,
)
"""Where code or a shell runs: an id, or what to make."""

_FUNCTION = Place(
    {
        **_COMMON,
        "name": KEEP,
        "description": TEXT,
        "parameters": SCHEMA,
        "output_schema": SCHEMA,
    }
)

_CUSTOM = Place(
    {
        **_COMMON,
        "name": KEEP,
        "description": TEXT,
        "format": Place({"type": KEEP, "syntax": KEEP, "definition": TEXT}),
    }
)

# A filter is a comparison, or a list of filters; a list in the place of one is free data.
_FILTER_FIELDS: dict[str, Place] = {
    "type": KEEP,
    "key": KEEP,
    "value": DATA,
    "allowed_domains": KEEP,
}
_FILTER = Place(_FILTER_FIELDS)
_FILTER_FIELDS["filters"] = Place(each=_FILTER)

_LOCATION = Place({"type": KEEP, "city": TEXT, "country": TEXT, "region": TEXT, "timezone": TEXT})

_FILE_SEARCH = Place(
    {
        **_COMMON,
        "vector_store_ids": KEEP,
        "filters": _FILTER,
        "max_num_results": TEXT,
        "ranking_options": Place(
            {
                "ranker": KEEP,
                "score_threshold": TEXT,
                "hybrid_search": Place({"embedding_weight": TEXT, "text_weight": TEXT}),
            }
        ),
    }
)

_WEB_SEARCH = Place(
    {
        **_COMMON,
        "filters": _FILTER,
        "user_location": _LOCATION,
        "search_context_size": KEEP,
        "search_content_types": KEEP,
        "external_web_access": TEXT,
    }
)

_SOME_TOOLS = Place({"tool_names": KEEP, "read_only": TEXT}, keep=True)

_MCP = Place(
    {
        **_COMMON,
        "server_label": KEEP,
        "server_description": TEXT,
        "server_url": SKIP,
        "headers": SKIP,
        "authorization": SKIP,
        "connector_id": KEEP,
        "tunnel_id": KEEP,
        "allowed_tools": _SOME_TOOLS,
        "require_approval": Place({"always": _SOME_TOOLS, "never": _SOME_TOOLS}, keep=True),
    }
)

_COMPUTER = Place({**_COMMON, "environment": KEEP, "display_width": TEXT, "display_height": TEXT})

_IMAGE_GENERATION = Place(
    {
        **_COMMON,
        **dict.fromkeys(
            (
                "action",
                "background",
                "complexity",
                "input_fidelity",
                "model",
                "moderation",
                "output_format",
                "quality",
                "size",
            ),
            KEEP,
        ),
        **dict.fromkeys(
            ("frame_count", "frame_duration_ms", "output_compression", "partial_images"), TEXT
        ),
        "svg": Place({"model": KEEP, "reasoning": Place({"effort": KEEP})}),
        "input_image_mask": refuse(
            "a picture cannot be masked, so the request was not sent", "images"
        ),
    }
)

# A list of tools may itself hold tools (a namespace), hence the late row.
TOOL_TYPES: dict[str | None, Place] = {
    "function": _FUNCTION,
    "custom": _CUSTOM,
    "file_search": _FILE_SEARCH,
    "web_search": _WEB_SEARCH,
    "web_search_2025_08_26": _WEB_SEARCH,
    "web_search_preview": _WEB_SEARCH,
    "web_search_preview_2025_03_11": _WEB_SEARCH,
    "mcp": _MCP,
    "computer": _COMPUTER,
    "computer_use_preview": _COMPUTER,
    "code_interpreter": Place({**_COMMON, "container": ENVIRONMENT}),
    "shell": Place({**_COMMON, "environment": ENVIRONMENT}),
    "image_generation": _IMAGE_GENERATION,
    "local_shell": Place(_COMMON),
    "apply_patch": Place(_COMMON),
    "programmatic_tool_calling": Place(_COMMON),
    "tool_search": Place({**_COMMON, "description": TEXT, "execution": KEEP, "parameters": SCHEMA}),
}

TOOL = Place(by="type", cases=TOOL_TYPES, otherwise=Place(_COMMON))
"""One tool that is offered to the model."""

TOOL_TYPES["namespace"] = Place(
    {**_COMMON, "name": KEEP, "description": TEXT, "tools": Place(each=TOOL)}
)

_CHOSEN = {"type": KEEP, "name": KEEP, "server_label": KEEP, "mode": KEEP}

TOOL_CHOICE = Place({**_CHOSEN, "tools": Place(each=Place(_CHOSEN))}, keep=True)
"""Which tool the model shall use: a word, or an object that names it."""
