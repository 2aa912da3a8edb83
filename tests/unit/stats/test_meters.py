"""What Prometheus is told, and that alerts and the board ask for nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from ivr.stats.meters import Meters
from ivr.web.metrics import gauges_of
from ivr.web.status import OperatorStatus, PartStatus, QueueStatus, Status, TodayStatus, TopicStatus

MONITORING = Path(__file__).parents[3] / "docs" / "monitoring"
FINE = PartStatus(True)
STATUS = Status(
    at=100.0,
    lines=(),
    calls=(),
    waiting=(),
    operators=(OperatorStatus("anna", "Анна Белова", "talking", 90.0, "c1"),),
    store=FINE,
    asterisk=PartStatus(False),
    speech=FINE,
    today=TodayStatus(0, 0, 0, 0, 0),
    topics=(TopicStatus("access", 2, 60.0, 5, 3, 2, 1),),
    queues=(QueueStatus("people", 2, 60.0, 0, True),),
)
LEVELS = {"journal_backlog": ("", 7.0), "speech_places_free": ("", 3.0)}


def exposed(meters: Meters) -> dict[tuple[str, tuple[str, ...]], float]:
    """Sample and its labels' values → value."""
    text = meters.exposition(gauges_of(STATUS, LEVELS)).decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def meters_of_three_calls() -> Meters:
    """One is answered in time, one late, and one leaves."""
    meters = Meters()
    for name, waits in (("a", 5.0), ("b", 40.0), ("c", None)):
        meters.take(name, "arrived", {"line": "78005553535"}, 0.0)
        meters.take(name, "topic", {"topic": "access"}, 1.0)
        meters.take(name, "heard", {"words": 3, "latency_seconds": 0.3}, 1.0)
        meters.take(name, "queued", {"queue": "people"}, 2.0)
        if waits is None:
            meters.take(name, "offer_ended", {"operator": "anna", "reason": "no_answer"}, 9.0)
            meters.take(name, "ended", {"outcome": "left", "queue_wait_seconds": 9.0}, 11.0)
            continue
        meters.take(name, "connected", {"operator": "anna", "waited_seconds": waits}, 2.0 + waits)
        meters.take(name, "talk_ended", {"operator": "anna", "talk_seconds": 60.0}, 62.0 + waits)
        meters.take(name, "ended", {"outcome": "talked"}, 63.0 + waits)
    meters.take("", "failed", {"where": "line"}, 99.0)
    return meters


def test_calls_are_counted_as_reports_count_them() -> None:
    found = exposed(meters_of_three_calls())
    assert found["ivr_calls_arrived_total", ()] == 3
    assert found["ivr_calls_queued_total", ("access",)] == 3
    assert found["ivr_calls_answered_total", ("access",)] == 2
    assert found["ivr_calls_answered_in_target_total", ("access",)] == 1
    assert found["ivr_calls_abandoned_total", ("access",)] == 1
    assert found["ivr_calls_ended_total", ("talked",)] == 2
    assert found["ivr_wait_seconds_sum", ("access",)] == 45.0
    assert found["ivr_talk_seconds_count", ()] == 2
    assert found["ivr_offers_ended_total", ("no_answer",)] == 1
    assert found["ivr_failures_total", ("line",)] == 1


def test_the_moment_is_told_and_nobody_is_named() -> None:
    meters = Meters()
    found = exposed(meters)
    assert found["ivr_queue_waiting", ("people",)] == 2
    assert found["ivr_queue_longest_wait_seconds", ("people",)] == 40
    assert found["ivr_queue_closed", ("people",)] == 1
    assert found["ivr_operators", ("talking",)] == 1
    assert found["ivr_operators", ("gone",)] == 0
    assert found["ivr_part_up", ("asterisk",)] == 0
    text = meters.exposition(gauges_of(STATUS, LEVELS)).decode()
    assert not re.search(r"anna|Анна|c1", text)


def test_alerts_and_the_board_ask_only_for_what_there_is() -> None:
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
    board = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    readme = (MONITORING / "README.md").read_text(encoding="utf-8")
    named = {name for text in (*asked, readme) for name in re.findall(r"\b(?:ivr|process)_[a-z0-9_]+", text)}

    assert len(named) > 15
    assert named - {name for name, _ in exposed(meters_of_three_calls())} == set()
