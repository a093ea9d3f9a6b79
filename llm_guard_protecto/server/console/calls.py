"""What the console asks the server for, beside the vault's own routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llm_guard_protecto import __version__
from llm_guard_protecto.engine.explain import Explained
from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import BUILT_IN, Policy
from llm_guard_protecto.server.console.sources import policy_from, reads_files, source_of
from llm_guard_protecto.server.jobs_api import written
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.metadata_api import CHANGING, policy_of
from llm_guard_protecto.server.routes import Call, Route

__all__ = ["CONSOLE"]


def _session(call: Call) -> dict[str, Any]:
    """Who calls, and what there is for them to do."""
    caller, service = call.caller, call.service
    knows = "metadata_change" in caller.permissions
    file = service.gateway_file
    gateway = file and {
        "providers": [
            {"name": name, "kind": upstream.kind} for name, upstream in file.upstreams.items()
        ],
        "policies": [file.policies.default, *file.policies.allowed],
        "shadow": file.shadow,
    }
    return {
        "version": __version__,
        "namespace": caller.namespace,
        "owner": caller.owner,
        "permissions": sorted(caller.permissions),
        "policies": call.vault.policies() if knows else list(BUILT_IN),
        "default_policy": call.vault.policy().name,
        "families": {name: entity.family for name, entity in ENTITIES.items()},
        "gateway": gateway,
    }


def _explain(call: Call) -> list[dict[str, Any]]:
    """Everything found in a text and why; nothing is stored. The policy may be one being written."""
    body = _table(call.body)
    text = body.get("text")
    if not isinstance(text, str):
        raise Refusal("Missing text")
    if "source" in body:
        policy = _written_down(body["source"])
    else:
        name = body.get("policy_name")
        if name is not None and not isinstance(name, str):
            raise Refusal("Policy doesn't exist.")
        policy = policy_of(call.vault, name)
    [found] = call.vault.explain([text], policy)
    return [_reason(one) for one in found]


def _reason(one: Explained) -> dict[str, Any]:
    span = one.span
    return {
        "pii_type": span.entity,
        "start_pos": span.start,
        "end_pos": span.end,
        "score": round(span.score, 3),
        "threshold": one.threshold,
        "rule": span.rule,
        "outcome": one.outcome,
        "near": list(one.words),
    }


def _show(call: Call) -> dict[str, str]:
    """A policy as a file, and the mark that must come back with a change of it."""
    name = call.request.query.get("policy_name")
    policy = policy_of(call.vault, name)
    if reads_files(policy):
        raise Refusal(
            "This policy reads a file of the server; change it there: llm-guard-protecto policy set"
        )
    return {"source": source_of(policy), "fingerprint": policy.fingerprint}


def _check(call: Call) -> dict[str, Any]:
    """Whether a policy could be kept, and every mistake in it."""
    try:
        policy = policy_from(_table(call.body).get("source"))
    except ConfigurationError as error:
        return {"name": None, "mistakes": _APART.split(str(error))}
    return {"name": policy.name, "mistakes": []}


def _save(call: Call) -> dict[str, str]:
    """Keep a policy, unless somebody has changed it since it was shown."""
    body = _table(call.body)
    policy = _written_down(body.get("source"))
    with CHANGING:
        before = call.vault.policy(policy.name) if policy.name in call.vault.policies() else None
        if before is not None and body.get("replaces") != before.fingerprint:
            raise Refusal(
                f"There is a policy {policy.name} by now that is not the one you loaded. Load it "
                "and change it again, or give yours another name.",
                409,
            )
        call.vault.put_policy(policy)
    return {"name": policy.name, "fingerprint": policy.fingerprint}


def _recent(call: Call) -> list[dict[str, Any]]:
    """The latest calls through the gateway, counts only, the latest first."""
    recent = call.service.recent
    done = recent.of(call.caller.namespace or "") if recent else []
    return [
        {
            "time": written(int(one.at)),
            "owner": one.owner,
            "provider": one.upstream,
            "path": one.path,
            "shadow": one.shadow,
            "receipt": one.receipt.as_dict(),
        }
        for one in done
    ]


def _table(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise Refusal("Payload is not an object")
    return body


def _written_down(source: object) -> Policy:
    try:
        return policy_from(source)
    except ConfigurationError as error:
        message = str(error)
    raise Refusal(message)


_APART = re.compile("; (?!known: )")  # between two mistakes, not inside of one
_ADMIN = frozenset({"metadata_change"})
_ANY = frozenset({"mask", "unmask", "metadata_change"})

CONSOLE: Mapping[str, Mapping[str, Route]] = {
    "/console/session": {"GET": Route(_session, _ANY)},
    "/console/explain": {"PUT": Route(_explain, frozenset({"mask"}))},
    "/console/policy": {"GET": Route(_show, _ADMIN), "PUT": Route(_save, _ADMIN)},
    "/console/policy/check": {"PUT": Route(_check, _ADMIN)},
    "/console/calls": {"GET": Route(_recent, _ADMIN)},
}
"""Routes under `/api/vault` that are there with the console only; see `routes.ROUTES`."""
