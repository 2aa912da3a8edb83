"""Steps of test calls and test operators as lines, for people and for scripts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.agent.steps import CallReport, Step
from ivr.journal.story import sentence

_OWN_STEPS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "dialled": lambda _: "INVITE",
    "picked_up": lambda _: "the hotline has answered",
    "speaks": lambda data: f'says "{data["text"]}"',
    "plays": lambda data: f"plays {data['file']}",
    "presses": lambda data: f"presses {data['key']}",
    "hangs_up": lambda _: "hangs up",
    "hung_up": lambda data: f"the line is closed ({data['reason']})",
    "registered": lambda _: "telephone registered",
    "ready": lambda _: "takes calls",
    "offered": lambda data: f"rings: {data['caller'] or 'number withheld'}",
    "talks": lambda _: "talks",
    "declined": lambda _: "declined the call",
    "missed": lambda data: f"did not get the call ({data['reason']})",
    "talk_ended": lambda data: f"talk over after {data['seconds']:.1f} s, {data['by']} hung up",
    "paused": lambda _: "takes no more calls",
    "not_paused": lambda data: f"could not sign out: {data['reason']}",
    "unregistered": lambda _: "telephone unregistered",
}


class Lines:
    """Writes each step as one line: when, how long after the line before, who, what."""

    def __init__(self) -> None:
        self._last_seconds = 0.0

    def line(self, step: Step, who: str) -> str:
        """The hotline's own steps are told by its journal, all others are `who`'s."""
        passed = max(0.0, step.at_seconds - self._last_seconds)
        self._last_seconds = max(self._last_seconds, step.at_seconds)
        if step.record is not None:
            who, what = "hotline", sentence(step.record)
        else:
            describe = _OWN_STEPS.get(step.step)
            what = describe(step.data) if describe else step.step
        return f"{step.at_seconds:9.3f}  +{passed:6.3f}  {who:8} {what}"


def step_object(step: Step, **more: str) -> dict[str, Any]:
    """The step as an object for scripts."""
    return {"at_seconds": round(step.at_seconds, 3), **more, "step": step.step, **step.data}


def summary_object(report: CallReport) -> dict[str, Any]:
    """The last line for scripts."""
    return {
        "call": report.call,
        "topic": report.topic,
        "outcome": report.outcome,
        "queue_wait_seconds": _rounded(report.queue_wait_seconds),
        "talk_seconds": _rounded(report.talk_seconds),
    }


def summary(report: CallReport) -> str:
    """The last line for people."""
    facts = [f"call {report.call or '(unknown to the journal)'}: {report.outcome}"]
    if report.topic:
        facts.append(f"topic {report.topic}")
    if report.answer_seconds is not None:
        facts.append(f"answered in {report.answer_seconds * 1000:.0f} ms")
    if report.queue_wait_seconds is not None:
        facts.append(f"waited {report.queue_wait_seconds:.2f} s")
    if report.talk_seconds is not None:
        facts.append(f"talked {report.talk_seconds:.1f} s")
    if report.heard is not None:
        facts.append(f"heard {report.heard}, said {report.said}")
    return ", ".join(facts)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
