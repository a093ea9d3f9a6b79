"""Namespaces and user tokens, for whoever holds a master key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from llm_guard_protecto.engine.bearers import Bearers, Caller
from llm_guard_protecto.engine.jobs import Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store.tenants import Bearer
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.server.jobs_api import admin_job
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.metadata_api import data_of

__all__ = [
    "create_token",
    "day_of",
    "deactivate",
    "delete_namespace",
    "fetch",
    "job_status",
    "listed",
    "token_details",
]

CREATION, DELETION = "namespace-creation", "namespace-deletion"
EPOCH = date(1970, 1, 1)


def create_token(namespaces: Namespaces, bearers: Bearers, queue: Queue, body: Any) -> Any:
    """Make a user token, and its namespace when there is none of that name. Shown only here."""
    data = data_of(body)
    namespace, owner = _named(data, "namespace_name"), _named(data, "_id")
    permissions = data.get("permissions")
    if not isinstance(permissions, list) or not all(isinstance(p, str) for p in permissions):
        raise Refusal("Missing permissions")
    first, last = day_of(data.get("start_date")), day_of(data.get("end_date"))
    new = namespace not in namespaces.names()
    try:
        token = bearers.create(namespace, owner, permissions, first, last)
    except ConfigurationError as error:
        message = str(error)
    else:
        answer: dict[str, Any] = {"auth_key": token}
        if new:
            said = f"Namespace {namespace} created successfully."
            answer["namespace_creation"] = _job(namespaces, queue, CREATION, said)
        return answer
    raise Refusal(message)


def fetch(bearers: Bearers, body: Any) -> dict[str, Any]:
    """The latest good token of a user, without its text, which nobody keeps."""
    data = data_of(body)
    namespace, owner = _named(data, "namespace_name"), _named(data, "_id")
    for held in reversed(bearers.of(namespace)):
        if held.owner == owner and held.revoked is None:
            return {"auth_token": None, "namespace": namespace, **_shown(held)}
    raise Refusal("Auth token not found.")


def listed(namespaces: Namespaces, bearers: Bearers) -> dict[str, Any]:
    """Every user token, without its text."""
    tokens = [
        {"namespace_name": name, **_shown(held), "active": held.revoked is None}
        for name in namespaces.names()
        for held in bearers.of(name)
    ]
    return {"auth_tokens": tokens}


def token_details(namespaces: Namespaces, bearers: Bearers, token: str) -> dict[str, Any]:
    """What is kept of a token that the caller has in hand."""
    held = bearers.held(token)
    name = None if held is None or held.namespace is None else namespaces.name_of(held.namespace)
    if held is None or name is None:
        raise Refusal("Auth token not found.")
    return {"auth_token": token, "namespace_name": name, **_shown(held)}


def deactivate(bearers: Bearers, body: Any) -> dict[str, str]:
    """Refuse a user token from the next request on."""
    token = _named(data_of(body), "auth_token")
    held = bearers.held(token)
    if held is None or held.namespace is None or not bearers.revoke(held.digest):
        raise Refusal("Auth token not found.")
    return {"message": "Given Auth token deactivated successfully."}


def delete_namespace(namespaces: Namespaces, queue: Queue, body: Any) -> dict[str, str]:
    """Delete a namespace with everything in it, its keys and tokens included."""
    held = body if isinstance(body, dict) and "data" not in body else data_of(body)
    name = _named(held, "namespace_to_be_deleted")
    if name == namespaces.vault.keyring.name:
        raise Refusal("The namespace of the server itself cannot be deleted.")
    if not namespaces.delete(name):
        raise Refusal("Namespace doesn't exist.")
    return _job(namespaces, queue, DELETION, f"Namespace {name} deleted successfully.")


def job_status(namespaces: Namespaces, queue: Queue, caller: Caller, tracking_id: str) -> Any:
    """How a job of an administrator is: of a deletion the job, of a creation a list of it."""
    [job] = queue.look(namespaces.vault, [tracking_id])
    if not caller.master or job is None or job.call not in {CREATION, DELETION}:
        raise Refusal("Invalid tracking_id")
    return [admin_job(job)] if job.call == CREATION else admin_job(job)


def day_of(text: object) -> int | None:
    """The day of `YYYY-MM-DD` in days since 1970-01-01; None for None."""
    if text is None:
        return None
    try:
        return (date.fromisoformat(text) - EPOCH).days if isinstance(text, str) else _refuse()
    except ValueError:
        return _refuse()


def _refuse() -> int:
    raise Refusal("A date is written YYYY-MM-DD") from None


def _job(namespaces: Namespaces, queue: Queue, call: str, said: str) -> dict[str, str]:
    """What was done at once is told as a job that is looked up, as Protecto tells it."""
    tracking_id = queue.record(namespaces.vault, call, "super-admin", said)
    return {"tracking_id": tracking_id, "status": "PENDING", "job_type": call}


def _named(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"Missing {key}")
    return value


def _shown(held: Bearer) -> dict[str, Any]:
    return {
        "_id": held.owner,
        "permissions": list(held.permissions),
        "start_date": _date(held.first_day),
        "end_date": _date(held.last_day),
    }


def _date(day: int | None) -> str | None:
    return None if day is None else (EPOCH + timedelta(days=day)).isoformat()
