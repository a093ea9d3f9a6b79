"""Spans: how many, of which kinds, how long; never what."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import set_tracer_provider

from llm_guard_protecto.engine.store.at_hand import NotAtHand
from llm_guard_protecto.server.tracing import ATTRIBUTES, span
from tests.clients.leaks import leaked
from tests.server.desk import Desk, opened
from tests.sweep import CANARIES

VALUE = " and ".join(CANARIES)


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """Listens to every span of this process from now on; a process has one provider for good."""
    made = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(made))
    set_tracer_provider(provider)
    return made


@pytest.fixture
def spans(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InMemorySpanExporter]:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    exporter.clear()
    yield exporter
    exporter.clear()


def told(one: ReadableSpan) -> dict[str, Any]:
    return {key.removeprefix("llm_guard."): value for key, value in (one.attributes or {}).items()}


def work(desk: Desk) -> None:
    """Mask, unmask and do a job, with values in every place."""
    [masked] = desk.put("/mask", {"mask": [{"value": VALUE}], "policy_name": "default"})
    desk.put("/unmask", {"unmask": [{"token_value": masked["token_value"]}]})
    desk.refused("/mask", {"mask": [{"value": VALUE}], "policy_name": VALUE})
    desk.call("PUT", f"/{VALUE}")
    desk.put("/mask/async", {"mask": [{"value": VALUE}, {"value": "nobody"}]})
    claimed = desk.service.queue.claim()
    assert claimed is not None
    desk.service.workers.settle(claimed)


def test_a_span_tells_counts_and_kinds(spans: InMemorySpanExporter) -> None:
    with opened() as desk:
        work(desk)
    done = spans.get_finished_spans()
    named = [one.name for one in done]
    assert named == ["PUT /mask", "PUT /unmask", "PUT /mask", "PUT /mask/async", "job mask"]
    masked, unmasked, refused, _, job = map(told, done)
    assert (masked["items"], masked["policy"]) == (1, "default")
    assert masked["values"] >= len(CANARIES) - 1
    assert {"PERSON", "EMAIL_ADDRESS"} <= set(masked["entities"])
    assert unmasked == {"items": 1}
    assert refused == {"error.type": "Refusal"}
    assert job["items"] == 2
    for one in done:
        assert one.start_time is not None
        assert one.end_time is not None
        assert one.end_time >= one.start_time


def test_no_span_holds_a_value(spans: InMemorySpanExporter) -> None:
    with opened() as desk:
        work(desk)
    for one in spans.get_finished_spans():
        assert set(one.attributes or {}) <= {*ATTRIBUTES.values(), "error.type"}
        assert leaked(one.to_json().encode(), CANARIES) == []
        assert "acme" not in one.to_json()
        assert not one.events  # where other libraries put exceptions, with their words


def test_work_that_was_given_up_leaves_no_span(spans: InMemorySpanExporter) -> None:
    with pytest.raises(NotAtHand), span("given up"):
        raise NotAtHand
    assert spans.get_finished_spans() == ()


def test_without_the_package_nothing_is_missing(outside: Any) -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from llm_guard_protecto.server.tracing import span\n"
        "with span('a') as told: told.tell([{}])"
    )
    ran = outside.run(sys.executable, "-c", code)
    assert ran.returncode == 0, ran.stderr
