"""What is counted of one server: the requests, and what was done for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.server.metrics import OTHER, Counter, Gauge, Histogram

__all__ = ["Done", "Traffic"]

PREFIX = "llm_guard_protecto_"

METHODS = ("GET", "PUT", "POST", "DELETE")

STATUSES = ("2xx", "4xx", "401", "403", "429", "5xx", "503", "504")
"""Classes of statuses; those that an operator acts on stand for themselves."""

OUTCOMES = ("done", "failed", "stopped")
"""How a try of a job ends: with a result, with a message, or with an error that it may survive."""


class Traffic:
    """The requests of one server. Thread-safe."""

    def __init__(self, routes: Collection[str]) -> None:
        """`routes` are the paths that are told apart."""
        by = {"route": routes, "method": METHODS, "status": STATUSES}
        self._requests = Counter(f"{PREFIX}requests_total", "Requests answered", by)
        self._seconds = Histogram(
            f"{PREFIX}request_seconds", "From the first byte to the answer", {"route": routes}
        )
        self.present = Gauge(f"{PREFIX}requests_present", "Requests that wait for their answer")
        self.ready = Gauge(f"{PREFIX}ready", "1 when the last self-test passed")
        self.metrics = (self._requests, self._seconds, self.present, self.ready)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer and how long it took."""
        said = str(status)
        self._requests.add(route, method, said if said in STATUSES else f"{said[0]}xx")
        self._seconds.observe(seconds, route)


class Done:
    """What a service did. Thread-safe."""

    def __init__(self, calls: Collection[str]) -> None:
        """`calls` are the kinds of jobs."""
        self._values = Counter(
            f"{PREFIX}masked_values_total", "Values masked", {"entity": list(ENTITIES)}
        )
        self._jobs = Counter(
            f"{PREFIX}jobs_total", "Tries of jobs", {"call": calls, "outcome": OUTCOMES}
        )
        self.metrics = (self._values, self._jobs)

    def masked(self, items: Iterable[Any]) -> None:
        """Count the values in the items of a mask answer, by their entity.

        One that was masked as a whole, by its token type, counts as `other`.
        """
        for item in items:
            if "token_name" in item:
                self._values.add(OTHER)
            for token in item.get("individual_tokens", ()):
                self._values.add(token["pii_type"])

    def worked(self, call: str, outcome: str) -> None:
        """Count one try of a job."""
        self._jobs.add(call, outcome)
