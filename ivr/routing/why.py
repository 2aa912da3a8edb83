"""A call's way through the queue in words, from its journal: why this operator, why this wait. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ivr.journal.record import wait_began
from ivr.queue.reason_words import Language, Say, seconds, speaker, told

_Facts = Mapping[str, Any]
_Names = Mapping[str, tuple[str, str]]

_ENDS: _Names = {
    "no_answer": ("нет ответа", "no answer"),
    "declined": ("звонок отклонён", "declined"),
    "unreachable": ("телефон недоступен", "the telephone cannot be reached"),
    "withdrawn": ("вызов отозван", "the offer was withdrawn"),
}
_REFUSALS: _Names = {
    "full": ("она полна", "it is full"),
    "nobody": ("нет на месте никого, кто мог бы ответить", "nobody who could answer is there"),
    "closed": ("она закрыта", "it is closed"),
}
_TARGETS: _Names = {
    "queue": ("в очередь", "to queue"),
    "operator": ("оператору", "to operator"),
    "outside": ("наружу:", "outside, to"),
}
_UNQUEUED: _Names = {
    "longest_wait": ("ждал дольше, чем разрешает план", "it waited longer than the plan allows"),
    "moved_on": ("план пошёл дальше", "the plan went on"),
    "no_answer": ("хранилище очереди не ответило", "the queue's store did not answer"),
}
_OTHER: Mapping[str, Callable[[_Facts, Say], str]] = {
    "announced": lambda f, say: (
        say("звонящему сказано: место ", "the caller was told: place ") + f"{f.get('position', '?')}{_expected(f, say)}"
    ),
    "overruled": lambda f, say: f"{f.get('by', '?')} {_overruled(f, say)}",
    "callback_accepted": lambda f, say: say(
        f"звонящий просит перезвонить; его место занял звонок {f.get('call_back', '?')}",
        f"the caller asks to be rung back; call {f.get('call_back', '?')} took over the place",
    ),
    "caller_rung": lambda f, say: say(
        f"{f.get('operator', '?')} на линии, набираем звонящего (попытка {f.get('try', 1)})",
        f"{f.get('operator', '?')} is on the line, the caller's telephone rings (try {f.get('try', 1)})",
    ),
    "caller_missed": lambda f, say: say(
        f"звонящий: {_ended(f, say)}; осталось попыток: {f.get('left', 0)}",
        f"the caller: {_ended(f, say)}; tries left: {f.get('left', 0)}",
    ),
    "transferred": lambda f, say: (
        f"{f.get('operator', '?')} {say('передаёт звонок', 'passes the call on')}"
        f" {_named(_TARGETS, f.get('to'), say)} {f.get('target', '')}"
    ),
    "unqueued": lambda f, say: (
        say("звонок ушёл из очереди без оператора", "the call left the queue without an operator")
        + f": {_named(_UNQUEUED, f.get('reason'), say)}"
    ),
}
"""Kinds that need no account of what was before."""


def why(records: Iterable[tuple[float, str, _Facts]], language: Language = "ru") -> tuple[str, ...]:
    """Sentences in the order of events.

    `records`: (wall seconds, kind, data) of one call, in order; kinds that have no part in the wait are passed over.
    Times in the sentences count from the entry into the queue, again when a talk ends there.
    """
    wait, sentences, told_seconds = _Wait(None, language), list[str](), 0.0
    for at, kind, facts in records:
        if kind in ("queued", "promised"):
            wait = _Wait(wait_began(at, facts) + told_seconds, language)
        elif kind == "connected":
            told_seconds = float(facts.get("waited_seconds") or 0.0)
        sentences.extend(wait.take(at, kind, facts))
    return tuple(sentences)


class _Wait:
    """What has happened `since` the call entered the queue; None: it has not."""

    def __init__(self, since: float | None, language: Language) -> None:
        self._since = since
        self._language = language
        self._say = speaker(language)
        self._rings: dict[str, float] = {}
        """Operator → since when the call has rung there."""
        self._ringing_since = 0.0
        self._rang_seconds = 0.0
        self._in_vain: list[str] = []
        self._caller_rung_at: float | None = None
        """Since when an operator is on the line and the caller is rung back."""
        self._caller_missed = False
        self._offered = self._connected = False

    def take(self, at: float, kind: str, facts: _Facts) -> Iterator[str]:
        operator, queue, say = str(facts.get("operator", "?")), facts.get("queue", "?"), self._say
        match kind:
            case "queued":
                priority, place = facts.get("priority"), facts.get("position", "?")
                urgent = say(f", срочный (срочность {priority})", f", urgent (priority {priority})") if priority else ""
                entered = say(f"Очередь {queue}: место {place}", f"Queue {queue}: place {place}")
                yield f"{entered}{urgent}{_expected(facts, say)}."
            case "promised":
                of = facts.get("of", "?")
                yield say(
                    f"Очередь {queue}: ждёт обратного звонка вместо звонка {of}.",
                    f"Queue {queue}: waits to be rung back, in the place of call {of}.",
                )
            case "queue_refused":
                refused = say("Очередь не приняла звонок", "The queue did not take the call")
                yield f"{refused}: {_named(_REFUSALS, facts.get('reason'), say)}."
            case "offered":
                self._ring(at, operator)
                reason = told(str(facts.get("reason") or say("не записано", "not noted")), self._language)
                rings, because = say("звонит у", "rings at"), say("Почему", "Why")
                yield f"{self._moment(at)}: {rings} {operator}. {because}: {reason}."
            case "offer_ended":
                self._in_vain_at(operator, at, operator)
                back = say("звонок на прежнем месте", "the call is back in its place")
                yield f"{self._moment(at)}: {operator}: {_ended(facts, say)}; {back}."
            case "connected":
                talks, account = say(f"говорит {operator}", f"talks to {operator}"), ""
                if not self._connected:
                    account = self._account(at, operator)
                    self._connected = True
                yield f"{self._moment(at)}: {talks}.{account}"
            case "left" | "ended" if self._since is not None and not self._connected:
                over = say("звонок окончен без оператора", "the call ended without an operator")
                yield f"{self._moment(at)}: {over}: {self._nobody()}."
                self._since = None
            case _ if kind in _OTHER:
                yield f"{self._moment(at)}: {_OTHER[kind](facts, say)}."
                self._turn(at, kind)

    def _turn(self, at: float, kind: str) -> None:
        """What becomes of a wait that is to end with the caller being rung back."""
        match kind:
            case "callback_accepted":
                self._since = None  # another call has the place
            case "caller_rung":
                self._caller_rung_at = at
            case "caller_missed":
                self._caller_rung_at, self._caller_missed = None, True
                for operator in tuple(self._rings):
                    self._in_vain_at(operator, at, self._say("звонящего", "the caller's"))
            case _:
                pass

    def _in_vain_at(self, operator: str, at: float, whose: str) -> None:
        if self._silent(at, operator):
            self._in_vain.append(whose)

    def _moment(self, at: float) -> str:
        if self._since is None:
            return self._say("До очереди", "Before the queue")
        return seconds(at - self._since, self._language)

    def _ring(self, at: float, operator: str) -> None:
        self._offered = True
        if not self._rings:
            self._ringing_since = at
        self._rings[operator] = at

    def _silent(self, at: float, operator: str) -> bool:
        """Whether it rang there until now."""
        rang = self._rings.pop(operator, None) is not None
        if rang and not self._rings:
            self._rang_seconds += at - self._ringing_since
        return rang

    def _nobody(self) -> str:
        say = self._say
        if not self._offered:
            return say("до него очередь не дошла", "its turn had not come")
        if self._caller_missed:
            return say("звонящий так и не ответил", "the caller never answered")
        if not self._in_vain:
            return say("телефон ещё звонил", "the telephone was still ringing")
        return say("никто не взял", "nobody took it") + f" ({_each(self._in_vain)})"

    def _account(self, at: float, operator: str) -> str:
        """Where the wait went; it is not known when the journal does not have its beginning."""
        answered_at = at if self._caller_rung_at is None else self._caller_rung_at
        answered_in = answered_at - self._rings.get(operator, answered_at)
        self._silent(answered_at, operator)
        if self._since is None:
            return ""
        wait, say = answered_at - self._since, self._say
        rang_seconds = self._rang_seconds + (answered_at - self._ringing_since if self._rings else 0.0)
        alone, in_vain, answer = (
            seconds(value, self._language)
            for value in (wait - rang_seconds, max(0.0, rang_seconds - answered_in), answered_in)
        )
        names = _each(self._in_vain)
        parts = [say(f"{alone} до оператора, которого можно спросить", f"{alone} until an operator could be asked")]
        if names:
            parts.append(say(f"{in_vain} впустую у {names}", f"{in_vain} in vain at {names}"))
        parts.append(say(f"{answer} до ответа {operator}", f"{answer} until {operator} answered"))
        if self._caller_rung_at is not None:
            caller = seconds(at - answered_at, self._language)
            parts.append(say(f"{caller} до ответа звонящего", f"{caller} until the caller answered"))
        return f" {say('Ожидание', 'The wait of')} {seconds(at - self._since, self._language)}: {', '.join(parts)}."


def _expected(facts: _Facts, say: Say) -> str:
    if (expected := facts.get("expected_wait_seconds")) is None:
        return ""
    return say(f", обещано около {float(expected):.0f} с", f", about {float(expected):.0f} s expected")


def _overruled(facts: _Facts, say: Say) -> str:
    if facts.get("act") == "prioritise":
        return say("меняет срочность", "changed the priority") + f": {facts.get('priority', '?')}"
    queue, topic = facts.get("queue", "?"), facts.get("to_topic", "?")
    return say(f"перекладывает звонок: очередь {queue}, тема {topic}", f"moved the call: queue {queue}, topic {topic}")


def _ended(facts: _Facts, say: Say) -> str:
    return _named(_ENDS, facts.get("reason"), say)


def _named(names: _Names, name: Any, say: Say) -> str:
    if not name:
        return say("причина не записана", "the reason was not noted")
    return say(*names[name]) if name in names else str(name)


def _each(names: list[str]) -> str:
    """Each once, in their order."""
    return ", ".join(dict.fromkeys(names))
