"""What happened, in words: one sentence a record. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.journal.kinds import KINDS
from ivr.journal.record import Record
from ivr.queue.reason_words import told

_Facts = Mapping[str, Any]
_ZONE = ZoneInfo("Europe/Moscow")  # deadlines are counted in the office's hours

_SENTENCES: Mapping[str, Callable[[_Facts], str]] = {
    "arrived": lambda f: f"call from {f['caller'] or 'a withheld number'} on line {f['line']}",
    "answered": lambda f: "taken off the hook" + _seconds(f, "after_seconds", " after {} s"),
    "said": lambda f: f"played {_listed(f['prompts'])}" + (" (the caller cut in)" if f.get("interrupted") else ""),
    "menu": lambda f: "asked for " + _either(f),
    "key": lambda f: f"the caller pressed {f.get('key') or f.get('keys')}",
    "heard": lambda f: f"heard {_quoted(f.get('text', ''))}" + _percent(f, "confidence", ", sure to {}"),
    "no_input": lambda f: "the caller did nothing" + _attempt(f),
    "no_match": lambda f: "that fits nothing here" + _attempt(f),
    "speech_lost": lambda f: f"no speech recognition ({f.get('reason', 'unknown')}): on with keys",
    "topic": lambda f: (
        f"topic {f['topic']}"
        + _percent(f, "confidence", ", sure to {}")
        + _because({"words": decisive(f)}, "words", " by {}")
    ),
    "decided": lambda f: f"goes {f.get('choice') or f.get('to')}" + _because(f, "reason"),
    "consent_asked": lambda f: f"asked for consent to recording (notice {f['version']}, key {f['key']})",
    "consent": lambda f: "consents to recording" if f.get("given") else "does not consent to recording",
    "recorded": lambda f: "recording kept" + _seconds(f, "seconds", ", {} s"),
    "recording_failed": lambda f: "not recorded" + _because(f, "reason"),
    "queued": lambda f: (
        f"waits in queue {f['queue']}"
        + _because(f, "position", " at place {}")
        + _seconds(f, "expected_wait_seconds", ", about {} s expected")
    ),
    "queue_refused": lambda f: f"queue {f['queue']} does not take the call" + _because(f, "reason"),
    "announced": lambda f: f"told: place {f.get('position')}" + _seconds(f, "expected_wait_seconds", ", about {} s"),
    "offered": lambda f: f"rings at {f['operator']}" + _because({"why": told(f.get("reason", ""), "en")}, "why"),
    "offer_ended": lambda f: f"{f['operator']} did not take it" + _because(f, "reason") + ": back in place",
    "overruled": lambda f: (
        f"{f['by']} changes how it waits:"
        + _because(f, "priority", " priority {}")
        + _because(f, "to_topic", " topic {}")
        + _because(f, "queue", " in queue {}")
    ),
    "connected": lambda f: f"talks to {f['operator']}" + _seconds(f, "waited_seconds", " after {} s of waiting"),
    "talk_ended": lambda f: (
        "talk over" + _seconds(f, "talk_seconds", " after {} s") + _because(f, "ended_by", ", {} ended it")
    ),
    "held": lambda f: f"{f['operator']} puts the caller on hold",
    "resumed": lambda f: "back to the caller" + _seconds(f, "held_seconds", " after {} s"),
    "asked_in": lambda f: f"{f['operator']} asks {f['target']} in" + (" to take the call" if f.get("transfer") else ""),
    "asked_in_ended": lambda f: f"{f['target']} is not in the talk" + _because(f, "reason") + ": back to the caller",
    "consulted": lambda f: f"{f['operator']} consults {f['target']}",
    "conferenced": lambda f: f"{f['operator']}, {f['target']} and the caller talk",
    "escalated": lambda f: f"{f['operator']} escalates" + _because(f, "reason", ": {}"),
    "transferred": lambda f: f"{f['operator']} passes the call on to {f['to']} {f.get('target', '')}".rstrip(),
    "left": lambda f: (
        "the caller hung up" + _because(f, "where", " in the {}") + _seconds(f, "waited_seconds", " after {} s")
    ),
    "ended": lambda f: f"over: {f['outcome']}" + _because(f, "reason"),
    "transfer_rung": lambda f: f"rings outside at {f['to']}",
    "transfer_connected": lambda f: f"talks to {f['to']}, outside",
    "transfer_ended": lambda f: f"{f['to']} outside: {f['reason']} after {f['seconds']:.0f} s",
    "promised": lambda f: f"to be rung back, as promised in call {f['of']}",
    "caller_rung": lambda f: f"{f['operator']} is on the line; the caller's telephone rings, try {f['try']}",
    "caller_missed": lambda f: f"the caller did not answer ({f['reason']}); tries left: {f['left']}",
    "rated": lambda f: f"rated {f['score']} of 5",
    "request_opened": lambda f: f"request {f['request']}" + _moment(f, "due", ", to be answered by {}"),
    "request_assigned": lambda f: f"request {f['request']} is {f['operator']}'s",
    "request_status": lambda f: f"request {f['request']} is now {f['status']}" + _because(f, "was", ", was {}"),
    "failed": lambda f: "our fault" + _because(f, "where", " in {}") + _because(f, "reason", ": {}"),
}


def decisive(facts: _Facts) -> str:
    """By which words the topic of a `topic` record was known."""
    return ", ".join(str(facts[name]) for name in ("phrases", "alike") if facts.get(name))


def sentence(record: Record) -> str:
    """The record in a few English words; its bare meaning when facts are missing."""
    facts = {**record.data, **record.personal}
    if (say := _SENTENCES.get(record.kind)) is not None:
        try:
            return say(facts)
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            OverflowError,
            OSError,
        ):  # a record of another version: say what we can
            pass
    known = KINDS.get(record.kind)
    listed = ", ".join(f"{name} {value}" for name, value in facts.items() if value not in {None, ""})
    meaning = known.meaning if known else record.kind
    return f"{meaning} ({listed})" if listed else meaning


def _seconds(facts: _Facts, name: str, form: str) -> str:
    value = facts.get(name)
    return "" if value is None else form.format(f"{float(value):.1f}".removesuffix(".0"))


def _moment(facts: _Facts, name: str, form: str) -> str:
    value = facts.get(name)
    return "" if value is None else form.format(f"{datetime.fromtimestamp(float(value), _ZONE):%d.%m %H:%M}")


def _percent(facts: _Facts, name: str, form: str) -> str:
    value = facts.get(name)
    return "" if value is None else form.format(f"{float(value):.0%}")


def _because(facts: _Facts, name: str, form: str = " ({})") -> str:
    value = facts.get(name)
    return "" if value in {None, ""} else form.format(value)


def _attempt(facts: _Facts) -> str:
    return f" (attempt {facts['attempt']})" if facts.get("attempt") else ""


def _quoted(text: str) -> str:
    if not text:
        return "sound, but no word"
    return text if text.startswith("(") else f"«{text}»"


def _listed(prompts: Any) -> str:
    return prompts.replace(",", ", ").replace("  ", " ") if isinstance(prompts, str) else str(prompts)


def _either(facts: _Facts) -> str:
    keys, speech = facts.get("keys"), facts.get("speech", True)
    ways = ([f"a key ({keys})" if keys else "a key"] if keys != "" else []) + (["speech"] if speech else [])
    return " or ".join(ways)
