"""Audit, reports and deletion by age: our client against our own server over a real socket."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from llm_guard_protecto import AsyncProtectoVault, ConfigurationError, LocalVault, ProtectoVault
from llm_guard_protecto.errors import VaultRefused
from llm_guard_protecto.protecto.admin_codec import AdminJob
from llm_guard_protecto.server.running import configured
from llm_guard_protecto.server.service import Service
from tests.protecto.service import listening

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
LETTER = "Write to Sarah Johnson, sarah.johnson@example.com"
EVER = ("2020-01-01 00:00:00", "2099-12-31 23:59:59")


@dataclass(frozen=True, slots=True)
class Joined:
    url: str
    token: str
    master: ProtectoVault
    vault: ProtectoVault


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    path: Path = tmp_path_factory.mktemp("reports") / "vault.db"
    with LocalVault(path, environ=KEY) as own, listening() as listener:
        service = Service(own)
        master = service.bearers.create(None, "root")
        token = service.bearers.create("tenant", "ada", ("mask", "unmask", "metadata_change"))
        server = uvicorn.Server(configured(service, port=0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with ProtectoVault(url, master) as admin, ProtectoVault(url, token) as vault:
            yield Joined(url, token, admin, vault)
        server.should_exit = True
        thread.join()


def ended(vault: ProtectoVault, job: AdminJob) -> AdminJob:
    deadline = time.monotonic() + 60
    while not job.is_final:
        assert time.monotonic() < deadline
        job = vault.admin.erasure(job.tracking_id)
        time.sleep(0.02)
    return job


def test_the_audit_is_read_to_its_end(joined: Joined) -> None:
    [masked] = joined.vault.mask([LETTER])
    for _ in range(120):
        joined.vault.unmask([masked.token_value])
    records = joined.vault.admin.audit(*EVER)
    reveals = [one for one in records if one.method == "/unmask"]
    assert len(reveals) >= 120
    assert {(one.user, one.status) for one in reveals} == {("ada", "success")}
    assert reveals[0].response == {
        "restored": 2,
        "unknown": 0,
        "entities": {"EMAIL_ADDRESS": 1, "PERSON": 1},
    }
    assert joined.vault.admin.audit("2020-01-01 00:00:00", "2020-01-02 00:00:00") == []


def test_calls_are_counted(joined: Joined) -> None:
    joined.vault.mask([LETTER])
    rows = joined.vault.admin.calls("tenant", *EVER)
    assert {row["api_type"] for row in rows} >= {"/mask"}
    assert joined.master.admin.calls("tenant", *EVER)
    users = joined.vault.admin.calls_by_user("tenant", *EVER)
    assert {row["user"] for row in users} == {"ada"}
    [own] = joined.vault.admin.usage()
    assert own["namespace"] == "tenant"
    everybody = joined.master.admin.usage(start=EVER[0], end=EVER[1])
    assert {row["namespace"] for row in everybody} == {"default", "tenant"}
    assert {row["namespace"]: row["count"] for row in joined.master.admin.calls_by_namespace(*EVER)}
    with pytest.raises(VaultRefused):
        joined.vault.admin.calls_by_namespace(*EVER)
    with pytest.raises(VaultRefused):
        joined.vault.admin.calls("default", *EVER)


def test_deletion_by_age(joined: Joined) -> None:
    [masked] = joined.vault.mask([LETTER])
    job = ended(joined.vault, joined.vault.admin.erase_mappings(days=1))
    assert (job.status, job.cleared_records) == ("SUCCESS", 0)
    assert joined.vault.unmask([masked.token_value])[0].value == LETTER
    job = ended(joined.vault, joined.vault.admin.erase_mappings(date="2099-01-01"))
    assert (job.status, job.job_type) == ("SUCCESS", "data-deletion")
    assert (job.cleared_records or 0) > 0
    assert joined.vault.unmask([masked.token_value])[0].value == masked.token_value
    before = len(joined.vault.admin.audit(*EVER))
    job = ended(joined.vault, joined.vault.admin.erase_audit(date="2099-01-01"))
    assert job.status == "SUCCESS"
    assert (job.cleared_records or 0) >= before
    assert len(joined.vault.admin.audit(*EVER)) < before
    with pytest.raises(ConfigurationError):
        joined.vault.admin.erase_audit()


def test_the_same_awaited(joined: Joined) -> None:
    async def ask() -> tuple[int, int, int]:
        async with AsyncProtectoVault(joined.url, joined.token) as vault:
            await vault.mask([LETTER])
            calls = await vault.admin.calls("tenant", *EVER)
            users = await vault.admin.calls_by_user("tenant", *EVER)
            return len(calls), len(users), len(await vault.admin.audit(*EVER))

    assert all(asyncio.run(ask()))
