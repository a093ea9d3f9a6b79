"""The OpenAPI document: what `routes` answers, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from llm_guard_protecto import __version__
from llm_guard_protecto.engine.bearers import PERMISSIONS
from llm_guard_protecto.server.openapi_reports import REPORTS
from llm_guard_protecto.server.routes import ROUTES, Route
from llm_guard_protecto.server.schemas import (
    DATE,
    MOMENT,
    SCALAR,
    SOME_TEXT,
    STATES,
    TEXT,
    Schema,
    data_of,
    list_of,
    object_of,
)

__all__ = ["document"]

SCORES = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")


TOXICITY = object_of({name: {"type": "number", "minimum": 0, "maximum": 1} for name in SCORES})
PLACE: Mapping[str, Schema] = {
    "start_pos": {"type": "integer", "minimum": 0},
    "end_pos": {"type": "integer", "minimum": 1},
}
FOUND = {"value": TEXT, "pii_type": TEXT}
TOKEN = object_of(
    {**FOUND, "token": TEXT, "prefix": TEXT, "suffix": TEXT, **PLACE}, reversible={"const": False}
)
EXCLUDED = object_of({**FOUND, **PLACE})
ECHO: Mapping[str, Schema] = {"attributes": {}, "attribute": {}}

TO_MASK = object_of({"value": SCALAR}, token_name=SOME_TEXT, format=SOME_TEXT, **ECHO)
TO_UNMASK = object_of({"token_value": SCALAR}, **ECHO)
MASK = object_of({"mask": list_of(TO_MASK, 1)}, policy_name=SOME_TEXT)
UNMASK = object_of({"unmask": list_of(TO_UNMASK, 1)}, policy_name=SOME_TEXT)
MASKED = list_of(
    object_of(
        {"value": TEXT, "token_value": TEXT},
        token_name=TEXT,
        format=TEXT,
        toxicity_analysis=TOXICITY,
        individual_tokens=list_of(TOKEN),
        excluded_entities=list_of(EXCLUDED),
        **ECHO,
    )
)
UNMASKED = list_of(
    object_of({"value": TEXT, "token_value": TEXT}, toxicity_analysis=TOXICITY, **ECHO)
)
QUEUED = list_of(object_of({"tracking_id": TEXT, "status": STATES}))
JOBS = list_of(
    object_of(
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
SAID = object_of({"message": TEXT})
POLICY = {"policy_name": SOME_TEXT}
CATEGORIES = {
    f"{name}_entities": list_of(SOME_TEXT)
    for name in ("anonymizable", "pseudonymizable", "excluded")
}
WRAPPER = object_of({"entity_name": SOME_TEXT}, format_prefix=TEXT, format_suffix=TEXT)
TAG: Schema = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$"}
ADDRESS = object_of(
    {"url": SOME_TEXT, "method": {"enum": ["GET", "PUT", "POST"]}},
    headers={"type": "object", "additionalProperties": TEXT},
)
USER = {"_id": SOME_TEXT, "namespace_name": SOME_TEXT}
ANYTHING: Schema = {}

# path -> (summary, schema of the body, schema of `data`, parameters of the query)
_TAGS = "/metadata/add-or-update/custom-tag"
_TOKENS = "/super-admin/namespace/auth-token"
OPERATIONS: Mapping[str, tuple[str, Schema | None, Schema, Mapping[str, bool]]] = {
    "/mask": ("Mask values and texts", {"anyOf": [MASK, UNMASK]}, MASKED, {}),
    "/unmask": ("Turn tokens back into values", UNMASK, UNMASKED, {}),
    "/mask/async": ("Mask later", MASK, QUEUED, {}),
    "/unmask/async": ("Unmask later", UNMASK, QUEUED, {}),
    "/umask/async": ("Unmask later, misspelt", UNMASK, QUEUED, {}),
    "/async-status": (
        "How jobs are",
        object_of({"status": list_of(object_of({"tracking_id": SOME_TEXT}), 1)}),
        JOBS,
        {},
    ),
    "/metadata/policy/create": ("Make a policy", data_of(POLICY), SAID, {}),
    "/metadata/policy/list": (
        "Name the policies",
        None,
        object_of({"policies": list_of(TEXT)}),
        {},
    ),
    "/metadata/policy/delete": ("Delete a policy", data_of(POLICY), SAID, {}),
    "/metadata/personal-data-entities/list": (
        "What policies do with entities",
        None,
        object_of({"details": list_of(ANYTHING), "next_page_token": {"type": "null"}}),
        {"policy_name": False},
    ),
    "/metadata/update-entity-category": (
        "Anonymise, pseudonymise or exclude entities",
        data_of({**POLICY, "metadata": object_of({}, **CATEGORIES)}),
        SAID,
        {},
    ),
    "/metadata/update-auto-detect": (
        "Give entities a prefix and a suffix",
        data_of({**POLICY, "metadata": list_of(WRAPPER, 1)}),
        SAID,
        {},
    ),
    f"{_TAGS}/identification-endpoint": (
        "Say what finds a custom tag",
        data_of({"tag_type": TAG, "identification_endpoint_details": ADDRESS}, **POLICY),
        SAID,
        {},
    ),
    f"{_TAGS}/pi-list-endpoint": (
        "Say what lists the known values of a custom tag",
        data_of({"tag_type": TAG, "pi_elements_list_endpoint_details": ADDRESS}, **POLICY),
        SAID,
        {},
    ),
    "/metadata/custom-tag/details": (
        "How a custom tag is found and masked",
        data_of({"tag_type": TAG}, **POLICY),
        object_of(
            dict.fromkeys(
                ("token_name", "format_name", "tag_type", "prefix", "suffix", "description"), TEXT
            ),
            identification_endpoint_details=ADDRESS,
            pi_elements_list_endpoint_details=ADDRESS,
        ),
        {},
    ),
    "/metadata/delete/custom-tag": (
        "Look for a custom tag no more",
        data_of({"tag_type": TAG}, **POLICY),
        SAID,
        {},
    ),
    **REPORTS,
    f"{_TOKENS}/generate": (
        "Make a user token",
        data_of(
            {**USER, "permissions": list_of({"enum": list(PERMISSIONS)}, 1)},
            start_date=DATE,
            end_date=DATE,
        ),
        object_of({"auth_key": TEXT}, namespace_creation=ANYTHING),
        {},
    ),
    f"{_TOKENS}/fetch": ("What is known of a user's token", data_of(USER), ANYTHING, {}),
    f"{_TOKENS}/list": ("List the tokens", None, object_of({"auth_tokens": list_of(ANYTHING)}), {}),
    f"{_TOKENS}/details": (
        "What is known of a token",
        None,
        ANYTHING,
        {"auth_token": True},
    ),
    f"{_TOKENS}/deactivate": ("Revoke a token", data_of({"auth_token": SOME_TEXT}), SAID, {}),
    "/super-admin/namespace/delete": (
        "Delete a namespace",
        object_of({"namespace_to_be_deleted": SOME_TEXT}),
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
    "408": "The body did not arrive in time",
    "413": "The body is too large",
    "415": "The body is packed",
    "429": "Too many calls; try again later",
    "500": "It failed",
    "503": "It failed for now; try again",
    "504": "It was not done in time; try again",
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
    needs = " or ".join([*sorted(route.permissions), *["a master key"] * route.for_master])
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
    error = object_of({"message": TEXT})
    return object_of({"data": data, "success": {"const": success}, "error": error})


def _response(said: str, schema: Schema) -> Schema:
    return {"description": said, "content": {"application/json": {"schema": schema}}}
