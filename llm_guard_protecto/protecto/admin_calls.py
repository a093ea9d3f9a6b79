"""Administration as generators: policies and entities, erasure and audit, tokens, namespaces.

The permissions they need: `metadata_change` for everything up to the audit, the master key for
tokens and namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from llm_guard_protecto.errors import ConfigurationError, VaultError
from llm_guard_protecto.protecto.admin_codec import (
    AdminJob,
    AuditRecord,
    BearerToken,
    Endpoint,
    PolicyMetadata,
    objects,
    read_admin_job,
    read_audit,
    read_policy,
    read_token,
    the_object,
)
from llm_guard_protecto.protecto.asking import Flow, Request
from llm_guard_protecto.protecto.codec import as_json
from llm_guard_protecto.protecto.messages import known
from llm_guard_protecto.protecto.reading import Json, text_of
from llm_guard_protecto.protecto.retry import call
from llm_guard_protecto.protecto.settings import Settings

__all__ = ["AdminCalls"]

MOST_PAGES = 10_000
"""Pages of one list after which the vault is taken to go round in circles."""


@dataclass(frozen=True, slots=True)
class AdminCalls:
    """The administration calls of one vault."""

    settings: Settings

    def policies(self) -> Flow[list[str]]:
        """The names of the policies that the namespace keeps."""
        data = the_object((yield from self._get("/metadata/policy/list")))
        names = data.get("policies")
        if not isinstance(names, list):
            raise VaultError("the vault's answer holds no list of policies")
        return [str(name) for name in names]

    def create_policy(self, name: str) -> Flow[None]:
        """Make a policy: every entity pseudonymised, under the default wrappers.

        Raises `ConfigurationError` when there is one of that name.
        """
        yield from self._change("/metadata/policy/create", {"policy_name": name})

    def delete_policy(self, name: str) -> Flow[None]:
        """Forget a policy. Raises `ConfigurationError` when there is none of that name."""
        yield from self._change("/metadata/policy/delete", {"policy_name": name})

    def entities(self, policy: str | None = None) -> Flow[list[PolicyMetadata]]:
        """Every entity with its category and wrapper, of one policy or of all."""
        query = {} if policy is None else {"policy_name": policy}
        pages = yield from self._pages("/metadata/personal-data-entities/list", query, "details")
        return [read_policy(row) for row in pages]

    def set_wrappers(self, policy: str, wrappers: Mapping[str, tuple[str, str]]) -> Flow[None]:
        """Give entities of a policy another prefix and suffix; tokens stay the same."""
        changes = [
            {"entity_name": entity, "format_prefix": prefix, "format_suffix": suffix}
            for entity, (prefix, suffix) in wrappers.items()
        ]
        body = {"policy_name": policy, "metadata": changes}
        yield from self._change("/metadata/update-auto-detect", body)

    def set_categories(
        self,
        policy: str,
        *,
        anonymize: Iterable[str] = (),
        pseudonymize: Iterable[str] = (),
        exclude: Iterable[str] = (),
    ) -> Flow[None]:
        """Put entities of a policy into another category; the others stay where they are.

        The route is not in Protecto's stored pages and was inferred; see spec section 1.9.
        """
        groups = {
            "anonymizable_entities": list(anonymize),
            "pseudonymizable_entities": list(pseudonymize),
            "excluded_entities": list(exclude),
        }
        body = {"policy_name": policy, "metadata": groups}
        yield from self._change("/metadata/update-entity-category", body)

    def put_custom_entity(
        self,
        tag: str,
        *,
        detector: Endpoint | None = None,
        known_values: Endpoint | None = None,
        policy: str | None = None,
    ) -> Flow[None]:
        """Register a custom entity: an address that finds it, one that lists values, or both.

        `policy` None leaves that to the vault. Raises `ConfigurationError` for neither.
        """
        if detector is None and known_values is None:
            raise ConfigurationError("a custom entity needs a detector or a list of known values")
        about = {"tag_type": tag} | ({} if policy is None else {"policy_name": policy})
        path = "/metadata/add-or-update/custom-tag/"
        if detector is not None:
            body = {**about, "identification_endpoint_details": detector.details}
            yield from self._change(f"{path}identification-endpoint", body)
        if known_values is not None:
            body = {**about, "pi_elements_list_endpoint_details": known_values.details}
            yield from self._change(f"{path}pi-list-endpoint", body)

    def custom_entity(self, tag: str, policy: str | None = None) -> Flow[Mapping[str, Json]]:
        """The configuration of a custom entity, as the vault tells it."""
        about = {"tag_type": tag} | ({} if policy is None else {"policy_name": policy})
        body = {"data": about}
        return the_object((yield from self._put("/metadata/custom-tag/details", body)))

    def delete_custom_entity(self, tag: str, policy: str | None = None) -> Flow[None]:
        """Stop looking for a custom entity; its tokens stay valid."""
        about = {"tag_type": tag} | ({} if policy is None else {"policy_name": policy})
        yield from self._change("/metadata/delete/custom-tag", about)

    def erase_mappings(self, *, date: str | None = None, days: int | None = None) -> Flow[AdminJob]:
        """Erase the values behind tokens made before `date` (YYYY-MM-DD) or `days` ago."""
        return (yield from self._erase("/namespace/delete/personal-data-mapping", date, days))

    def erase_audit(self, *, date: str | None = None, days: int | None = None) -> Flow[AdminJob]:
        """Erase audit records older than `date` (YYYY-MM-DD) or `days`."""
        return (yield from self._erase("/namespace/delete/audit-records", date, days))

    def erasure(self, tracking_id: str) -> Flow[AdminJob]:
        """The state of an erasure; only who asked for it may look."""
        path = "/namespace/job-status"
        return read_admin_job((yield from self._get(path, {"tracking_id": tracking_id})))

    def audit(self, start: str, end: str) -> Flow[list[AuditRecord]]:
        """What was called between two times (`YYYY-MM-DD HH:MM:SS`, UTC)."""
        query = {"start_date": start, "end_date": end}
        pages = yield from self._pages("/namespace/reports/audit-details", query, "details")
        return [read_audit(row) for row in pages]

    def usage(
        self, namespace: str | None = None, start: str | None = None, end: str | None = None
    ) -> Flow[list[Mapping[str, Json]]]:
        """How often each call was made; times are `YYYY-MM-DD HH:MM:SS`."""
        narrowed = {"namespace": namespace, "start_date": start, "end_date": end}
        query = {key: value for key, value in narrowed.items() if value is not None}
        return (yield from self._pages("/reports/usage-summary", query, "details", alone=True))

    def calls(self, namespace: str, start: str, end: str) -> Flow[list[Mapping[str, Json]]]:
        """How often each call was made in a namespace, by day; times as in `audit`."""
        query = {"namespace": namespace, "start_date": start, "end_date": end}
        return (yield from self._pages("/reports/namespace-summary", query, "details"))

    def calls_by_user(self, namespace: str, start: str, end: str) -> Flow[list[Mapping[str, Json]]]:
        """Which calls each user of a namespace made, by day."""
        query = {"namespace": namespace, "start_date": start, "end_date": end}
        return (yield from self._pages("/reports/namespace-users-summary", query, "details"))

    def calls_by_namespace(self, start: str, end: str) -> Flow[list[Mapping[str, Json]]]:
        """How many calls each namespace made; for a master key."""
        query = {"start_date": start, "end_date": end}
        return (yield from self._pages("/reports/all-namespace-summary", query, "details"))

    def create_token(
        self,
        namespace: str,
        user: str,
        permissions: Sequence[str] = ("mask", "unmask"),
        *,
        start_date: str | None = None,
        end_date: str | None = None,
    ) -> Flow[BearerToken]:
        """Make a token for a user, and the namespace if it is new; dates are YYYY-MM-DD."""
        data = {
            "namespace_name": namespace,
            "_id": user,
            "permissions": list(permissions),
            "start_date": start_date,
            "end_date": end_date,
        }
        path = "/super-admin/namespace/auth-token/generate"
        made = read_token(
            (yield from self._put(path, {"data": data}, once=True)), namespace=namespace, user=user
        )
        if not made.token:
            raise VaultError("the vault made no token")
        return replace(
            made,
            permissions=made.permissions or tuple(permissions),
            start_date=made.start_date or start_date,
            end_date=made.end_date or end_date,
        )

    def token(self, namespace: str, user: str) -> Flow[BearerToken]:
        """A user's token and what it may do."""
        body = {"data": {"_id": user, "namespace_name": namespace}}
        data = yield from self._put("/super-admin/namespace/auth-token/fetch", body)
        return read_token(data, namespace=namespace, user=user)

    def tokens(self) -> Flow[list[BearerToken]]:
        """Every token of every namespace."""
        data = yield from self._get("/super-admin/namespace/auth-token/list")
        rows = objects(data, "details", "auth_tokens", "tokens")
        return [read_token(row) for row in rows]

    def token_details(self, token: str) -> Flow[BearerToken]:
        """Whose token this is and what it may do."""
        path = "/super-admin/namespace/auth-token/details"
        return read_token((yield from self._get(path, {"auth_token": token})))

    def revoke_token(self, token: str) -> Flow[None]:
        """Make a token worthless, at once."""
        yield from self._change(
            "/super-admin/namespace/auth-token/deactivate", {"auth_token": token}
        )

    def delete_namespace(self, name: str) -> Flow[AdminJob]:
        """Delete a namespace with everything in it."""
        path = "/super-admin/namespace/delete"
        body = {"namespace_to_be_deleted": name}
        return read_admin_job((yield from self._put(path, body, once=True)))

    def namespace_job(self, tracking_id: str) -> Flow[AdminJob]:
        """The state of the making or deleting of a namespace."""
        path = "/super-admin/namespace/job-status"
        return read_admin_job((yield from self._get(path, {"tracking_id": tracking_id})))

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Flow[Json]:
        request = Request("GET", path, query=dict(query or {}))
        return (yield from call(request, self.settings.retries)).get("data")

    def _put(self, path: str, body: Json, *, once: bool = False) -> Flow[Json]:
        request = Request("PUT", path, as_json(body))
        return (yield from call(request, self.settings.retries, once=once)).get("data")

    def _change(self, path: str, data: Json) -> Flow[None]:
        """A change that the vault answers with a message, which may be a refusal in disguise."""
        answer = yield from self._put(path, {"data": data}, once=True)
        message = text_of(answer.get("message")) if isinstance(answer, dict) else ""
        row = known(message)
        if row is not None:
            raise row.error(f"the vault answered: {row.text}")

    def _erase(self, path: str, date: str | None, days: int | None) -> Flow[AdminJob]:
        if (date is None) == (days is None):
            raise ConfigurationError("say either a date or a number of days")
        data: Json = {"date": date} if days is None else {"duration": days}
        return read_admin_job((yield from self._put(path, {"data": data}, once=True)))

    def _pages(
        self, path: str, query: Mapping[str, str], key: str, *, alone: bool = False
    ) -> Flow[list[Mapping[str, Json]]]:
        """A list that comes in pages, whole. The mark of the next one stands in either place.

        With `alone` an object without the list counts as the only row.
        """
        found: list[Mapping[str, Json]] = []
        mark = ""
        for _ in range(MOST_PAGES):
            request = Request(
                "GET", path, query={**query, **({"next_page_token": mark} if mark else {})}
            )
            frame = yield from call(request, self.settings.retries)
            data = frame.get("data")
            single = alone and isinstance(data, dict) and key not in data
            found += objects([data] if single else data, key)
            inner = data.get("next_page_token") if isinstance(data, dict) else None
            new = text_of(frame.get("next_page_token")) or text_of(inner)
            if not new or new == mark:
                return found
            mark = new
        raise VaultError("the vault's list has no end")
