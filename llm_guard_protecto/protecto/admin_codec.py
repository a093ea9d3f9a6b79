"""Policies, entities, bearer tokens, namespaces: the values of the administration calls.

Where Protecto's pages print an answer in two shapes, both are read. Raises `VaultError` for one
that is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.protecto.reading import Json, Row, string, text_of

__all__ = [
    "AdminJob",
    "AuditRecord",
    "BearerToken",
    "Category",
    "Endpoint",
    "EntityMetadata",
    "PolicyMetadata",
    "objects",
    "read_admin_job",
    "read_audit",
    "read_policy",
    "read_token",
    "the_object",
]

Category = Literal["anonymize", "pseudonymize", "exclude"]
"""What a policy does with an entity: mask for good, mask so that it comes back, leave alone."""

_GROUPS: dict[str, Category] = {
    "anonymizable_entities": "anonymize",
    "pseudonymizable_entities": "pseudonymize",
    "excluded_entities": "exclude",
}


@dataclass(frozen=True, slots=True)
class EntityMetadata:
    """One entity under one policy; `kind` is PII, PHI or another of Protecto's classes."""

    name: str
    category: Category
    kind: str = ""
    prefix: str = ""
    suffix: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class PolicyMetadata:
    """A policy that the vault keeps, with every entity it knows."""

    name: str
    entities: tuple[EntityMetadata, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that the vault calls; its headers may hold a secret."""

    url: str
    method: str = "PUT"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def details(self) -> dict[str, Json]:
        """As it travels."""
        return {"url": self.url, "method": self.method, "headers": dict(self.headers)}


@dataclass(frozen=True, slots=True)
class AdminJob:
    """A background job of the administration. Times are UTC."""

    tracking_id: str
    status: str
    job_type: str = ""
    requested: datetime | None = None
    completed: datetime | None = None
    cleared_records: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether it will stay as it is."""
        return self.status not in ("PENDING", "IN-PROGRESS")


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A user's token and what it may do. The token itself is in no `repr`.

    `token` is empty where the vault keeps no token that it could show, and says so. `job` is there when the call also made the namespace.
    """

    token: str = field(repr=False)
    namespace: str
    user: str = field(repr=False)
    permissions: tuple[str, ...] = ()
    start_date: str | None = None
    end_date: str | None = None
    active: bool = True
    job: AdminJob | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One call as the vault wrote it down. Payload and answer may hold clear values."""

    method: str
    user: str = field(repr=False)
    time: str
    status: str
    input_payload: Json = field(default=None, repr=False)
    response: Json = field(default=None, repr=False)
    error_log: Json = field(default=None, repr=False)


def the_object(data: Json) -> Row:
    """`data` as one object; a list of one counts."""
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, dict):
        raise VaultError("the vault's answer holds no object")
    return data


def objects(data: Json, *keys: str) -> list[Row]:
    """`data` as a list of objects, itself or under one of `keys`."""
    if isinstance(data, dict):
        data = next((data[key] for key in keys if key in data), None)
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise VaultError("the vault's answer holds no list")
    return data


def read_policy(row: Row) -> PolicyMetadata:
    """One policy with its three groups of entities."""
    groups = row.get("metadata")
    groups = groups if isinstance(groups, dict) else {}
    entities = tuple(
        EntityMetadata(
            name=string(one, "entity_name"),
            category=category,
            kind=text_of(one.get("entity_type")),
            prefix=text_of(one.get("prefix", one.get("format_prefix"))),
            suffix=text_of(one.get("suffix", one.get("format_suffix"))),
            description=text_of(one.get("description")),
        )
        for group, category in _GROUPS.items()
        for one in objects(groups.get(group) or [])
    )
    return PolicyMetadata(string(row, "policy_name"), entities)


def read_admin_job(data: Json) -> AdminJob:
    """The state of a background job; one old page prints its keys with a blank at the end."""
    row = {key.strip(): value for key, value in the_object(data).items()}
    response = row.get("response")
    cleared = response.get("cleared_records") if isinstance(response, dict) else None
    return AdminJob(
        tracking_id=string(row, "tracking_id"),
        status=text_of(row.get("status")).upper().replace("_", "-"),
        job_type=text_of(row.get("job_type")),
        requested=_time(row.get("requested_timestamp")),
        completed=_time(row.get("process_end_time")),
        cleared_records=cleared if isinstance(cleared, int) else None,
    )


def read_token(data: Json, *, namespace: str = "", user: str = "") -> BearerToken:
    """A token, from any of the calls that give one; what is missing is as it was asked for."""
    row = the_object(data)
    token = text_of(row.get("auth_key")) or text_of(row.get("auth_token"))
    made = row.get("namespace_creation")
    permissions = row.get("permissions")
    named = text_of(row.get("namespace")) or text_of(row.get("namespace_name"))
    return BearerToken(
        token=token,
        namespace=named or namespace,
        user=text_of(row.get("_id")) or user,
        permissions=tuple(map(str, permissions)) if isinstance(permissions, list) else (),
        start_date=text_of(row.get("start_date")) or None,
        end_date=text_of(row.get("end_date")) or None,
        active=row.get("active") is not False,
        job=read_admin_job(made) if made else None,
    )


def read_audit(row: Row) -> AuditRecord:
    """One line of the audit log."""
    return AuditRecord(
        method=text_of(row.get("requested_method")),
        user=text_of(row.get("requested_user")),
        time=text_of(row.get("requested_time")),
        status=text_of(row.get("status")),
        input_payload=row.get("input_payload"),
        response=row.get("response"),
        error_log=row.get("error_log"),
    )


def _time(value: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(text_of(value)).replace(tzinfo=UTC)
    except ValueError:
        return None
