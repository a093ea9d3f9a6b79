"""kill -9 of workers at any moment: every job ends, and ends once.

The database itself keeps the ledger: a trigger notes each time a job ends.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.jobs import GAVE_UP, Job, Queue
from llm_guard_protecto.engine.namespaces import Namespaces

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
ENDED = "('SUCCESS', 'FAILED')"
LEASE = "3"


class Ledger:
    """Notes in the database itself which job ended when, whoever ended it."""

    def __init__(self, url: str) -> None:
        self._url = url
        if url.startswith("sqlite"):
            self._do(
                "CREATE TABLE ledger (tracking_id TEXT);"
                "CREATE TRIGGER ends AFTER UPDATE OF status ON jobs"
                f" WHEN NEW.status IN {ENDED} AND OLD.status IS NOT NEW.status"
                " BEGIN INSERT INTO ledger VALUES (NEW.tracking_id); END"
            )
        else:
            self._do(
                "SET search_path = llm_guard_protecto; CREATE TABLE ledger (tracking_id text);"
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " INSERT INTO ledger VALUES (NEW.tracking_id); RETURN NULL; END $$;"
                "CREATE TRIGGER ends AFTER UPDATE OF status ON jobs FOR EACH ROW"
                f" WHEN (NEW.status IN {ENDED} AND OLD.status <> NEW.status)"
                " EXECUTE FUNCTION note()"
            )

    def ends(self) -> Counter[str]:
        """How often each job has ended."""
        prefix = "" if self._url.startswith("sqlite") else "llm_guard_protecto."
        return Counter(str(one) for (one,) in self._do(f"SELECT tracking_id FROM {prefix}ledger"))

    def dispatched(self) -> int:
        """How many jobs procrastinate has yet to forget."""
        if self._url.startswith("sqlite"):
            return 0
        return int(
            self._do("SELECT count(*) FROM llm_guard_protecto_jobs.procrastinate_jobs")[0][0]
        )

    def _do(self, statement: str) -> list[tuple[Any, ...]]:
        if self._url.startswith("sqlite"):
            with closing(apsw.Connection(self._url.removeprefix("sqlite:///"))) as db:
                db.set_busy_timeout(10_000)
                return db.execute(statement).fetchall()
        with psycopg.connect(self._url, autocommit=True) as db:
            done = db.execute(statement)
            return done.fetchall() if done.description else []


class Worker:
    """A worker in a process of its own; `works` once it has begun to take jobs."""

    def __init__(self, url: str) -> None:
        words = ["worker", "--vault", url, "--lease", LEASE, "--concurrency", "2"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llm_guard_protecto", *words],
            env={**os.environ, **KEY, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.works = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            if said.readline().startswith("working for"):
                self.works.set()
            said.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def text_of(number: int, length: int) -> str:
    return f"Write to Sarah Johnson about order 4711-{number}. " + "It was late again. " * length


def kill_workers(
    url: str, jobs: int, workers: int, kills: int, length: int, pause: float
) -> dict[str, Any]:
    """Do jobs with workers that are killed at random and replaced; what became of it."""
    chance = random.Random(jobs)
    with LocalVault(url, environ=KEY) as vault, ExitStack() as clean_up:
        queue, ledger = Queue(Namespaces(vault)), Ledger(url)
        payloads = {
            queue.submit(vault, "mask", "owner", {"mask": [{"value": text}]}): text
            for text in (text_of(number, length) for number in range(jobs))
        }

        def start() -> Worker:
            made = Worker(url)
            clean_up.callback(made.kill)
            return made

        crew = [start() for _ in range(workers)]
        deadline = time.monotonic() + 120 + jobs * 0.5
        killed = 0
        while len(ledger.ends()) < jobs:
            assert time.monotonic() < deadline, f"{len(ledger.ends())} of {jobs} jobs ended"
            time.sleep(chance.uniform(0.05, pause))
            busy = [at for at, one in enumerate(crew) if one.works.is_set()]
            if killed < kills and busy:
                at = chance.choice(busy)
                crew[at].kill()
                crew[at] = start()
                killed += 1
        looked = [job for job in queue.look(vault, list(payloads)) if job is not None]
        for one in crew:
            one.works.wait(60)
            one.process.terminate()
        codes = [one.process.wait(60) for one in crew]
        return {
            "kills": killed,
            "jobs": looked,
            "payloads": payloads,
            "rows": vault.store.jobs.get(vault.keyring.namespace, list(payloads)),
            "ends": ledger.ends(),
            "left": ledger.dispatched(),
            "codes": codes,
            "unmasked": _unmasked(vault, looked),
        }


def _unmasked(vault: LocalVault, jobs: list[Job]) -> dict[str, str]:
    done = [job for job in jobs if job.status == "SUCCESS"]
    texts = vault.unmask([job.result[0]["token_value"] for job in done])
    return {job.tracking_id: text.value for job, text in zip(done, texts, strict=True)}


def check(said: dict[str, Any], most_given_up: int) -> None:
    payloads = said["payloads"]
    given_up = [job for job in said["jobs"] if job.status == "FAILED"]
    states = Counter(job.status for job in said["jobs"])
    tries = Counter(row.tries for row in said["rows"].values())
    print(
        f"\n{said['kills']} kills, {dict(states)}, tries {dict(tries)}, ends {sum(said['ends'].values())}"
    )
    assert said["ends"] == Counter(dict.fromkeys(payloads, 1))
    assert {job.error for job in given_up} <= {GAVE_UP}
    assert len(given_up) <= most_given_up
    assert said["unmasked"] == {
        one: text for one, text in payloads.items() if one not in {j.tracking_id for j in given_up}
    }
    assert said["left"] == 0
    assert set(said["codes"]) == {0}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("empty_postgres"))
    return f"sqlite:///{tmp_path / 'vault.db'}"


def test_killed_workers_lose_no_job_and_end_none_twice(url: str) -> None:
    check(kill_workers(url, jobs=30, workers=2, kills=2, length=300, pause=0.2), most_given_up=0)


@pytest.mark.slow
def test_the_same_with_a_thousand_jobs(url: str) -> None:
    """A job whose third worker is killed is given up, as it should be."""
    check(
        kill_workers(url, jobs=1000, workers=4, kills=25, length=400, pause=1.5), most_given_up=20
    )
