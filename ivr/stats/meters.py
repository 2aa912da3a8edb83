"""What Prometheus scrapes: counters that grow with the journal's records, and gauges of the moment. Nothing personal.

Alerts and the board in `docs/monitoring` are checked against what is exposed by a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivr.stats.calls import TARGET_SECONDS, Call

_WAITS = (1, 2, 5, 10, 15, 20, TARGET_SECONDS, 45, 60, 120, 300, 600)
_TALKS = (15, 30, 60, 120, 240, 480, 900, 1800)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of the moment: `values` are (labels' values, value)."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    values: tuple[tuple[tuple[str, ...], float], ...]


class Meters:
    """`take` every record of the journal; `exposition` is what a scrape is answered with."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)

        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(f"ivr_{name}", meaning, labels, registry=self._registry)

        def histogram(name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"ivr_{name}", meaning, labels, buckets=buckets, registry=self._registry)

        self._arrived = counter("calls_arrived", "Calls that came in")
        self._ended = counter("calls_ended", "Calls that are over", "outcome")
        self._queued = counter("calls_queued", "Calls that entered a queue for the first time", "topic")
        self._answered = counter("calls_answered", "Queued calls that were answered", "topic")
        self._in_target = counter("calls_answered_in_target", "Of these, within 30 s of entering the queue", "topic")
        self._late = counter("calls_late", "Calls that waited longer than 30 s, answered or not", "topic")
        self._abandoned = counter("calls_abandoned", "Callers who left the queue unanswered", "topic")
        self._refused = counter("calls_refused", "Calls that a queue did not take", "reason")
        self._offers = counter("offers_ended", "Rings at operators that nobody took", "reason")
        self._heard = counter("speech_heard", "Utterances recognised")
        self._unheard = counter("speech_not_understood", "Utterances that fit nothing")
        self._lost = counter("speech_lost", "Calls that lost recognition and went on by keys")
        self._failures = counter("failures", "Things of ours that went wrong for a call", "where")
        self._records = counter("journal_records", "Records written to the journal")
        self._waits = histogram("wait_seconds", "From entering the queue to the answer", _WAITS, "topic")
        self._talks = histogram("talk_seconds", "Length of talks", _TALKS)
        self._latency = histogram("speech_latency_seconds", "From the last word to its text", (0.1, 0.2, 0.4, 0.8, 1.6))
        self._calls: dict[str, Call] = {}

    def take(self, name: str, kind: str, data: Mapping[str, Any], wall_seconds: float) -> None:
        """Count one record. Never blocks."""
        self._records.inc()
        self._count_step(kind, data)
        if kind == "arrived":
            self._calls[name] = Call()
            self._arrived.inc()
        call = self._calls.get(name)
        if call is None:
            return
        was_waiting, was_queued = call.waiting, call.queued is not None
        call.take(kind, data, wall_seconds)
        if call.queued is not None and not was_queued:
            self._queued.labels(call.topic).inc()
        if was_waiting and not call.waiting:
            self._count_wait(call)
        if kind == "ended":
            self._ended.labels(call.outcome).inc()
            del self._calls[name]

    def exposition(self, gauges: Iterable[Gauge]) -> bytes:
        """Everything in Prometheus' text format."""
        moment = CollectorRegistry()
        moment.register(_Moment(tuple(gauges)))
        return generate_latest(self._registry) + generate_latest(moment)

    def _count_wait(self, call: Call) -> None:
        if call.in_time(0.0) is False:
            self._late.labels(call.topic).inc()
        if (waited := call.answered_wait_seconds) is not None:
            self._answered.labels(call.topic).inc()
            self._waits.labels(call.topic).observe(waited)
            if waited <= TARGET_SECONDS:
                self._in_target.labels(call.topic).inc()
        elif call.outcome != "callback":
            self._abandoned.labels(call.topic).inc()

    def _count_step(self, kind: str, data: Mapping[str, Any]) -> None:
        match kind:
            case "heard":
                self._heard.inc()
                if (latency := data.get("latency_seconds")) is not None:
                    self._latency.observe(latency)
            case "no_match":
                self._unheard.inc()
            case "speech_lost":
                self._lost.inc()
            case "queue_refused":
                self._refused.labels(data.get("reason", "")).inc()
            case "offer_ended":
                self._offers.labels(data.get("reason", "")).inc()
            case "failed":
                self._failures.labels(data.get("where", "")).inc()
            case "talk_ended":
                self._talks.observe(data.get("talk_seconds") or 0.0)
            case _:
                pass


class _Moment(Collector):
    def __init__(self, gauges: tuple[Gauge, ...]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        for gauge in self._gauges:
            family = GaugeMetricFamily(f"ivr_{gauge.name}", gauge.meaning, labels=gauge.labels)
            for labels, value in gauge.values:
                family.add_metric(labels, value)
            yield family
