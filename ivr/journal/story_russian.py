"""What happened to a call, in Russian, for the pages: one phrase a record, beside the step's name. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.journal.record import Record
from ivr.journal.story import decisive
from ivr.queue.reason_words import told

_Facts = Mapping[str, Any]
_ENDS = {
    "no_answer": "не ответил",
    "declined": "отклонил",
    "unreachable": "телефон недоступен",
    "withdrawn": "вызов отозван",
}
_OUTCOMES = {
    "talked": "поговорили",
    "callback": "договорились об обратном звонке",
    "left": "не дождался",
    "ended": "план закончил сам",
    "failed": "прервано по нашей вине",
}
_REFUSALS = {"full": "полна", "nobody": "некому ответить", "closed": "закрыта"}
_SIDES = {"caller": "звонивший", "operator": "оператор", "failed": "сбой"}
_ACTS = {"prioritise": "срочность", "move": "переложен"}

_PHRASES: Mapping[str, Callable[[_Facts], str]] = {
    "arrived": lambda f: f"линия {f['line']}, номер {f.get('caller') or 'скрыт'}",
    "answered": lambda f: _seconds(f, "after_seconds", "через {} с") + _text(f, "plan", ", план {}"),
    "said": lambda f: f"{_text(f, 'prompts')}{', перебил' if f.get('interrupted') else ''}",
    "menu": lambda f: _text(f, "keys", "клавиши {}") + (" или голосом" if f.get("speech", True) else ""),
    "key": lambda f: _text(f, "key") or "цифры скрыты",
    "heard": lambda f: f"«{f['text']}»" if f.get("text") else f"слов: {f.get('words', '?')}",
    "no_input": lambda f: _text(f, "attempt", "попытка {}"),
    "no_match": lambda f: _text(f, "attempt", "попытка {}"),
    "topic": lambda f: (
        f"{f['topic']}{_percent(f, 'confidence', ', уверенность {}')}{decisive(f) and f', по словам: {decisive(f)}'}"
    ),
    "decided": lambda f: _text(f, "choice") or _text(f, "to"),
    "consent_asked": lambda f: f"редакция {f['version']}, клавиша {f['key']}",
    "consent": lambda f: "согласен" if f.get("given") else "не согласен",
    "recorded": lambda f: _seconds(f, "seconds", "{} с, зашифрована"),
    "queued": lambda f: (
        f"очередь {f['queue']}{_text(f, 'position', ', место {}')}"
        f"{_seconds(f, 'expected_wait_seconds', ', обещано около {} с')}"
    ),
    "queue_refused": lambda f: _REFUSALS.get(f.get("reason", ""), str(f.get("reason", ""))),
    "announced": lambda f: f"место {f.get('position')}{_seconds(f, 'expected_wait_seconds', ', около {} с')}",
    "overruled": lambda f: (
        f"{f['by']}: {_ACTS.get(f['act'], f['act'])}"
        f"{_text(f, 'priority', ' {}')}{_text(f, 'to_topic', ' на тему {}')}{_text(f, 'queue', ', очередь {}')}"
    ),
    "supervised": lambda f: f"{f['supervisor']} слышит разговор ({f['mode']})",
    "offered": lambda f: f"{f['operator']}{_text({'why': told(f.get('reason', ''), 'ru')}, 'why', ' — {}')}",
    "offer_ended": lambda f: f"{f['operator']}: {_ENDS.get(f['reason'], f['reason'])}, звонок на прежнем месте",
    "connected": lambda f: (
        f"{f['operator']}{_seconds(f, 'waited_seconds', ', ожидание {} с')}"
        f"{_seconds(f, 'since_arrival_seconds', ', от первого гудка {} с')}"
    ),
    "talk_ended": lambda f: (
        f"{_seconds(f, 'talk_seconds', 'говорили {} с')}, закончил {_SIDES.get(f.get('ended_by', ''), '?')}"
    ),
    "left": lambda f: _seconds(f, "waited_seconds", "ждал {} с"),
    "ended": lambda f: _OUTCOMES.get(f["outcome"], str(f["outcome"])),
    "rated": lambda f: f"{f['score']} из 5",
    "request_opened": lambda f: f"обращение {f['request']}",
    "request_assigned": lambda f: f"обращение {f['request']}: {f['operator']}",
    "request_status": lambda f: f"обращение {f['request']}: {f['status']}",
    "failed": lambda f: f"{_text(f, 'where')} {_text(f, 'reason')}".strip(),
}


def phrase(record: Record) -> str:
    """The record's facts in a few Russian words; as they stand when they are of a kind or version not known here."""
    facts = {**record.data, **record.personal}
    if (say := _PHRASES.get(record.kind)) is not None:
        try:
            return str(say(facts))
        except (KeyError, TypeError, ValueError):  # a record of another version: say what we can
            pass
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value not in {None, ""})


def _seconds(facts: _Facts, name: str, form: str) -> str:
    value = facts.get(name)
    return "" if value is None else form.format(f"{float(value):.1f}".removesuffix(".0").replace(".", ","))


def _percent(facts: _Facts, name: str, form: str) -> str:
    value = facts.get(name)
    return "" if value is None else form.format(f"{float(value):.0%}".replace("%", " %"))


def _text(facts: _Facts, name: str, form: str = "{}") -> str:
    value = facts.get(name)
    return "" if value in {None, ""} else form.format(value)
