"""Responses API: where the text lives in the items of an `input`.

- An item of an unknown type may carry anything, so it is refused.
- A picture that the model made goes back by the id of its item, with `result` left out.
- A tool's answer is JSON if it parses as such; a custom tool's input is free text.
- What must come back byte for byte (`encrypted_content` of reasoning and compaction, a program's
  `fingerprint`) is made of the letters that words of the API are made of, so it stays; in any
  other letters it would not be what it claims to be, and is searched.
"""

from __future__ import annotations

from llm_guard_protecto.wire.json_schema import SCHEMA
from llm_guard_protecto.wire.openai_responses_content import ANSWER, CONTENT, NOT_SENT, PICTURE
from llm_guard_protecto.wire.openai_responses_tools import ENVIRONMENT, TOOL
from llm_guard_protecto.wire.slots import DATA, JSON, KEEP, SKIP, TEXT, Place, Treat, refuse

__all__ = ["ITEM", "TEXT_FORMAT"]

TEXT_FORMAT = Place(
    {"type": KEEP, "name": KEEP, "description": TEXT, "schema": SCHEMA, "strict": TEXT}
)
"""The form that an answer has to take."""

_ITEM = {
    "type": KEEP,
    "id": KEEP,
    "status": KEEP,
    "created_by": TEXT,
    "agent": Place({"agent_name": KEEP}),
}
_CALL = {
    **_ITEM,
    "call_id": KEEP,
    "name": KEEP,
    "namespace": KEEP,
    "caller": Place({"type": KEEP, "caller_id": KEEP}),
}
_MCP = {**_ITEM, "server_label": KEEP, "name": KEEP, "approval_request_id": KEEP}

_MESSAGE = Place({**_ITEM, "role": KEEP, "phase": KEEP, "content": CONTENT})

_SAFETY_CHECKS = Place(each=Place({"id": KEEP, "code": KEEP, "message": TEXT}))

_POINT = {"x": TEXT, "y": TEXT}

_COMPUTER_ACTION = Place(
    {
        **_POINT,
        "type": KEEP,
        "button": KEEP,
        "keys": KEEP,
        "path": Place(each=Place(_POINT)),
        "scroll_x": TEXT,
        "scroll_y": TEXT,
        "text": TEXT,
    }
)

_WEB_ACTION = Place(
    {
        "type": KEEP,
        "query": TEXT,
        "queries": TEXT,
        "url": TEXT,
        "pattern": TEXT,
        "sources": Place(each=Place({"type": KEEP, "url": TEXT})),
    }
)

_FOUND = Place({"file_id": KEEP, "filename": TEXT, "text": TEXT, "score": TEXT, "attributes": DATA})

_CODE_OUTPUT = Place(
    by="type",
    cases={
        "logs": Place({"type": KEEP, "logs": TEXT}),
        "image": PICTURE,
    },
    otherwise=refuse(f"an output of this type cannot be masked, {NOT_SENT}", "unknown_types", DATA),
)

_SHELL_OUTPUT = Place(
    {
        "stdout": TEXT,
        "stderr": TEXT,
        "outcome": Place({"type": KEEP, "exit_code": TEXT}),
        "created_by": TEXT,
    }
)

_PICTURE_FIELDS = {
    **_ITEM,
    **dict.fromkeys(("action", "background", "output_format", "quality", "size"), KEEP),
    "error": Place({"type": KEEP, "code": KEEP, "param": KEEP, "message": TEXT}),
    "revised_prompt": TEXT,
    "svg_usage": Place({"model": KEEP}, other=TEXT),
}

# A picture that a model made, sent back: with the picture, or by its id alone.
_PICTURE_CALL = Place(
    by="result",
    cases={None: Place(_PICTURE_FIELDS)},
    otherwise=refuse(
        f"a picture cannot be masked, {NOT_SENT}; leave `result` out, the id is enough",
        "images",
        Place({**_PICTURE_FIELDS, "result": SKIP}),
    ),
)

_SHELL_LIMITS = {"timeout_ms": TEXT, "max_output_length": TEXT}

_TYPES: dict[str | None, Place] = {
    "message": _MESSAGE,
    "file_search_call": Place({**_ITEM, "queries": TEXT, "results": Place(each=_FOUND)}),
    "computer_call": Place(
        {
            **_CALL,
            "action": _COMPUTER_ACTION,
            "actions": Place(each=_COMPUTER_ACTION),
            "pending_safety_checks": _SAFETY_CHECKS,
        }
    ),
    "computer_call_output": Place(
        {**_CALL, "output": ANSWER, "acknowledged_safety_checks": _SAFETY_CHECKS}
    ),
    "web_search_call": Place({**_ITEM, "action": _WEB_ACTION}),
    "function_call": Place({**_CALL, "arguments": JSON}),
    "function_call_output": Place({**_CALL, "output": ANSWER}),
    "custom_tool_call": Place({**_CALL, "input": TEXT}),
    "custom_tool_call_output": Place({**_CALL, "output": ANSWER}),
    "tool_search_call": Place(
        {**_CALL, "execution": KEEP, "arguments": Place(numbers=True, treat=Treat.JSON)}
    ),
    "tool_search_output": Place({**_CALL, "execution": KEEP, "tools": Place(each=TOOL)}),
    "additional_tools": Place({**_ITEM, "role": KEEP, "tools": Place(each=TOOL)}),
    "configuration_update": Place(
        {
            **_ITEM,
            "reasoning": Place({"effort": KEEP}),
            "text": Place({"format": TEXT_FORMAT, "verbosity": KEEP}),
        }
    ),
    "reasoning": Place(
        {
            **_ITEM,
            "summary": CONTENT,
            "content": CONTENT,
            "encrypted_content": KEEP,
        }
    ),
    "compaction": Place({**_ITEM, "encrypted_content": KEEP}),
    "compaction_trigger": Place(_ITEM),
    "item_reference": Place(_ITEM),
    "image_generation_call": _PICTURE_CALL,
    "code_interpreter_call": Place(
        {**_ITEM, "code": TEXT, "container_id": KEEP, "outputs": Place(each=_CODE_OUTPUT)}
    ),
    "local_shell_call": Place(
        {
            **_CALL,
            "action": Place(
                {
                    **_SHELL_LIMITS,
                    "type": KEEP,
                    "command": TEXT,
                    "env": DATA,
                    "user": TEXT,
                    "working_directory": TEXT,
                }
            ),
        }
    ),
    "local_shell_call_output": Place({**_CALL, "output": JSON}),
    "shell_call": Place(
        {
            **_CALL,
            "action": Place({**_SHELL_LIMITS, "commands": TEXT}),
            "environment": ENVIRONMENT,
        }
    ),
    "shell_call_output": Place(
        {**_CALL, **_SHELL_LIMITS, "output": Place(each=_SHELL_OUTPUT, treat=Treat.JSON)}
    ),
    "apply_patch_call": Place(
        {**_CALL, "operation": Place({"type": KEEP, "path": TEXT, "diff": TEXT})}
    ),
    "apply_patch_call_output": Place({**_CALL, "output": TEXT}),
    "mcp_list_tools": Place(
        {
            **_MCP,
            "error": Place({"type": KEEP, "code": TEXT}),
            "tools": Place(
                each=Place(
                    {
                        "name": KEEP,
                        "description": TEXT,
                        "input_schema": SCHEMA,
                        "annotations": DATA,
                    }
                )
            ),
        }
    ),
    "mcp_approval_request": Place({**_MCP, "arguments": JSON}),
    "mcp_approval_response": Place({**_MCP, "approve": TEXT, "reason": TEXT}),
    "mcp_call": Place(
        {
            **_MCP,
            "arguments": JSON,
            "output": ANSWER,
            "error": Place({"type": KEEP, "code": TEXT}),
        }
    ),
    "agent_message": Place({**_ITEM, "author": KEEP, "recipient": KEEP, "content": CONTENT}),
    "multi_agent_call": Place({**_CALL, "action": KEEP, "arguments": JSON}),
    "multi_agent_call_output": Place({**_CALL, "action": KEEP, "output": ANSWER}),
    "program": Place({**_CALL, "code": TEXT, "fingerprint": KEEP}),
    "program_output": Place({**_CALL, "result": JSON}),
    # Two items go without a type: a message, which has a role, and a reference, which is an id.
    None: Place(
        by="role",
        cases={
            None: Place(
                {"type": KEEP, "id": KEEP, "agent": _ITEM["agent"]},
                other=refuse(
                    f"an item without a type cannot be masked, {NOT_SENT}", "unknown_types", DATA
                ),
            )
        },
        otherwise=_MESSAGE,
    ),
}

ITEM = Place(
    by="type",
    cases=_TYPES,
    otherwise=refuse(f"an item of this type cannot be masked, {NOT_SENT}", "unknown_types", DATA),
)
"""One item of an input: a message, a call, its answer, a reasoning."""
