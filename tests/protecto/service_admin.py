"""The administration of the small Protecto: policies, entities, tokens, namespaces, erasure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

__all__ = ["Admin", "Refused", "Rule", "frame", "refuse"]

PAGE = 1
TIME = "2026-01-02 03:04:05"


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def refuse(message: str, status: int = 400) -> NoReturn:
    raise Refused(message, status)


def frame(data: Any, message: str = "") -> dict[str, Any]:
    """Protecto's frame; `beside` of a paged answer stands next to `data`."""
    beside = {}
    if isinstance(data, Paged):
        data, beside = data.rows, {"next_page_token": data.next}
    return {"data": data, "success": not message, "error": {"message": message}} | beside


@dataclass
class Paged:
    """A list whose next page's mark stands beside `data`."""

    rows: Any
    next: str | None


@dataclass
class Rule:
    """What a policy does with one entity."""

    category: str
    prefix: str
    suffix: str


def _new_policy() -> dict[str, Rule]:
    tags = {"PERSON": "PER", "PHONE_NUMBER": "PHN", "EMAIL_ADDRESS": "EMAIL", "URL": "URL"}
    return {
        name: Rule("pseudonymizable_entities", f"<{tag}>", f"</{tag}>")
        for name, tag in tags.items()
    }


@dataclass
class Admin:
    """Policies, custom tags, tokens and namespaces, in dictionaries."""

    policies: dict[str, dict[str, Rule]] = field(default_factory=dict)
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def routes(self) -> dict[tuple[str, str], Callable[[Any], Any]]:
        return {
            ("PUT", "/metadata/policy/create"): self._create,
            ("GET", "/metadata/policy/list"): lambda _: {"policies": list(self.policies)},
            ("PUT", "/metadata/policy/delete"): self._delete,
            ("GET", "/metadata/personal-data-entities/list"): self._entities,
            ("PUT", "/metadata/update-auto-detect"): self._wrap,
            ("PUT", "/metadata/update-entity-category"): self._categories,
            ("PUT", "/metadata/add-or-update/custom-tag/identification-endpoint"): self._tag,
            ("PUT", "/metadata/add-or-update/custom-tag/pi-list-endpoint"): self._tag,
            ("PUT", "/metadata/custom-tag/details"): self._tag_details,
            ("PUT", "/metadata/delete/custom-tag"): self._tag_delete,
            ("PUT", "/namespace/delete/personal-data-mapping"): self._erase,
            ("PUT", "/namespace/delete/audit-records"): self._erase,
            ("GET", "/namespace/job-status"): lambda query: self._job(query),
            ("GET", "/namespace/reports/audit-details"): self._audit,
            ("GET", "/reports/usage-summary"): lambda query: {"details": [dict(query)]},
            ("PUT", "/super-admin/namespace/auth-token/generate"): self._generate,
            ("PUT", "/super-admin/namespace/auth-token/fetch"): self._fetch,
            ("GET", "/super-admin/namespace/auth-token/list"): lambda _: {
                "details": list(self.tokens.values())
            },
            ("GET", "/super-admin/namespace/auth-token/details"): self._details,
            ("PUT", "/super-admin/namespace/auth-token/deactivate"): self._deactivate,
            ("PUT", "/super-admin/namespace/delete"): self._delete_namespace,
            ("GET", "/super-admin/namespace/job-status"): lambda query: [self._job(query)],
        }

    def rules(self, name: str | None) -> dict[str, Rule]:
        if name is None:
            return _new_policy()
        if name not in self.policies:
            refuse("Policy doesn't exist.")
        return self.policies[name]

    def wrappers(self) -> list[tuple[str, str]]:
        every = [_new_policy(), *self.policies.values()]
        return [(rule.prefix, rule.suffix) for rules in every for rule in rules.values()]

    def _create(self, body: Any) -> Any:
        name = body["data"]["policy_name"]
        if name in self.policies:
            return {"message": "Policy already exists"}
        self.policies[name] = _new_policy()
        return {"message": f"{name} created successfully."}

    def _delete(self, body: Any) -> Any:
        name = body["data"]["policy_name"]
        if self.policies.pop(name, None) is None:
            refuse("Policy doesn't exists.")
        return {"message": f"{name} deleted successfully."}

    def _entities(self, query: Any) -> Any:
        names = [query["policy_name"]] if "policy_name" in query else list(self.policies)
        at = int(query.get("next_page_token", 0))
        details = []
        for name in names[at : at + PAGE]:
            groups: dict[str, list[Any]] = {"anonymizable_entities": []}
            groups |= {"pseudonymizable_entities": [], "excluded_entities": []}
            for entity, rule in self.rules(name).items():
                wrapper = {"prefix": rule.prefix, "suffix": rule.suffix}
                row = {"entity_name": entity, "entity_type": "PII", "description": entity.title()}
                groups[rule.category].append(row | wrapper)
            details.append({"policy_name": name, "metadata": groups})
        after = str(at + PAGE) if at + PAGE < len(names) else None
        return {"details": details, "next_page_token": after}

    def _wrap(self, body: Any) -> Any:
        rules = self.rules(body["data"]["policy_name"])
        for change in body["data"]["metadata"]:
            rule = rules[change["entity_name"]]
            rule.prefix, rule.suffix = change["format_prefix"], change["format_suffix"]
        return {"message": "updated successfully."}

    def _categories(self, body: Any) -> Any:
        rules = self.rules(body["data"]["policy_name"])
        for group, names in body["data"]["metadata"].items():
            for name in names:
                rules[name].category = group
        return {"message": "updated successfully."}

    def _tag(self, body: Any) -> Any:
        tag = body["data"]["tag_type"]
        self.tags[tag] = self.tags.get(tag, {}) | body["data"]
        return {"message": f"custom tag {tag} added or updated successfully."}

    def _tag_details(self, body: Any) -> Any:
        return self.tags[body["data"]["tag_type"]] | {"token_name": "Default Token"}

    def _tag_delete(self, body: Any) -> Any:
        del self.tags[body["data"]["tag_type"]]
        return {"message": f"custom tag {body['data']['tag_type']} deleted successfully."}

    def _new_job(self, kind: str) -> dict[str, Any]:
        tracking_id = f"job-{len(self.jobs)}"
        self.jobs[tracking_id] = {
            "tracking_id": tracking_id,
            "requested_user": "admin",
            "requested_timestamp": TIME,
            "process_end_time": TIME,
            "job_type": kind,
            "status": "SUCCESS",
            "response": {"cleared_records": 3, "message": "done"},
            "error_message": None,
        }
        return {"tracking_id": tracking_id, "status": "PENDING", "job_type ": kind}

    def _job(self, query: Any) -> dict[str, Any]:
        if query["tracking_id"] not in self.jobs:
            refuse("Invalid tracking_id")
        return self.jobs[query["tracking_id"]]

    def _erase(self, body: Any) -> Any:
        if len(body["data"]) != 1:
            refuse("Payload is empty")
        return self._new_job("data-deletion")

    def _audit(self, query: Any) -> Paged:
        """Three records on two pages, the mark of the next beside `data`."""
        row: dict[str, Any] = {"requested_method": "/unmask"}
        row |= {"requested_user": "ada@moss.example"}
        row |= {"requested_time": query["start_date"], "status": "success", "input_payload": {}}
        last = query.get("next_page_token") == "eyJwIjoyfQ=="
        return Paged([row] if last else [row, row], None if last else "eyJwIjoyfQ==")

    def _generate(self, body: Any) -> Any:
        asked = body["data"]
        known = {row["namespace"] for row in self.tokens.values()}
        token = f"jwt.{len(self.tokens)}.made"
        self.tokens[token] = {
            "auth_token": token,
            "namespace": asked["namespace_name"],
            "_id": asked["_id"],
            "permissions": asked["permissions"],
            "start_date": asked["start_date"],
            "end_date": asked["end_date"],
        }
        if asked["namespace_name"] in known:
            return {"auth_key": token}
        return {"auth_key": token, "namespace_creation": self._new_job("namespace-creation")}

    def _fetch(self, body: Any) -> Any:
        wanted = (body["data"]["namespace_name"], body["data"]["_id"])
        rows = self.tokens.values()
        return next(row for row in rows if (row["namespace"], row["_id"]) == wanted)

    def _details(self, query: Any) -> Any:
        return self.tokens[query["auth_token"]]

    def _deactivate(self, body: Any) -> Any:
        del self.tokens[body["data"]["auth_token"]]
        return {"message": "Given Auth token deactivated successfully."}

    def _delete_namespace(self, body: Any) -> Any:
        gone = [
            token
            for token, row in self.tokens.items()
            if row["namespace"] == body["namespace_to_be_deleted"]
        ]
        for token in gone:
            del self.tokens[token]
        return self._new_job("namespace-deletion")
