"""What is counted of one server: the requests, what was done for them, and the process.

A label takes its values from a set that is closed when the program is written: routes, classes of
statuses, names of entities. Anything else counts as `other`, so no value, token, user or namespace
can become a label, and the number of series has a bound.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from llm_guard_protecto.entities import ENTITIES

__all__ = ["METHODS", "OTHER", "OUTCOMES", "STATUSES", "Meters"]

PREFIX = "llm_guard_protecto"
OTHER = "other"

METHODS = ("GET", "PUT", "POST", "DELETE")

STATUSES = ("2xx", "4xx", "401", "403", "429", "5xx", "503", "504")
"""Classes of statuses; those that an operator acts on stand for themselves."""

OUTCOMES = ("done", "failed", "stopped")
"""How a try of a job ends: with a result, with a message, or with an error that it may survive."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper ends of the buckets of a histogram, in seconds."""


class Meters:
    """The counts of one server, apart from those of any other in the process. Thread-safe.

    `present` and `ready` are gauges that the server sets.
    """

    def __init__(self, routes: Collection[str], calls: Collection[str]) -> None:
        """`routes` are the paths that are told apart, `calls` the kinds of jobs."""
        self._routes, self._calls = frozenset(routes), frozenset(calls)
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        threads = Gauge("process_threads", "Threads of Python", registry=registry)
        threads.set_function(threading.active_count)
        mine: Any = {"namespace": PREFIX, "registry": registry}
        by = ("route", "method", "status")
        self._requests = Counter("requests", "Requests answered", by, **mine)
        self._seconds = Histogram(
            *("request_seconds", "From the first byte to the answer", ("route",)),
            buckets=SECONDS,
            **mine,
        )
        self.present = Gauge("requests_present", "Requests that wait for their answer", **mine)
        self.ready = Gauge("ready", "1 when the last self-test passed", **mine)
        self._values = Counter("masked_values", "Values masked", ("entity",), **mine)
        self._jobs = Counter("jobs", "Tries of jobs", ("call", "outcome"), **mine)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer and how long it took."""
        route = _one_of(self._routes, route)
        said = str(status) if str(status) in STATUSES else f"{status // 100}xx"
        labels = (route, _one_of(METHODS, method), _one_of(STATUSES, said))
        self._requests.labels(*labels).inc()
        self._seconds.labels(route).observe(seconds)

    def masked(self, items: Iterable[Any]) -> None:
        """Count the values in the items of a mask answer, by their entity.

        One that was masked as a whole, by its token type, counts as `other`.
        """
        for item in items:
            if "token_name" in item:
                self._values.labels(OTHER).inc()
            for token in item.get("individual_tokens", ()):
                self._values.labels(_one_of(ENTITIES, token["pii_type"])).inc()

    def worked(self, call: str, outcome: str) -> None:
        """Count one try of a job."""
        self._jobs.labels(_one_of(self._calls, call), _one_of(OUTCOMES, outcome)).inc()

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


def _one_of(allowed: Collection[str], said: str) -> str:
    return said if said in allowed else OTHER
