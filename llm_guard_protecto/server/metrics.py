"""What a server counts, and how Prometheus reads it.

A label takes its values from a set that is closed when the program is written: routes, classes of
statuses, names of entities. Anything else counts as `other`, so no value, token, user or namespace
can become a label, and the number of series has a bound.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

__all__ = ["CONTENT_TYPE", "OTHER", "Counter", "Gauge", "Histogram", "Metric", "process", "text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OTHER = "other"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper ends of the buckets of a histogram, in seconds."""

Labels = Mapping[str, Collection[str]]
Sample = tuple[str, Mapping[str, str], float]


class Metric:
    """A name, what it means, and the labels it has with all their values."""

    kind = "untyped"

    def __init__(self, name: str, says: str, labels: Labels | None = None) -> None:
        """`labels` is name to allowed values; `other` is always allowed too."""
        self.name, self.says = name, says
        self._labels = {label: frozenset(values) for label, values in (labels or {}).items()}
        self._lock = threading.Lock()

    def _key(self, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            value if value in allowed else OTHER
            for value, allowed in zip(values, self._labels.values(), strict=True)
        )

    def _named(self, key: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(self._labels, key, strict=True))

    def samples(self) -> Iterator[Sample]:
        """Every series as it is now: a suffix for the name, its labels, its value."""
        raise NotImplementedError


class Counter(Metric):
    """Goes up."""

    kind = "counter"

    def __init__(self, name: str, says: str, labels: Labels | None = None) -> None:
        """As for every metric; one without labels starts at 0."""
        super().__init__(name, says, labels)
        self._counts: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count once more under these label values."""
        key = values if values in self._counts else self._key(values)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0.0) + by

    def samples(self) -> Iterator[Sample]:
        """Every series."""
        with self._lock:
            counts = sorted(self._counts.items())
        for key, count in counts:
            yield "", self._named(key), count


class Gauge(Counter):
    """Goes up and down."""

    kind = "gauge"

    def set(self, value: float) -> None:
        """Say how it is; for a gauge without labels."""
        with self._lock:
            self._counts[()] = value


class Histogram(Metric):
    """How long things took, in seconds."""

    kind = "histogram"

    def __init__(self, name: str, says: str, labels: Labels | None = None) -> None:
        """As for every metric."""
        super().__init__(name, says, labels)
        self._taken: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}

    def observe(self, seconds: float, *values: str) -> None:
        """Note how long one thing took."""
        key = values if values in self._taken else self._key(values)
        with self._lock:
            counts, total = self._taken.setdefault(key, ([0] * (len(SECONDS) + 1), [0.0]))
            counts[bisect_left(SECONDS, seconds)] += 1
            total[0] += seconds

    def samples(self) -> Iterator[Sample]:
        """Buckets, sum and count of every series."""
        with self._lock:
            taken = sorted((key, list(c), t[0]) for key, (c, t) in self._taken.items())
        for key, counts, total in taken:
            labels, so_far = self._named(key), 0
            for end, count in zip((*map(str, SECONDS), "+Inf"), counts, strict=True):
                so_far += count
                yield "_bucket", {**labels, "le": end}, so_far
            yield "_sum", labels, total
            yield "_count", labels, so_far


def text(metrics: Iterable[Metric]) -> str:
    """All metrics in Prometheus' text format."""
    lines: list[str] = []
    for metric in metrics:
        lines += (f"# HELP {metric.name} {metric.says}", f"# TYPE {metric.name} {metric.kind}")
        for suffix, labels, value in metric.samples():
            inside = ",".join(f'{name}="{said}"' for name, said in labels.items())
            lines.append(f"{metric.name}{suffix}{{{inside}}} {value:.10g}" if inside
                         else f"{metric.name}{suffix} {value:.10g}")  # fmt: skip
    return "\n".join(lines) + "\n"


def process() -> list[Metric]:
    """The memory, descriptors, threads and processor time of this process, where Linux tells."""
    found = [_now("process_cpu_seconds_total", "Processor time used", time.process_time())]
    found[0].kind = "counter"
    found.append(_now("process_threads", "Threads of Python", float(threading.active_count())))
    here = Path("/proc/self")
    try:
        pages = int((here / "statm").read_text(encoding="ascii").split()[1])
        descriptors = len(os.listdir(here / "fd"))
    except OSError:
        return found
    resident = float(pages * os.sysconf("SC_PAGE_SIZE"))
    found.append(_now("process_resident_memory_bytes", "Memory in use", resident))
    found.append(_now("process_open_fds", "Open descriptors", float(descriptors)))
    return found


def _now(name: str, says: str, value: float) -> Metric:
    gauge = Gauge(name, says)
    gauge.set(value)
    return gauge
