"""Reports: what was turned back and changed by whom, and how often each call is made.

A namespace's administrator sees that namespace. A master key sees the counts of all, and of the
audit the part that is not any one namespace's: what was done with master keys.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from llm_guard_protecto.engine.audit_read import AuditEntry, entries
from llm_guard_protecto.engine.bearers import Caller
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store.audit import Hit
from llm_guard_protecto.engine.usage import DAY, Usage
from llm_guard_protecto.server.jobs_api import written
from llm_guard_protecto.server.messages import Answer, Refusal

__all__ = ["all_namespaces", "audit_details", "namespace_summary", "usage_summary", "users_summary"]

PAGE = 100
"""Rows of one page."""

HITS = {
    "mask": "/mask",
    "unmask": "/unmask",
    "mask/async": "/mask/async",
    "unmask/async": "/unmask/async",
    "status-tracking": "/async-status",
}
"""The calls that are metered, under Protecto's names."""

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Period:
    """From `first` to `last`, both included, in seconds since 1970; None for no limit."""

    first: int | None
    last: int | None

    @classmethod
    def of(cls, query: Query, *, needed: bool) -> _Period:
        first = _moment(query, "start_date", needed=needed)
        last = _moment(query, "end_date", needed=needed)
        if first is not None and last is not None and first > last:
            raise Refusal("start_date is after end_date")
        return cls(first, last)

    @property
    def days(self) -> tuple[int | None, int | None]:
        first, last = self.first, self.last
        return None if first is None else first // DAY, None if last is None else last // DAY

    @property
    def milliseconds(self) -> tuple[int | None, int | None]:
        first, last = self.first, self.last
        return (
            None if first is None else 1000 * first,
            None if last is None else 1000 * last + 999,
        )


def audit_details(namespaces: Namespaces, caller: Caller, query: Query) -> Answer:
    """The audit of the caller's namespace, page by page; without a clear value anywhere."""
    period = _Period.of(query, needed=True)
    page = _page(query)
    vault = namespaces.vault if caller.namespace is None else namespaces.get(caller.namespace)
    if vault is None:
        raise Refusal("Not authenticated", 401, WWW_Authenticate="Bearer")
    audit, number = vault.store.audit, vault.keyring.namespace
    first, last = period.milliseconds
    found = entries(audit, number, page.get("after", 0), first, last)
    rows = list(islice((one for one in found if one.outcome != "begun"), PAGE + 1))
    more = None
    if len(rows) > PAGE:
        more = _mark(page_number=page.get("page_number", 1) + 1, after=rows[PAGE - 1].number)
    return Answer(
        200,
        {
            "data": [_shown(one) for one in rows[:PAGE]],
            "next_page_token": more,
            "success": True,
            "error": {"message": ""},
        },
    )


def all_namespaces(namespaces: Namespaces, usage: Usage, query: Query) -> dict[str, Any]:
    """How many calls each namespace made."""
    period = _Period.of(query, needed=True)
    rows = [
        {"namespace": name, **_times(period, hits), "count": sum(hit.count for hit in hits)}
        for name in namespaces.names()
        for hits in [usage.of(name, *period.days)]
    ]
    return _listed(rows, query)


def namespace_summary(
    namespaces: Namespaces, usage: Usage, caller: Caller, query: Query
) -> dict[str, Any]:
    """How often each call was made on each day."""
    counts: Counter[tuple[int, str, str]] = Counter()
    for hit in _hits(namespaces, usage, caller, query):
        counts[hit.day, hit.api, hit.status] += hit.count
    rows = [
        {"date": _date(day), "api_type": api, "status": status, "count": count}
        for (day, api, status), count in sorted(counts.items())
    ]
    return _listed(rows, query)


def users_summary(
    namespaces: Namespaces, usage: Usage, caller: Caller, query: Query
) -> dict[str, Any]:
    """Which calls each user made on each day, and when last."""
    rows = [
        {
            "date": _date(hit.day),
            "api_type": hit.api,
            "status": hit.status,
            "user": hit.user,
            "logged_in_time": written(hit.last),
        }
        for hit in _hits(namespaces, usage, caller, query)
    ]
    return _listed(rows, query)


def usage_summary(
    namespaces: Namespaces, usage: Usage, caller: Caller, query: Query
) -> dict[str, Any]:
    """How often what is metered was called: by one namespace, or for a master key by each."""
    period = _Period.of(query, needed=False)
    every = caller.master and "namespace" not in query
    names = namespaces.names() if every else [_asked(namespaces, caller, query)]
    rows = []
    for name in names:
        hits = usage.of(name, *period.days)
        counts: Counter[str] = Counter()
        for hit in hits:
            counts[hit.api] += hit.count
        metered = {label: counts[api] for label, api in HITS.items()}
        metered["total"] = sum(metered.values())
        rows.append({"namespace": name, **_times(period, hits), "no_of_hits": metered})
    return _listed(rows, query)


def _hits(namespaces: Namespaces, usage: Usage, caller: Caller, query: Query) -> list[Hit]:
    name = _asked(namespaces, caller, query)
    return usage.of(name, *_Period.of(query, needed=True).days)


def _asked(namespaces: Namespaces, caller: Caller, query: Query) -> str:
    """The namespace that is asked about: only a master key may ask about another than its own."""
    name = query.get("namespace", caller.namespace)
    if not name:
        raise Refusal("Missing namespace")
    if caller.namespace not in {None, name}:
        raise Refusal("Permission denied", 403)
    if name not in namespaces.names():
        raise Refusal("Namespace doesn't exist.")
    return name


def _shown(one: AuditEntry) -> dict[str, Any]:
    facts = dict(one.facts)
    found = {key: facts.pop(key) for key in ("restored", "unknown", "entities") if key in facts}
    policy = {"policy_name": one.policy} if one.policy else {}
    return {
        "requested_method": one.via or one.what,
        "requested_user": one.who,
        "requested_time": written(one.moment // 1000),
        "status": one.outcome,
        "input_payload": {"action": one.what, **policy, **facts},
        "response": found or None,
        "error_log": one.error,
    }


def _times(period: _Period, hits: Sequence[Hit]) -> dict[str, str | None]:
    """The period as asked for; where it has no limit, the first or last day with a call."""
    first, last = period.first, period.last
    if first is None and hits:
        first = DAY * min(hit.day for hit in hits)
    if last is None and hits:
        last = max(hit.last for hit in hits)
    return {"start_time": written(first), "end_time": written(last)}


def _listed(rows: Sequence[Mapping[str, Any]], query: Query) -> dict[str, Any]:
    """One page of rows that are all at hand."""
    page = _page(query)
    start = page.get("after", 0)
    end = start + PAGE
    more = _mark(page_number=page.get("page_number", 1) + 1, after=end) if end < len(rows) else None
    return {"details": list(rows[start:end]), "next_page_token": more}


def _mark(**where: int) -> str:
    said = {"page_size": PAGE, **where}
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


def _page(query: Query) -> dict[str, int]:
    """Where a page begins; nowhere for the first one."""
    mark = query.get("next_page_token")
    if mark in {None, "", "null"}:
        return {}
    try:
        said = json.loads(base64.urlsafe_b64decode(str(mark).encode("ascii")))
        page = {key: said[key] for key in ("page_number", "after")}
    except (ValueError, KeyError, TypeError, RecursionError):
        page = {}
    if not page or any(type(n) is not int or not 0 <= n < 2**53 for n in page.values()):
        raise Refusal("Invalid next_page_token")
    return page


def _moment(query: Query, key: str, *, needed: bool) -> int | None:
    """A time in seconds since 1970; of a day alone its first second, or as an end its last."""
    text = query.get(key)
    if not text:
        if needed:
            raise Refusal(f"Missing {key}")
        return None
    for form, last in (("%Y-%m-%d %H:%M:%S", 0), ("%Y-%m-%d", DAY - 1)):
        try:
            start = int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
        return start + (last if key == "end_date" else 0)
    raise Refusal("A time is written YYYY-MM-DD HH:MM:SS")


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()
