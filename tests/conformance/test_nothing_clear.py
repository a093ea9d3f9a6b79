"""After everything a server can do with a value, the value is nowhere in clear: files and tables,
queue, audit, usage, metrics page, log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest

from llm_guard_protecto.protecto.faults import JobFailed
from tests.clients.leaks import leaked
from tests.conformance.served import Caller, Served, serving
from tests.sweep import CANARIES, tables_of

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
WORDS = ("Johnson", "sarah.johnson", "Brandvold", "3704 0044")
TEXT = " and ".join(CANARIES)
DAY = {"start_date": "2020-01-01 00:00:00", "end_date": "2999-01-01 00:00:00"}


def use(served: Served, caller: Caller) -> None:
    """Send the values through every call that takes some, and be refused with them too."""
    entries: list[dict[str, Any]] = [{"value": TEXT, "attributes": {"note": CANARIES[1]}}]
    entries += [{"value": value, "token_name": "Text Token"} for value in CANARIES]
    entries += [{"value": value, "token_name": "Person Token"} for value in CANARIES]
    masked = caller.put("/mask", {"mask": entries})["data"]
    tokens = {"unmask": [{"token_value": one["token_value"]} for one in masked]}
    back = caller.put("/unmask", tokens)["data"]
    assert [one["value"] for one in back] == [one["value"] for one in masked]
    vault = caller.vault()
    for path, body in (("/mask/async", {"mask": entries}), ("/unmask/async", tokens)):
        [job] = caller.put(path, body)["data"]
        assert vault.result(job["tracking_id"])
    wrong = [{"value": TEXT}, {"value": TEXT, "token_name": "no such type"}]
    [job] = caller.put("/mask/async", {"mask": wrong})["data"]
    with pytest.raises(JobFailed):
        vault.result(job["tracking_id"])
    for path, refused in (
        ("/mask", {"mask": wrong}),
        ("/mask", {"mask": [{"value": TEXT}], "policy_name": CANARIES[1]}),
        ("/unmask", {"unmask": [{"token_value": ""}, {"token_value": TEXT}]}),
        ("/async-status", {"status": [{"tracking_id": CANARIES[0]}]}),
        ("/metadata/policy/delete", {"data": {"policy_name": TEXT}}),
        ("/mask", f'{{"mask": [{{"value": "{TEXT}"}}'.encode()),
    ):
        assert caller.send("PUT", path, refused).status_code == 400
    # Not by a client that writes addresses into its own log.
    host = served.http.build_request("GET", served.url).url
    connection = HTTPConnection(host.host, host.port, timeout=60)
    connection.request("GET", f"{host.path}/{CANARIES[0]}", headers={"X-Note": CANARIES[0]})
    assert connection.getresponse().status == 404
    connection.close()
    stranger = served.nobody(CANARIES[0])
    assert stranger.send("PUT", "/mask", {"mask": entries}).status_code == 401


def told(served: Served, caller: Caller) -> Iterator[tuple[str, bytes]]:
    """What the server says of itself and of its calls."""
    base = served.url.removesuffix("/api/vault")
    for page in ("/metrics", "/readyz", "/healthz", "/openapi.json"):
        got = served.http.get(base + page)
        assert got.status_code == 200
        yield page, got.content
    audit = caller.send("GET", "/namespace/reports/audit-details", **DAY)
    assert audit.status_code == 200
    assert b"/unmask" in audit.content  # there is something to look at
    yield "audit", audit.content
    master = served.caller(None)
    for path in ("/reports/all-namespace-summary", "/reports/usage-summary"):
        yield path, master.send("GET", path, **DAY).content


def check(name: str, raw: bytes) -> None:
    assert leaked(raw, CANARIES) == [], name
    for word in WORDS:
        assert word.encode() not in raw, name


def test_sqlite(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(KEY, str(tmp_path / "vault.db")) as served:
        caller = served.caller()
        use(served, caller)
        places = list(told(served, caller))
        files = [(file.name, file.read_bytes()) for file in tmp_path.iterdir()]
    assert any(name.endswith("-wal") and raw for name, raw in files)
    places += [*files, ("closed", (tmp_path / "vault.db").read_bytes())]
    places.append(("log", caplog.text.encode("utf-8", "surrogatepass")))
    for name, raw in places:
        check(name, raw)


def test_postgresql(postgres: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(KEY, postgres) as served:
        caller = served.caller()
        use(served, caller)
        places = list(told(served, caller))
        with psycopg.connect(postgres, autocommit=True) as database:
            tables = dict(tables_of(database))
    full = {name.rpartition(".")[2] for name, rows in tables.items() if len(rows) > 40}
    assert {"tokens", "jobs", "policies"} & full  # there is something to look at
    places.append(("log", caplog.text.encode("utf-8", "surrogatepass")))
    for name, raw in (*places, *tables.items()):
        check(name, raw)


def test_a_clear_value_in_a_table_would_be_seen(postgres: str) -> None:
    """Guards the test above and the sweep: this is how they look. The value is no canary."""
    value = "Quillon Abernathy"
    with psycopg.connect(postgres, autocommit=True) as database:
        for kind, said in (("text", value), ("bytea", value.encode())):
            database.execute(f"CREATE TABLE public.told AS SELECT %s::{kind} AS said", (said,))
            seen = dict(tables_of(database))
            database.execute("DROP TABLE public.told")
            assert leaked(seen["public.told"], [value]) == [value]
