"""The OpenAPI document: what `routes` answers, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from llm_guard_protecto import __version__
from llm_guard_protecto.engine.bearers import PERMISSIONS
from llm_guard_protecto.server.routes import ROUTES, Route

__all__ = ["document"]

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
SOME_TEXT: Schema = {"type": "string", "minLength": 1}
DATE: Schema = {"type": ["string", "null"], "format": "date"}
MOMENT: Schema = {"type": ["string", "null"], "examples": ["2026-03-04 05:06:07"]}
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
SCORES = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }


def _list(of: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": of, **({"minItems": least} if least else {})}


def _data(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return _object({"data": _object(required, **optional)})


TOXICITY = _object({name: {"type": "number", "minimum": 0, "maximum": 1} for name in SCORES})
PLACE: Mapping[str, Schema] = {
    "start_pos": {"type": "integer", "minimum": 0},
    "end_pos": {"type": "integer", "minimum": 1},
}
FOUND = {"value": TEXT, "pii_type": TEXT}
TOKEN = _object({**FOUND, "token": TEXT, "prefix": TEXT, "suffix": TEXT, **PLACE})
EXCLUDED = _object({**FOUND, **PLACE})
ECHO: Mapping[str, Schema] = {"attributes": {}, "attribute": {}}

TO_MASK = _object({"value": SCALAR}, token_name=SOME_TEXT, format=SOME_TEXT, **ECHO)
TO_UNMASK = _object({"token_value": SCALAR}, **ECHO)
MASK = _object({"mask": _list(TO_MASK, 1)}, policy_name=SOME_TEXT)
UNMASK = _object({"unmask": _list(TO_UNMASK, 1)}, policy_name=SOME_TEXT)
MASKED = _list(
    _object(
        {"value": TEXT, "token_value": TEXT},
        token_name=TEXT,
        format=TEXT,
        toxicity_analysis=TOXICITY,
        individual_tokens=_list(TOKEN),
        excluded_entities=_list(EXCLUDED),
        **ECHO,
    )
)
UNMASKED = _list(_object({"value": TEXT, "token_value": TEXT}, toxicity_analysis=TOXICITY, **ECHO))
STATES: Schema = {"enum": ["PENDING", "IN-PROGRESS", "SUCCESS", "FAILED", "PURGED"]}
QUEUED = _list(_object({"tracking_id": TEXT, "status": STATES}))
JOBS = _list(
    _object(
        {
            "tracking_id": TEXT,
            "call_type": {"enum": ["mask", "unmask"]},
            "input_payload": {"type": ["object", "null"]},
            "result": {"type": ["array", "null"]},
            "error_msg": {"type": ["string", "null"]},
            "submitted_time": MOMENT,
            "process_start_time": MOMENT,
            "completed_time": MOMENT,
            "status": STATES,
        }
    )
)
SAID = _object({"message": TEXT})
POLICY = {"policy_name": SOME_TEXT}
CATEGORIES = {
    f"{name}_entities": _list(SOME_TEXT) for name in ("anonymizable", "pseudonymizable", "excluded")
}
WRAPPER = _object({"entity_name": SOME_TEXT}, format_prefix=TEXT, format_suffix=TEXT)
USER = {"_id": SOME_TEXT, "namespace_name": SOME_TEXT}
ANYTHING: Schema = {}

# path -> (summary, schema of the body, schema of `data`, parameters of the query)
_TOKENS = "/super-admin/namespace/auth-token"
OPERATIONS: Mapping[str, tuple[str, Schema | None, Schema, Mapping[str, bool]]] = {
    "/mask": ("Mask values and texts", {"anyOf": [MASK, UNMASK]}, MASKED, {}),
    "/unmask": ("Turn tokens back into values", UNMASK, UNMASKED, {}),
    "/mask/async": ("Mask later", MASK, QUEUED, {}),
    "/unmask/async": ("Unmask later", UNMASK, QUEUED, {}),
    "/umask/async": ("Unmask later, misspelt", UNMASK, QUEUED, {}),
    "/async-status": (
        "How jobs are",
        _object({"status": _list(_object({"tracking_id": SOME_TEXT}), 1)}),
        JOBS,
        {},
    ),
    "/metadata/policy/create": ("Make a policy", _data(POLICY), SAID, {}),
    "/metadata/policy/list": ("Name the policies", None, _object({"policies": _list(TEXT)}), {}),
    "/metadata/policy/delete": ("Delete a policy", _data(POLICY), SAID, {}),
    "/metadata/personal-data-entities/list": (
        "What policies do with entities",
        None,
        _object({"details": _list(ANYTHING), "next_page_token": {"type": "null"}}),
        {"policy_name": False},
    ),
    "/metadata/update-entity-category": (
        "Anonymise, pseudonymise or exclude entities",
        _data({**POLICY, "metadata": _object({}, **CATEGORIES)}),
        SAID,
        {},
    ),
    "/metadata/update-auto-detect": (
        "Give entities a prefix and a suffix",
        _data({**POLICY, "metadata": _list(WRAPPER, 1)}),
        SAID,
        {},
    ),
    f"{_TOKENS}/generate": (
        "Make a user token",
        _data(
            {**USER, "permissions": _list({"enum": list(PERMISSIONS)}, 1)},
            start_date=DATE,
            end_date=DATE,
        ),
        _object({"auth_key": TEXT}, namespace_creation=ANYTHING),
        {},
    ),
    f"{_TOKENS}/fetch": ("What is known of a user's token", _data(USER), ANYTHING, {}),
    f"{_TOKENS}/list": ("List the tokens", None, _object({"auth_tokens": _list(ANYTHING)}), {}),
    f"{_TOKENS}/details": (
        "What is known of a token",
        None,
        ANYTHING,
        {"auth_token": True},
    ),
    f"{_TOKENS}/deactivate": ("Revoke a token", _data({"auth_token": SOME_TEXT}), SAID, {}),
    "/super-admin/namespace/delete": (
        "Delete a namespace",
        _object({"namespace_to_be_deleted": SOME_TEXT}),
        ANYTHING,
        {},
    ),
    "/super-admin/namespace/job-status": (
        "How a job of an administrator is",
        None,
        ANYTHING,
        {"tracking_id": True},
    ),
}

REFUSALS = {
    "400": "The payload is invalid or incomplete",
    "401": "No token, or one that is wrong, revoked or out of its time",
    "403": "The token does not allow this",
    "413": "The body is too large",
    "415": "The body is packed",
    "500": "It failed",
    "503": "It failed for now; try again",
}


@cache
def document(prefix: str) -> Mapping[str, Any]:
    """The document, OpenAPI 3.1, of the routes under `prefix`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "llm-guard-protecto vault", "version": __version__},
        "servers": [{"url": prefix}],
        "security": [{"bearer": []}],
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Refusal": _frame({"type": "null"}, success=False)},
        },
        "paths": {
            path: {verb.lower(): _operation(path, one) for verb, one in verbs.items()}
            for path, verbs in ROUTES.items()
        },
    }


def _operation(path: str, route: Route) -> dict[str, Any]:
    summary, body, data, query = OPERATIONS[path]
    needs = " or ".join(sorted(route.permissions)) or "a master key"
    operation: dict[str, Any] = {
        "summary": summary,
        "description": f"Needs {needs}.",
        "operationId": path.strip("/").replace("/", "_").replace("-", "_"),
        "responses": {"200": _response("Done", _frame(data, success=True))}
        | {
            code: _response(said, {"$ref": "#/components/schemas/Refusal"})
            for code, said in REFUSALS.items()
        },
    }
    if body is not None:
        content = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    if query:
        operation["parameters"] = [
            {"name": name, "in": "query", "required": required, "schema": SOME_TEXT}
            for name, required in query.items()
        ]
    return operation


def _frame(data: Schema, *, success: bool) -> Schema:
    error = _object({"message": TEXT})
    return _object({"data": data, "success": {"const": success}, "error": error})


def _response(said: str, schema: Schema) -> Schema:
    return {"description": said, "content": {"application/json": {"schema": schema}}}
