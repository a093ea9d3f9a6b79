"""Jobs: submitting, looking, waiting, and every end a job can come to."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from llm_guard_protecto import ConfigurationError, Item, VaultError
from llm_guard_protecto.protecto.faults import JobFailed, JobNotDone, JobPurged
from tests.protecto.conftest import Opens
from tests.protecto.service import Scripted, Service

LONG = "Ada Moss came. " * 90


def test_a_masking_job_is_waited_for(service: Service, opens: Opens) -> None:
    vault = opens()
    items = [Item("https://elm.example", "Text Token", "URL"), "Ada Moss", "", LONG, "=Ada Moss"]
    job = vault.submit_mask(items)
    assert re.fullmatch(r"[0-9a-f-]{36}\d{14}", job.tracking_id)
    masked = vault.result(job)
    assert [(one.value, one.token_value) for one in masked] == [
        (one.value, one.token_value) for one in vault.mask(items)
    ]
    assert vault.pauses == [0.25, 0.4]
    assert len(service.asked("/mask/async")) == 1
    assert service.asked("/async-status") == [{"status": [{"tracking_id": job.tracking_id}]}] * 3


def test_an_unmasking_job_is_waited_for(opens: Opens) -> None:
    vault = opens()
    texts = [one.token_value for one in vault.mask(["Ada Moss", "(555) 987-6543 called"])]
    restored = vault.result(vault.submit_unmask([*texts, " "]))
    assert [one.value for one in restored] == ["Ada Moss", "(555) 987-6543 called", " "]


def test_the_state_of_jobs_can_be_looked_at(opens: Opens) -> None:
    vault = opens()
    first, second = vault.submit_mask(["Ada Moss"]), vault.submit_unmask(["<PER>a</PER> b"])
    states = vault.jobs([second, first.tracking_id, second])
    assert [state.tracking_id for state in states] == [
        one.tracking_id for one in (second, first, second)
    ]
    assert [(one.kind, one.status, one.is_final) for one in states[:2]] == [
        ("unmask", "PENDING", False),
        ("mask", "PENDING", False),
    ]
    assert states[0].submitted
    assert abs((datetime.now(UTC) - states[0].submitted).total_seconds()) < 600
    assert states[0].completed is None
    vault.jobs([first])
    [done] = vault.jobs([first])
    assert done.status == "SUCCESS"
    assert done.result[0].value == "Ada Moss"
    assert done.completed
    assert vault.jobs([]) == []
    assert "Moss" not in f"{done!r} {first!r}"


def test_a_job_is_found_again_by_its_id_alone(opens: Opens) -> None:
    vault = opens()
    job = vault.submit_mask(["Ada Moss", Item("x", "Text Token")])
    one, other = vault.result(job.tracking_id)
    assert (one.value, one.individual_tokens[0].value) == ("Ada Moss", "Ada Moss")
    assert (other.value, other.token_name) == ("x", "Text Token")


def test_a_mistake_shows_when_the_job_fails(opens: Opens) -> None:
    """Seed A: payload errors may come only later."""
    vault = opens()
    job = vault.submit_mask([Item("Ada Moss", "Wrong")])
    with pytest.raises(JobFailed, match="token_name not defined"):
        vault.result(job)


def test_a_purged_job_has_to_be_submitted_again(service: Service, opens: Opens) -> None:
    for service.old in (False, True):
        vault = opens()
        job = vault.submit_mask(["Ada Moss"])
        service.jobs[job.tracking_id]["final"] = "PURGED"
        with pytest.raises(JobPurged):
            vault.result(job)


def test_waiting_ends_with_the_time_given(service: Service, opens: Opens) -> None:
    """The clock goes as far as the vault sleeps, so nothing here waits."""
    vault: Any = None
    vault = opens(clock=lambda: sum(vault.pauses) if vault else 0.0)
    job = vault.submit_mask(["Ada Moss"])
    service.jobs[job.tracking_id]["final"] = "IN-PROGRESS"
    with pytest.raises(JobNotDone):
        vault.result(job, timeout=100)
    assert sum(vault.pauses) == pytest.approx(100)
    assert vault.pauses[:3] == pytest.approx([0.25, 0.4, 0.64])
    assert max(vault.pauses) <= 30
    service.jobs[job.tracking_id]["final"] = "SUCCESS"
    assert vault.result(job, timeout=0)[0].value == "Ada Moss"


@pytest.mark.parametrize("key", ["error_msg", "error_message", "error"])
def test_the_reason_is_read_wherever_a_vault_puts_it(
    service: Service, opens: Opens, key: str
) -> None:
    vault = opens()
    reasons = [("Missing value", "Missing value"), ("no Ada Moss here", "unknown here")]
    for message, shown in reasons:
        told: Any = {"message": message} if key == "error" else message
        row = {"tracking_id": "j", "status": "FAILED", "error_msg": "None", key: told}
        body = {"data": [row], "success": True, "error": {"message": ""}}
        service.scripted = [Scripted(200, json.dumps(body).encode())]
        with pytest.raises(JobFailed, match=shown) as caught:
            vault.result("j")
        assert "Moss" not in str(caught.value)


def test_a_job_nobody_knows(opens: Opens) -> None:
    with pytest.raises(VaultError, match="Invalid tracking_id"):
        opens().jobs(["nothing"])


def test_a_job_with_nothing_to_do_is_refused(service: Service, opens: Opens) -> None:
    with pytest.raises(ConfigurationError, match="every text is empty"):
        opens().submit_mask(["", " "])
    assert service.requests == []
