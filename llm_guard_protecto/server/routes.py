"""The routes under `/api/vault`: what each needs and who answers it.

Of Protecto's table only the data scan is missing: it answers 404 like any other unknown path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.bearers import Caller
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.usage import Usage
from llm_guard_protecto.server import (
    admin_api,
    deletion_api,
    jobs_api,
    metadata_api,
    reports_api,
    tags_api,
    vault_api,
)
from llm_guard_protecto.server.messages import Refusal, Request, parsed
from llm_guard_protecto.server.recording import read_result
from llm_guard_protecto.server.service import Service

__all__ = ["ROUTES", "Call", "Route"]


@dataclass(frozen=True)
class Call:
    """A request whose caller is known and may call this route."""

    service: Service
    caller: Caller
    request: Request

    @cached_property
    def body(self) -> Any:
        """The JSON value of the body."""
        return parsed(self.request.body)

    @cached_property
    def vault(self) -> LocalVault:
        """The vault of the caller's namespace."""
        found = self.service.namespaces.get(self.caller.namespace or "")
        if found is None:
            raise Refusal("Not authenticated", 401, WWW_Authenticate="Bearer")
        return found


@dataclass(frozen=True, slots=True)
class Route:
    """`permissions`: the caller needs one of them. `master`: for a master key, and only for one;
    `either`: for a master key too.
    """

    handler: Callable[[Call], Any]
    permissions: frozenset[str] = frozenset()
    master: bool = False
    either: bool = False

    @property
    def for_master(self) -> bool:
        """Whether a master key may call it."""
        return self.master or self.either


def _mask(call: Call) -> Any:
    if vault_api.wants_unmask(call.body):
        call.service.recording.tried(call.caller)
        return _needing("unmask", call, _unmask)
    return _needing("mask", call, lambda c: vault_api.mask(c.vault, c.body, c.service.settings))


def _unmask(call: Call) -> Any:
    return vault_api.unmask(call.vault, call.body, call.service.settings)


def _needing(permission: str, call: Call, handler: Callable[[Call], Any]) -> Any:
    if permission not in call.caller.permissions:
        raise Refusal("Permission denied", 403)
    return handler(call)


def _submit(name: str) -> Callable[[Call], Any]:
    def submit(call: Call) -> Any:
        service = call.service
        queued = jobs_api.submit(
            service.queue, call.vault, call.caller, name, call.body, service.settings
        )
        service.workers.notice()
        return queued

    return submit


def _status(call: Call) -> Any:
    service = call.service
    jobs = jobs_api.status(service.queue, call.vault, call.caller, call.body, service.settings)
    read_result(call.vault, jobs)
    return jobs


def _create_token(call: Call) -> Any:
    service = call.service
    return admin_api.create_token(service.namespaces, service.bearers, service.queue, call.body)


def _fetch(call: Call) -> Any:
    return admin_api.fetch(call.service.bearers, call.body)


def _list_tokens(call: Call) -> Any:
    return admin_api.listed(call.service.namespaces, call.service.bearers)


def _details(call: Call) -> Any:
    token = call.request.query.get("auth_token", "")
    return admin_api.token_details(call.service.namespaces, call.service.bearers, token)


def _delete_namespace(call: Call) -> Any:
    return admin_api.delete_namespace(call.service.namespaces, call.service.queue, call.body)


def _job_status(call: Call) -> Any:
    service = call.service
    tracking_id = call.request.query.get("tracking_id", "")
    return admin_api.job_status(service.namespaces, service.queue, call.caller, tracking_id)


def _delete_old(kind: str) -> Callable[[Call], Any]:
    def submit(call: Call) -> Any:
        queue = call.service.queue
        queued = deletion_api.submit(queue, call.vault, call.caller, kind, call.body)
        call.service.workers.notice()
        return queued

    return submit


def _deletion(call: Call) -> Any:
    tracking_id = call.request.query.get("tracking_id", "")
    return deletion_api.job_status(call.service.queue, call.vault, call.caller, tracking_id)


def _audit(call: Call) -> Any:
    return reports_api.audit_details(call.service.namespaces, call.caller, call.request.query)


def _all_namespaces(call: Call) -> Any:
    service = call.service
    return reports_api.all_namespaces(
        service.namespaces, service.recording.usage, call.request.query
    )


def _counted(
    report: Callable[[Namespaces, Usage, Caller, Mapping[str, str]], Any],
) -> Callable[[Call], Any]:
    def tell(call: Call) -> Any:
        service = call.service
        usage = service.recording.usage
        return report(service.namespaces, usage, call.caller, call.request.query)

    return tell


def _entities(call: Call) -> Any:
    return metadata_api.entities(call.vault, call.request.query.get("policy_name"))


def _open(handler: Callable[[Call], Any], *permissions: str) -> Route:
    return Route(handler, frozenset(permissions))


def _admin(handler: Callable[[LocalVault, Any], Any]) -> Route:
    return _open(lambda call: handler(call.vault, call.body), "metadata_change")


def _either(handler: Callable[[Call], Any]) -> Route:
    return Route(handler, frozenset({"metadata_change"}), either=True)


def _master(handler: Callable[[Call], Any]) -> Route:
    return Route(handler, master=True)


_TOKEN = "/super-admin/namespace/auth-token"  # noqa: S105 - a path

ROUTES: Mapping[str, Mapping[str, Route]] = {
    "/mask": {"PUT": _open(_mask, "mask", "unmask")},
    "/unmask": {"PUT": _open(_unmask, "unmask")},
    "/mask/async": {"PUT": _open(_submit("mask"), "mask")},
    "/unmask/async": {"PUT": _open(_submit("unmask"), "unmask")},
    "/umask/async": {"PUT": _open(_submit("unmask"), "unmask")},  # as one old page spells it
    "/async-status": {"PUT": _open(_status, "mask", "unmask")},
    "/metadata/policy/create": {"PUT": _admin(metadata_api.create)},
    "/metadata/policy/list": {
        "GET": _open(lambda call: metadata_api.policies(call.vault), "metadata_change")
    },
    "/metadata/policy/delete": {"PUT": _admin(metadata_api.delete)},
    "/metadata/personal-data-entities/list": {"GET": _open(_entities, "metadata_change")},
    "/metadata/update-entity-category": {"PUT": _admin(metadata_api.categorise)},
    "/metadata/update-auto-detect": {"PUT": _admin(metadata_api.rewrap)},
    "/metadata/add-or-update/custom-tag/identification-endpoint": {
        "PUT": _admin(tags_api.identification)
    },
    "/metadata/add-or-update/custom-tag/pi-list-endpoint": {"PUT": _admin(tags_api.known_values)},
    "/metadata/custom-tag/details": {"PUT": _admin(tags_api.details)},
    "/metadata/delete/custom-tag": {"PUT": _admin(tags_api.delete)},
    "/namespace/delete/personal-data-mapping": {
        "PUT": _open(_delete_old(deletion_api.MAPPINGS), "metadata_change")
    },
    "/namespace/delete/audit-records": {
        "PUT": _open(_delete_old(deletion_api.AUDIT), "metadata_change")
    },
    "/namespace/job-status": {"GET": _open(_deletion, "metadata_change")},
    "/namespace/reports/audit-details": {"GET": _either(_audit)},
    "/reports/all-namespace-summary": {"GET": _master(_all_namespaces)},
    "/reports/namespace-summary": {"GET": _either(_counted(reports_api.namespace_summary))},
    "/reports/namespace-users-summary": {"GET": _either(_counted(reports_api.users_summary))},
    "/reports/usage-summary": {"GET": _either(_counted(reports_api.usage_summary))},
    f"{_TOKEN}/generate": {"PUT": _master(_create_token)},
    f"{_TOKEN}/fetch": {"PUT": _master(_fetch)},
    f"{_TOKEN}/list": {"GET": _master(_list_tokens)},
    f"{_TOKEN}/details": {"GET": _master(_details)},
    f"{_TOKEN}/deactivate": {
        "PUT": _master(lambda call: admin_api.deactivate(call.service.bearers, call.body))
    },
    "/super-admin/namespace/delete": {"PUT": _master(_delete_namespace)},
    "/super-admin/namespace/job-status": {"GET": _master(_job_status)},
}
"""Path, then verb; a path has no slash at its end."""
