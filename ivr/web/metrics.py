"""`/metrics` for Prometheus: the gauges of a status, beside the counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ivr.stats.meters import Gauge, Meters
from ivr.web.access import Access
from ivr.web.pages import Pages, Section
from ivr.web.status import Status

Levels = Mapping[str, tuple[str, float]]
_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """`levels()`: further gauges, name → meaning and value."""

    sections: Sequence[Section] = ()

    def __init__(self, meters: Meters, status: Callable[[], Awaitable[Status]], levels: Callable[[], Levels]) -> None:
        self._meters = meters
        self._status = status
        self._levels = levels

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:  # noqa: ARG002 -- no page of its own
        return (access.route("/metrics", "see_metrics", self.scrape),)

    async def scrape(self, _: Request) -> Response:
        gauges = gauges_of(await self._status(), self._levels())
        return Response(self._meters.exposition(gauges), media_type=_FORMAT)


def gauges_of(status: Status, levels: Levels) -> tuple[Gauge, ...]:
    """The figures of the moment; operators are counted, never named."""
    at = status.at
    operators: Counter[str] = Counter(operator.state for operator in status.operators)
    states = ("ready", "offered", "talking", "wrap_up", "paused", "gone")
    parts = {"store": status.store, "asterisk": status.asterisk, "speech": status.speech}
    oldest = {queue.queue: at - queue.oldest if queue.waiting else 0.0 for queue in status.queues}
    return (
        Gauge("calls", "Live calls", (), (((), len(status.calls)),)),
        Gauge("queue_waiting", "Calls that wait", ("queue",), _each({q.queue: q.waiting for q in status.queues})),
        Gauge("queue_longest_wait_seconds", "Of the call that has waited longest", ("queue",), _each(oldest)),
        Gauge("queue_closed", "1: takes no new calls", ("queue",), _each({q.queue: q.closed for q in status.queues})),
        Gauge("topic_waiting", "Calls that wait", ("topic",), _each({t.topic: t.waiting for t in status.topics})),
        Gauge("operators", "Operators by state", ("state",), _each({state: operators[state] for state in states})),
        Gauge("part_up", "1: the part works", ("part",), _each({name: part.ok for name, part in parts.items()})),
        Gauge("incidents", "Critical incidents under way", (), (((), len(status.incidents)),)),
        *(Gauge(name, meaning, (), (((), value),)) for name, (meaning, value) in levels.items()),
    )


def _each(values: dict[str, float] | dict[str, int] | dict[str, bool]) -> tuple[tuple[tuple[str, ...], float], ...]:
    return tuple(((name,), float(value)) for name, value in values.items())
