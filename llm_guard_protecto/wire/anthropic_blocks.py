"""What the requests of the Messages API are made of: content blocks and tools.

Choices that are not obvious:

- A tool's answer is JSON if it parses as such; a tool's input is an object of free values.
- Pictures, PDF data, addresses to fetch and uploaded files cannot be searched, so a request with
  one is refused, wherever in a document or a tool's answer it stands.
- Thinking is text here. Who has the provider's own words by the block's signature sends those
  instead (`guard/thinking.py`). Signatures and encrypted content are never touched.
- `cited_text` and the rest of a citation are text; its offsets count in the masked document.
"""

from __future__ import annotations

from llm_guard_protecto.wire.json_schema import SCHEMA
from llm_guard_protecto.wire.slots import DATA, JSON, KEEP, SKIP, TEXT, Place, refuse

__all__ = ["CACHE_CONTROL", "CONTENT", "TOOL"]

_NOT_SENT = "so the request was not sent; send its text as a block of type text"
_SENT_SOURCE = Place({"type": KEEP, "media_type": KEEP, "file_id": KEEP}, other=SKIP)
_DATA = refuse(f"base64 data cannot be masked, {_NOT_SENT}", "files", _SENT_SOURCE)
_ADDRESS = refuse(
    f"what the provider fetches itself cannot be masked, {_NOT_SENT}", "files", _SENT_SOURCE
)
_FILE = refuse(f"an uploaded file cannot be masked, {_NOT_SENT}", "files", _SENT_SOURCE)
_UNKNOWN = refuse(
    f"a content block of this type cannot be masked, {_NOT_SENT}", "unknown_types", DATA
)
_UNTYPED = refuse(
    f"a content block without a type cannot be masked, {_NOT_SENT}", "unknown_types", DATA
)

CACHE_CONTROL = Place({"type": KEEP, "ttl": KEEP})

# What any block may carry beside its content.
_COMMON = {
    "type": KEEP,
    "cache_control": CACHE_CONTROL,
    "caller": Place({"type": KEEP, "tool_id": KEEP}),
}

_CITATION = Place(
    {
        "type": KEEP,
        "cited_text": TEXT,
        "document_title": TEXT,
        "title": TEXT,
        "source": TEXT,
        "url": TEXT,
        "file_id": KEEP,
        "encrypted_index": SKIP,
        "document_index": TEXT,
        "search_result_index": TEXT,
        "start_char_index": TEXT,
        "end_char_index": TEXT,
        "start_page_number": TEXT,
        "end_page_number": TEXT,
        "start_block_index": TEXT,
        "end_block_index": TEXT,
    }
)
# A list of citations, or the setting that asks for some.
_CITATIONS = Place({"enabled": TEXT}, each=_CITATION)

# Tools --------------------------------------------------------------------------------------------

_REFERENCES = Place({"type": KEEP, "tools": Place(each=Place({"type": KEEP, "name": KEEP}))})

# One set of fields for the caller's own tools and the provider's: their names do not overlap.
_TOOL_FIELDS: dict[str, Place] = {
    **_COMMON,
    "name": KEEP,
    "description": TEXT,
    "input_schema": SCHEMA,
    "input_examples": Place(each=DATA),
    "allowed_callers": KEEP,
    "allowed_domains": TEXT,
    "blocked_domains": TEXT,
    "citations": _CITATIONS,
    "user_location": Place(
        {"type": KEEP, "city": TEXT, "country": TEXT, "region": TEXT, "timezone": TEXT}
    ),
    "url_sources": Place(
        {"type": KEEP, "client_tool_results": _REFERENCES, "server_tool_results": _REFERENCES}
    ),
    "model": KEEP,
    "mcp_server_name": KEEP,
    "default_config": Place(other=TEXT),
    "configs": Place(other=Place(other=TEXT)),
    **dict.fromkeys(
        (
            "defer_loading",
            "display_height_px",
            "display_number",
            "display_width_px",
            "eager_input_streaming",
            "enable_zoom",
            "max_characters",
            "max_content_tokens",
            "max_tokens",
            "max_uses",
            "strict",
            "use_cache",
        ),
        TEXT,
    ),
}
TOOL = Place(_TOOL_FIELDS)
_TOOL_FIELDS["tools"] = Place(each=TOOL)

# A tool that joins or leaves in mid-conversation: named, or defined right there.
_TOOL_CHANGE = Place(
    {
        **_COMMON,
        "tool": Place({"type": KEEP, "name": KEEP, "server_name": KEEP, "definition": TOOL}),
    }
)

# Content ------------------------------------------------------------------------------------------

_CASES: dict[str | None, Place] = {None: _UNTYPED}
_BLOCK = Place(by="type", cases=_CASES, otherwise=_UNKNOWN)
CONTENT = Place(each=_BLOCK)
# The same inside a tool's answer, where a text may be JSON.
_JSON_CASES: dict[str | None, Place] = {None: _UNTYPED}
_JSON_BLOCK = Place(by="type", cases=_JSON_CASES, otherwise=_UNKNOWN, treat=JSON.treat)
_ANSWER = Place(each=_JSON_BLOCK, treat=JSON.treat)

_SOURCE = Place(
    by="type",
    cases={
        "text": Place({"type": KEEP, "media_type": KEEP, "data": TEXT}),
        "content": Place({"type": KEEP, "content": CONTENT}),
        "base64": _DATA,
        "url": _ADDRESS,
        "file": _FILE,
    },
    otherwise=refuse(
        f"a document of this kind cannot be masked, {_NOT_SENT}", "unknown_types", DATA
    ),
)

_TEXT_BLOCK = {**_COMMON, "citations": _CITATIONS}

# What the provider's own tools found, sent back in the next turn.
_FOUND = Place(
    {
        **_COMMON,
        "title": TEXT,
        "url": TEXT,
        "page_age": TEXT,
        "retrieved_at": KEEP,
        "error_code": KEEP,
        "error_message": TEXT,
        "stop_reason": KEEP,
        "file_type": KEEP,
        "file_id": KEEP,
        "text": TEXT,
        "stdout": TEXT,
        "stderr": TEXT,
        "encrypted_content": SKIP,
        "encrypted_stdout": SKIP,
        "tool_references": Place(each=Place({"type": KEEP, "tool_name": KEEP})),
        **dict.fromkeys(
            (
                "is_file_update",
                "new_lines",
                "new_start",
                "num_lines",
                "old_lines",
                "old_start",
                "return_code",
                "start_line",
                "total_lines",
            ),
            TEXT,
        ),
        "content": Place(
            {"file_id": KEEP},
            by="type",
            cases={"document": _BLOCK},
            otherwise=Place({**_COMMON, "file_id": KEEP}),
            each=Place({**_COMMON, "file_id": KEEP}),
        ),
    }
)
_RESULT = Place(
    {
        **_COMMON,
        "tool_use_id": KEEP,
        "is_error": TEXT,
        "content": Place(_FOUND.fields, each=_FOUND),
    }
)

_CALL = Place(
    {
        **_COMMON,
        "id": KEEP,
        "name": KEEP,
        "server_name": KEEP,
        "toolset_name": KEEP,
        "input": DATA,
    }
)
_ANSWERED = Place(
    {
        **_COMMON,
        "tool_use_id": KEEP,
        "toolset_name": KEEP,
        "is_error": TEXT,
        "content": _ANSWER,
    }
)

_TAB = Place({"tab_id": KEEP, "title": TEXT, "url": TEXT, "active": TEXT})
_TAB_CHANGE = Place(
    {"type": KEEP, "download_id": KEEP, "tab_id": KEEP, "error": TEXT, "path": TEXT, "url": TEXT}
)

_SERVED_BY = Place({"model": KEEP})

_BLOCKS = {
    "text": Place({**_TEXT_BLOCK, "text": TEXT}),
    "image": refuse(
        f"a picture cannot be masked, {_NOT_SENT}",
        "images",
        Place({**_COMMON, "source": _SENT_SOURCE}),
    ),
    "document": Place({**_TEXT_BLOCK, "title": TEXT, "context": TEXT, "source": _SOURCE}),
    "search_result": Place({**_TEXT_BLOCK, "title": TEXT, "source": TEXT, "content": CONTENT}),
    "thinking": Place({**_COMMON, "thinking": TEXT, "signature": SKIP}),
    "redacted_thinking": Place({**_COMMON, "data": SKIP}),
    "tool_use": _CALL,
    "server_tool_use": _CALL,
    "mcp_tool_use": _CALL,
    "tool_result": _ANSWERED,
    "mcp_tool_result": _ANSWERED,
    "tool_reference": Place({**_COMMON, "tool_name": KEEP}),
    "container_upload": refuse(
        f"an uploaded file cannot be masked, {_NOT_SENT}",
        "files",
        Place({**_COMMON, "file_id": KEEP}),
    ),
    "compaction": Place(
        {
            **_COMMON,
            "content": TEXT,
            "signature": SKIP,
            "encrypted_content": SKIP,
            "tool_changes": Place(each=_TOOL_CHANGE),
        }
    ),
    "fallback": Place({**_COMMON, "from": _SERVED_BY, "to": _SERVED_BY, "trigger": DATA}),
    "mcp_tool_listing": Place(
        {**_COMMON, "mcp_server_name": KEEP, "tools": Place(each=TOOL)},
    ),
    "tool_addition": _TOOL_CHANGE,
    "tool_removal": _TOOL_CHANGE,
    "browser_state": Place(
        {
            **_COMMON,
            "tabs": Place(each=_TAB),
            "state_changes": Place(each=_TAB_CHANGE),
        }
    ),
    **dict.fromkeys(
        (
            "advisor_tool_result",
            "bash_code_execution_tool_result",
            "code_execution_tool_result",
            "text_editor_code_execution_tool_result",
            "tool_search_tool_result",
            "web_fetch_tool_result",
            "web_search_tool_result",
        ),
        _RESULT,
    ),
}
_CASES.update(_BLOCKS)
_JSON_CASES.update(_BLOCKS, text=Place({**_TEXT_BLOCK, "text": JSON}))
