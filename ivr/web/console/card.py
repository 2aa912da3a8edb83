"""A call as its operator sees it, made from its journal: who calls, what about, and the way until here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ivr.journal.record import Record, wait_began
from ivr.journal.story import decisive
from ivr.request.model import TITLES, Request

_Facts = Mapping[str, Any]
PAUSES: Mapping[str, tuple[str, str]] = {
    "break": ("Перерыв", "Break"),
    "lunch": ("Обед", "Lunch"),
    "paperwork": ("Оформление", "Paperwork"),
    "training": ("Обучение", "Training"),
    "technical": ("Технический сбой", "Technical trouble"),
}
CATEGORIES: Mapping[str, tuple[str, str]] = {
    "information": ("Информация", "Information"),
    "action": ("Действие", "Action"),
    "escalation": ("Передано специалисту", "Passed to a specialist"),
}
PROOFS: Mapping[str, tuple[str, str]] = {
    "full_name": ("ФИО", "Full name"),
    "snils": ("СНИЛС", "SNILS"),
    "passport": ("Паспорт", "Passport"),
    "birth_date": ("Дата рождения", "Birth date"),
}
_GONE: Mapping[str, tuple[str, str]] = {
    "busy": ("занято", "busy"),
    "no_answer": ("не отвечает", "no answer"),
    "declined": ("звонок отклонён", "declined"),
    "unreachable": ("телефон недоступен", "telephone unreachable"),
    "withdrawn": ("отбой", "called off"),
    "ended": ("трубка положена", "hung up"),
}
_WAYS: Mapping[str, Callable[[_Facts], tuple[str, str]]] = {
    "answered": lambda _: ("Линия ответила", "Answered"),
    "menu": lambda f: (
        ("Спросили ещё раз", "Asked again") if int(f.get("attempt") or 1) > 1 else ("Спросили, что случилось", "Asked")
    ),
    "key": lambda f: (f"Клавиша {f.get('key') or f.get('keys', '')}", f"Pressed {f.get('key') or f.get('keys', '')}"),
    "heard": lambda f: (f"Слова: «{f.get('text', '')}»", f"Said “{f.get('text', '')}”"),
    "no_input": lambda _: ("Молчание", "Said nothing"),
    "no_match": lambda _: ("Не поняли", "Not understood"),
    "speech_lost": lambda _: ("Дальше по клавишам", "On with keys"),
    "queued": lambda f: (f"В очереди, место {f.get('position', '?')}", f"In the queue at {f.get('position', '?')}"),
    "announced": lambda _: ("Названо время ожидания", "Told how long to wait"),
    "callback_accepted": lambda _: ("Просьба перезвонить", "Asked to be called back"),
    "offer_ended": lambda f: (f"{f.get('operator', '')} не отвечает", f"{f.get('operator', '')} did not answer"),
    "connected": lambda f: (f"Разговор: {f.get('operator', '')}", f"Talks to {f.get('operator', '')}"),
    "held": lambda _: ("На удержании", "On hold"),
    "resumed": lambda _: ("Снова в разговоре", "Back in the talk"),
    "asked_in_ended": lambda f: (
        f"{f.get('target', '')}: {_GONE.get(f.get('reason', ''), _GONE['ended'])[0]}",
        f"{f.get('target', '')}: {_GONE.get(f.get('reason', ''), _GONE['ended'])[1]}",
    ),
    "consulted": lambda f: (f"Консультация: {f.get('target', '')}", f"Consultation: {f.get('target', '')}"),
    "escalated": lambda f: (f"Эскалация: {f.get('reason', '')}", f"Escalated: {f.get('reason', '')}"),
    "transferred": lambda f: (
        f"Перевод: {f.get('operator', '')}" + (f" → {f['target']}" if f.get("target") else ""),
        f"Transferred by {f.get('operator', '')}" + (f" → {f['target']}" if f.get("target") else ""),
    ),
    "talk_ended": lambda _: ("Разговор окончен", "Talk over"),
}


def card(
    records: Sequence[Record],
    earlier: Sequence[Request],
    own: Request | None,
    titles: Mapping[str, str],
    names: Mapping[str, str],
    language: str,
) -> dict[str, Any]:
    """What the page shows of a call; moments in Unix seconds.

    `titles`: topic → title; `names`: operator → full name; `earlier`: older requests of the caller.
    """
    facts = _gathered(records)
    russian = language == "ru"

    def titled(topic: str) -> str:
        return titles.get(topic, "Не определена" if russian else "Not found")

    return {
        "call": records[0].call if records else "",
        **facts,
        "passed_by": names.get(facts["passed_by"], facts["passed_by"]),
        "topic_title": titled(str(facts["topic"])),
        "way": [
            {"at": record.wall_seconds, "text": way(_named(record, names))[0 if russian else 1]}
            for record in records
            if (way := _WAYS.get(record.kind)) is not None
        ],
        "request": own.number if own else "",
        "status": own.status if own else "",
        "earlier": [
            {
                "number": request.number,
                "topic": titled(request.topic),
                "status": TITLES[request.status] if russian else request.status,
                "opened": request.opened,
                "operator": request.operator,
            }
            for request in earlier
            if own is None or request.number != own.number
        ][:5],
    }


def _named(record: Record, names: Mapping[str, str]) -> _Facts:
    facts: dict[str, Any] = {**record.data, **record.personal}
    for role in ("operator", "target"):
        if facts.get(role) in names:
            facts[role] = names[facts[role]]
    return facts


def _gathered(records: Sequence[Record]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "line": "",
        "caller": "",
        "topic": "none",
        "by": "",
        "language": "",
        "matched": "",
        "passed_by": "",
        "said": [],
        "proven": [],
        "priority": 0,
        "escalation": "",
        "ended": False,
        "arrived": 0.0,
        "queued": None,
        "connected": None,
        "talked": None,
    }
    for record in records:
        if record.kind in ("topic", "decided", "queued") and "priority" in record.data:
            found["priority"] = record.data["priority"]
        gather = _GATHERS.get(record.kind)
        if gather is not None:
            found |= gather(found, record)
    return found


_Gather = Callable[[Mapping[str, Any], Record], dict[str, Any]]
_GATHERS: Mapping[str, _Gather] = {
    "arrived": lambda _, record: {
        "line": record.data.get("line", ""),
        "caller": record.personal.get("caller", ""),
        "arrived": record.wall_seconds,
    },
    "heard": lambda found, record: {"said": [*found["said"], *filter(None, (record.personal.get("text"),))]},
    "topic": lambda _, record: {
        "topic": record.data.get("topic", "none"),
        "by": record.data.get("by", ""),
        "matched": decisive({**record.data, **record.personal}),
    },
    "queued": lambda found, record: {
        "queued": wait_began(record.wall_seconds, record.data) if found["queued"] is None else found["queued"],
        "language": record.data.get("language", ""),
    },
    "connected": lambda _, record: {"connected": record.wall_seconds},
    "talk_ended": lambda _, record: {"talked": record.data.get("talk_seconds")},
    "identity_checked": lambda _, record: {
        "proven": [each for each in str(record.data.get("checked", "")).split(",") if each]
    },
    "escalated": lambda _, record: {"escalation": record.personal.get("reason", "")},
    "transferred": lambda _, record: {"passed_by": record.data.get("operator", "")},
    "ended": lambda *_: {"ended": True},
}
