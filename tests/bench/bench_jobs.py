"""Asynchronous jobs: `pytest -m bench -s tests/bench/bench_jobs.py`.

From the first submission to the end of the last job, four jobs at once, by two workers with two
threads each. Every job masks a sentence that the vault has not seen, with a person, an address and
a number in it. Beside the jobs a second of the clock it prints how long processors were busy for
each job, which says more on a machine that others use too. Prints and does not assert.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.jobs import Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from tests.postgres import Server

pytestmark = pytest.mark.bench

JOBS = int(os.environ.get("BENCH_JOBS", "2000"))
CLIENTS = 4
GOAL = 200
KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}


@contextmanager
def worker(url: str, concurrency: int) -> Iterator[int]:
    """A worker in a process of its own; its process number."""
    words = ["worker", "--vault", url, "--concurrency", str(concurrency)]
    with subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", *words],
        env={**os.environ, **KEY, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("working for")
        yield process.pid
        process.terminate()


def run(url: str, workers: list[int], database: Callable[[], float]) -> str:
    """Submit and wait; a row of the table."""
    with LocalVault(url, environ=KEY) as vault, ExitStack() as crew:
        queue = Queue(Namespaces(vault))
        pids = [crew.enter_context(worker(url, threads)) for threads in workers]
        ids: list[str] = []

        def submit(client: int) -> None:
            for n in range(client, JOBS, CLIENTS):
                text = f"Write to Sarah Johnson of order {n}-77 at s{n}@example.com"
                ids.append(queue.submit(vault, "mask", "owner", {"mask": [{"value": text}]}))

        before = [time.process_time(), sum(map(busy, pids)), database()]
        began = time.perf_counter()
        threads = [threading.Thread(target=submit, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        submitted = time.perf_counter() - began
        jobs, namespace = vault.store.jobs, vault.keyring.namespace
        waiting = ids
        while waiting:
            rows = jobs.get(namespace, waiting)
            waiting = [one for one in waiting if rows[one].status != "SUCCESS"]
            time.sleep(0.05)
        took = time.perf_counter() - began
        after = [time.process_time(), sum(map(busy, pids)), database()]
        each = [1000 * (b - a) / JOBS for a, b in zip(before, after, strict=True)]
        kind = url.partition(":")[0]
        return (
            f"{kind:<12}{JOBS / submitted:>10.0f}{JOBS / took:>10.0f}"
            + "".join(f"{ms:>10.2f}" for ms in each)
            + f"{sum(each):>10.2f}"
        )


def busy(pid: int) -> float:
    """Seconds for which processors have worked for a process, and for its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def busy_family(pid: int) -> float:
    """The same for a process and all its children."""
    total = busy(pid)
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                total += busy(int(entry.parent.name))
        except (OSError, IndexError):  # it has just ended, and is among those that ended
            continue
    return total


def test_jobs_a_second(tmp_path: Path, postgres_server: Server, empty_postgres: str) -> None:
    print(
        f"\n{JOBS} jobs, four at once, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':<12}{'submitted':>10}{'done':>10}{'ms client':>10}{'ms worker':>10}", end="")
    print(f"{'ms server':>10}{'ms all':>10}   (done: goal {GOAL})")
    print(run(f"sqlite:///{tmp_path / 'vault.db'}", [2, 2], lambda: 0.0))
    pid = int((postgres_server.data / "postmaster.pid").read_text().split()[0])
    print(run(empty_postgres, [2, 2], lambda: busy_family(pid)))
