"""The one table of what the journal can say. `docs/journal.md` is made from it; a test keeps them equal.

A fact that is not listed here under `fields` is treated as personal: sealed in the store, absent from the logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Subject = Literal["call", "request", "operator", "system"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`fields`: facts that identify nobody, name → meaning; `personal`: facts that do."""

    name: str
    subject: Subject
    meaning: str
    fields: Mapping[str, str]
    personal: Mapping[str, str]


def _kind(
    subject: Subject,
    name: str,
    meaning: str,
    fields: Mapping[str, str] | None = None,
    personal: Mapping[str, str] | None = None,
) -> tuple[str, Kind]:
    return name, Kind(name, subject, meaning, fields or {}, personal or {})


PHRASES_APART = "; "
"""Between the phrases of a `topic` record."""

_OPERATOR = {"operator": "the operator's name in config/operators.yaml"}
_QUEUE = {"queue": "the queue's name"}
_TRY = {"attempt": "which time this is for this menu, from 1", "left": "how many attempts remain"}
_TARGET = {"to": "operator, outside or queue", "target": "its name in the configuration; empty: as before"}
_REQUEST = {"request": "the request's number"}

KINDS: Mapping[str, Kind] = dict(
    (
        # The way of a good call, in order.
        _kind("call", "arrived", "the call came in: its clock starts here",
              {"line": "the dialled number", "sip_call_id": "the call's name in SIP traces",
               "zone": "time zone of the caller's region, empty when the number tells none"},
              {"caller": "the caller's number, empty when withheld", "code": "a browser's proof of who called"}),
        _kind("call", "answered", "the call was taken off the hook",
              {"after_seconds": "since arrival", "plan": "the dialplan", "version": "the dialplan's version",
               "language": "the call's first language"}),
        _kind("call", "said", "prompts were played",
              {"prompts": "their ids, in order", "language": "their language", "interrupted": "the caller cut in"}),
        _kind("call", "menu", "the caller was asked for a key or for speech",
              {"language": "the menu's language", "attempt": _TRY["attempt"], "keys": "the keys it takes",
               "speech": "whether it listens"}),
        _kind("call", "key", "the caller pressed a key", {"key": "which, for a choice in a menu"},
              {"keys": "digits that were entered as a number"}),
        _kind("call", "heard", "the caller said something",
              {"words": "how many words", "confidence": "mean word confidence, 0–1", "seconds": "length of the speech",
               "language": "language of the recogniser", "latency_seconds": "from the last word to the text"},
              {"text": "what was recognised", "alternatives": "what else it may have been"}),
        _kind("call", "no_input", "the caller did nothing in time", _TRY),
        _kind("call", "no_match", "the caller's key or words fit nothing here", {**_TRY, "key": "the key, if one"},
              {"text": "what was recognised"}),
        _kind("call", "speech_lost", "speech recognition failed for this call: it goes on with keys",
              {"reason": "why"}),
        _kind("call", "topic", "the topic was found",
              {"topic": "its id", "confidence": "0–1", "margin": "distance to the next topic, 0–1",
               "by": "key, speech, confirmed, page, plan or operator", "language": "language of what was said",
               "priority": "the call's priority from here", "matter": "which part of the topic, if its words tell",
               "phrases": "the admin's phrases that decided, as in dialplans/topics.yaml"},
              {"alike": "words that are like the topic's examples",
               "alternatives": "other topics and their confidence"}),
        _kind("call", "decided", "the plan chose a way",
              {"choice": "the way taken", "reason": "why", "condition": "what was asked", "to": "the next step",
               "priority": "the call's priority from here", "language": "the call's language from here"}),
        _kind("call", "consent_asked", "the notice of recording is read out",
              {"version": "of the notice", "key": "the key that says yes"}),
        _kind("call", "consent", "the notice of recording was answered",
              {"given": "true or false", "version": "of the notice that was read out"}),
        _kind("call", "recording_began", "both sides are recorded from here on"),
        _kind("call", "recording_paused", "personal data is asked for: the recording is silent from here on"),
        _kind("call", "recording_resumed", "the recording goes on"),
        _kind("call", "recording_failed", "the call goes on without being recorded", {"reason": "what was seen"}),
        _kind("call", "recorded", "the recording is sealed and kept; may follow the end", {"seconds": "its length"}),
        _kind("call", "queued", "the call waits for an operator",
              {**_QUEUE, "position": "from 1", "expected_wait_seconds": "as told to the caller, or null",
               "topic": "the call's topic", "priority": "0 ordinary, higher more urgent",
               "skills": "what the operator must be able to do", "language": "the caller's language",
               "waited_seconds": "so far: until the queue had taken the call, and before a talk"}),
        _kind("call", "queue_refused", "the queue did not take the call",
              {**_QUEUE, "reason": "full, nobody or closed"}),
        _kind("call", "unqueued", "the call waits no more: the plan goes on without an operator",
              {**_QUEUE, "reason": "longest_wait, moved_on, no_answer"}),
        _kind("call", "announced", "the waiting caller heard where they stand",
              {"position": "from 1", "expected_wait_seconds": "as told, or null", "waited_seconds": "so far"}),
        _kind("call", "offered", "the call rings at an operator",
              {**_OPERATOR, "reason": "why this one, as JSON", "ring_seconds": "at most", "waited_seconds": "so far",
               "offer": "the offer's number"}),
        _kind("call", "offer_ended", "that operator did not take the call: it is back in its place",
              {**_OPERATOR, "reason": "no_answer, declined, unreachable or withdrawn", "rang_seconds": "how long",
               "offer": "the offer's number"}),
        _kind("call", "overruled", "a supervisor changed how the call waits",
              {"act": "prioritise or move", "by": "whose account", "priority": "the call's priority from here",
               "to_topic": "the topic it waits under; the call keeps its own", **_QUEUE}),
        _kind("call", "connected", "caller and operator hear each other",
              {**_OPERATOR, "waited_seconds": "in the queue", "since_arrival_seconds": "from the first ring"}),
        _kind("call", "held", "the operator put the caller on hold", _OPERATOR),
        _kind("call", "resumed", "the operator took the caller off hold", {**_OPERATOR, "held_seconds": "how long"}),
        _kind("call", "asked_in", "somebody is asked in to the talk and rung; the caller hears music",
              {**_OPERATOR, **_TARGET, "transfer": "the caller is theirs once they answer"}),
        _kind("call", "asked_in_ended", "who was asked in is not, or no longer, there: back to the caller",
              {**_OPERATOR, "target": _TARGET["target"],
               "reason": "busy, no_answer, declined, unreachable, ended or withdrawn"}),
        _kind("call", "consulted", "operator and who was asked in talk; the caller hears music",
              {**_OPERATOR, "target": _TARGET["target"]}),
        _kind("call", "conferenced", "all three hear each other", {**_OPERATOR, "target": _TARGET["target"]}),
        _kind("call", "escalated", "the operator needs a specialist for this call", {**_OPERATOR, **_TARGET},
              {"reason": "why, in the operator's words"}),
        _kind("call", "transferred", "the operator has passed the call on, with its context",
              {**_OPERATOR, **_TARGET, "warm": "they had talked before", "reason": "why"}),
        _kind("call", "outside_ended", "the talk with an outside number, to which the call was transferred, is over",
              {"ended_by": "caller, operator (the other side) or failed", "seconds": "how long"}),
        _kind("call", "supervised", "a supervisor is in the talk from here on, in this manner",
              {**_OPERATOR, "supervisor": "who", "mode": "listen, whisper (heard by the operator only) or join"}),
        _kind("call", "supervision_ended", "the supervisor has left the talk",
              {"supervisor": "who", "reason": "left, talk_ended, no_answer, declined or unreachable",
               "seconds": "how long"}),
        _kind("call", "identity_checked", "the operator has asked the caller to prove who they are",
              {**_OPERATOR, "checked": "what was found right: full_name, snils, passport, birth_date",
               "proven": "whether that is enough"}),
        _kind("call", "transfer_rung", "the plan passes the caller on: an outside telephone rings",
              {"to": "its name in config/ivr.yaml", "ring_seconds": "at most"}),
        _kind("call", "transfer_connected", "caller and outside telephone hear each other",
              {"to": "its name in config/ivr.yaml"}),
        _kind("call", "transfer_ended", "the outside telephone rings or talks no more",
              {"to": "its name in config/ivr.yaml", "seconds": "since it began to ring",
               "reason": "ended, caller, no_answer, declined, unreachable or failed"}),
        _kind("call", "talk_ended", "the talk is over",
              {**_OPERATOR, "ended_by": "caller, operator, transferred or failed", "talk_seconds": "how long"}),
        _kind("call", "callback_offered", "the caller was offered to be called back", {"waited_seconds": "so far"}),
        _kind("call", "callback_refused", "no call back could be promised after all: the caller goes on waiting",
              {**_QUEUE, "reason": "answering: an operator is about to; not_rung: that number, or not now; queue_away, "
               "no_answer: the queue did not tell", "waited_seconds": "so far"}),
        _kind("call", "callback_accepted", "the caller will be called back and keeps the place",
              {**_QUEUE, "call_back": "the call in which that happens"},
              {"number": "the number to call"}),
        _kind("call", "promised", "the caller has hung up and will be rung: the call in which that happens begins",
              {"of": "the call in which it was promised", "line": "its line", **_QUEUE, "topic": "what it was about",
               "language": "the caller's language", "waited_seconds": "since it entered the queue"},
              {"caller": "the number to ring"}),
        _kind("call", "caller_rung", "the operator is on the line: the caller's telephone rings",
              {**_OPERATOR, "try": "which time, from 1"}),
        _kind("call", "caller_missed", "the caller who was rung back did not answer",
              {"reason": "no_answer, declined or unreachable", "left": "how many tries remain"}),
        _kind("call", "rated", "the caller rated the service", {**_OPERATOR, "score": "1–5"}),
        _kind("call", "left", "the caller hung up while waiting or in the menu",
              {"where": "menu, queue or ringing", "waited_seconds": "in the queue", "reason": "why", **_QUEUE,
               "cause": "Q.850 cause code"}),
        _kind("call", "ended", "the call is over: nothing follows but its paperwork",
              {"outcome": "talked, callback, left, ended or failed", "reason": "why", "cause": "Q.850 cause code",
               "seconds": "from arrival", "topic": "the call's topic", "queue_wait_seconds": "in the queue",
               "talk_seconds": "with operators", "handed_over": "our fault: Asterisk rang an operator without us"}),
        _kind("call", "adopted", "another controller took the live call over", {"controller": "its name"}),
        _kind("call", "failed", "something of ours went wrong for this call",
              {"where": "which part", "reason": "what"}),
        # Requests.
        _kind("request", "request_opened", "the call became a request",
              {**_REQUEST, "class": "ordinary, urgent or complex", "due": "Unix seconds", "earlier": "linked request",
               "topic": "its topic"}),
        _kind("request", "request_assigned", "somebody is responsible for the request", {**_REQUEST, **_OPERATOR}),
        _kind("request", "request_status", "the request's status changed",
              {**_REQUEST, "status": "the new one", "was": "the old one", **_OPERATOR}),
        _kind("request", "request_overdue", "a deadline of the request has passed",
              {**_REQUEST, "deadline": "which", "late_seconds": "by", "priority": "raised to"}),
        _kind("request", "result", "the operator recorded the outcome of the talk",
              {**_REQUEST, **_OPERATOR, "resolved": "at the first contact", "after_seconds": "the end of the talk",
               "category": "information, action or escalation"}, {"note": "what the operator wrote"}),
        _kind("request", "corrected", "the person had something about them corrected",
              {"of": "the record's sequence number", "fact": "which of its sealed facts"},
              {"value": "what it should read"}),
        # Operators.
        _kind("operator", "operator_ready", "the operator takes calls", _OPERATOR),
        _kind("operator", "operator_paused", "the operator takes no calls for a while", {**_OPERATOR, "reason": "why"}),
        _kind("operator", "operator_gone", "the operator has signed out", {**_OPERATOR, "reason": "why"}),
        _kind("operator", "operator_wrap_up", "the operator finishes the paperwork of a call",
              {**_OPERATOR, "seconds": "at most"}),
        # The system itself.
        _kind("system", "started", "a controller is up", {"version": "of the product", "controller": "its name"}),
        _kind("system", "stopped", "a controller went down in order", {"controller": "its name"}),
        _kind("system", "part_lost", "a part the hotline needs is gone", {"part": "which", "reason": "what was seen"}),
        _kind("system", "part_back", "the part is there again", {"part": "which", "away_seconds": "how long"}),
        _kind("system", "configuration_loaded", "plans, operators or settings were read anew",
              {"files": "how many", "version": "hash of their contents", "by": "who asked"}),
        _kind("system", "configuration_refused", "new plans were wrong: the old ones stay",
              {"findings": "how many", "first": "the first one"}),
        _kind("system", "person_erased", "everything personal about somebody was made unreadable",
              {"calls": "how many of their calls"}),
        _kind("system", "incident_opened", "many like failures at once: a critical incident",
              {"incident": "its id", "topic": "their topic", "calls": "how many", "usual": "in that hour, per window",
               "phrase": "of topics.yaml, which they have in common; empty: the topic alone"}),
        _kind("system", "incident_closed", "the critical incident is over",
              {"incident": "its id", "calls": "how many in all", "seconds": "how long"}),
    )
)  # fmt: skip


def markdown() -> str:
    """The table as docs/journal.md shows it."""
    lines: list[str] = []
    titles = {"call": "Calls", "request": "Requests", "operator": "Operators", "system": "The system"}
    for subject, title in titles.items():
        lines += [f"### {title}", "", "| kind | meaning | facts | sealed |", "| --- | --- | --- | --- |"]
        for kind in KINDS.values():
            if kind.subject == subject:
                facts = "; ".join(f"`{name}` {meaning}" for name, meaning in kind.fields.items())
                sealed = "; ".join(f"`{name}` {meaning}" for name, meaning in kind.personal.items())
                lines.append(f"| `{kind.name}` | {kind.meaning} | {facts} | {sealed} |")
        lines.append("")
    return "\n".join(lines)
