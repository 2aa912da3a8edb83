"""What a supervisor does to calls, operators and queues, by page or by command: audited first, and with a way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from ivr.call.events import CallId
from ivr.call.listening_in import Mode
from ivr.errors import IvrError
from ivr.journal.audit import AuditLog
from ivr.queue.model import Done, QueuedCall, QueuedOperator, Refusal, Refused
from ivr.queue.notices import NoticeBoard
from ivr.routing.supervision import Supervision
from ivr.routing.view import QueueView
from ivr.web.words import HEADSET, TOPICS

_MOST_PRIORITY = 9
_MOST_WAITING = 100_000
_MOST_HOURS = 168
_MODES = {"listen": "Слушать", "whisper": "Подсказывать оператору", "join": "Участвовать"}
_REFUSALS: Mapping[Refusal, tuple[str, str]] = {
    "call_gone": ("звонка в очереди больше нет", "the call is in the queue no more"),
    "call_taken": ("с этим звонком уже говорят", "somebody talks to this call already"),
    "operator_busy": ("оператор занят", "the operator is busy"),
    "unknown_operator": ("оператор не на смене", "the operator is not on shift"),
}


class ActRefused(IvrError):
    """It was not done, and why: in English as every error, in Russian as `russian`."""

    def __init__(self, russian: str, english: str) -> None:
        self.russian = russian
        super().__init__(english)


@dataclass(frozen=True, slots=True)
class Acted:
    """What was done, in words; `undo` is the act that takes it back: its name as `act`, and its fields. None: none."""

    russian: str
    english: str
    undo: Mapping[str, str] | None = None


class Incidents(Protocol):
    """Critical incidents under way."""

    def close(self, topic: str) -> None:
        """Somebody says that the failure is mended."""
        ...


Fields = Mapping[str, str]
_Act = Callable[[Fields, str], Awaitable[Acted]]
Listen = Callable[[CallId, str, str, Mode], bool]
Told = Callable[[str, str, Mapping[str, str | int]], None]


class Acts:
    """`view` is what waits now, `queues` names all queues there are; `titles` names operators for people.

    `listen(call, supervisor, telephone, mode)` rings there, telephone "" being the supervisor's page, False when there
    is no talk; `headset` is the page's account, "" when it has none. `sayable` are the notices that there are.
    `tell(call, kind, facts)` writes the call's journal. `drain(True)` takes no new calls any more.
    """

    def __init__(
        self,
        supervision: Supervision,
        view: Callable[[], QueueView],
        audit: AuditLog,
        incidents: Incidents,
        queues: Callable[[], Collection[str]],
        titles: Mapping[str, str],
        listen: Listen,
        headset: Callable[[str], str],
        notices: NoticeBoard,
        sayable: Callable[[], Mapping[str, str]],
        tell: Told,
        drain: Callable[[bool], Awaitable[None]],
    ) -> None:
        self._supervision = supervision
        self._view = view
        self._audit = audit
        self._incidents = incidents
        self._queues = queues
        self._titles = titles
        self._listen_in = listen
        self._headset = headset
        self._notices = notices
        self._sayable = sayable
        self._tell = tell
        self._set_draining = drain
        self.by_name: Mapping[str, _Act] = {
            "prioritise": self._prioritise,
            "move": self._move,
            "pull": self._pull,
            "assign": self._assign,
            "close": self._close,
            "open": self._open,
            "limit": self._limit,
            "close_incident": self._close_incident,
            "listen": self._listen,
            "announce": self._announce,
            "silence": self._silence,
            "drain": self._drain,
            "take_calls": self._take_calls,
        }

    async def act(self, name: str, fields: Fields, by: str) -> Acted:
        """Do it; `by` is who asks. Raises ActRefused; what is refused has changed nothing."""
        act = self.by_name.get(name)
        if act is None:
            raise ActRefused(f"нет действия «{name}»", f"there is no act {name!r}")
        return await act(fields, by)

    async def _prioritise(self, fields: Fields, by: str) -> Acted:
        call, priority = self._call(fields), _number(fields, "priority", _MOST_PRIORITY)
        await self._note(by, "prioritise", call.call, {"priority": str(priority)})
        _require(await self._supervision.prioritise(call.call, priority, by=by))
        self._tell(call.call, "overruled", {"act": "prioritise", "by": by, "priority": priority})
        return Acted(
            f"Срочность звонка: {priority}",
            f"The call's priority is {priority}",
            {"act": "prioritise", "call": call.call, "priority": str(call.priority)},
        )

    async def _move(self, fields: Fields, by: str) -> Acted:
        call = self._call(fields)
        queue, topic = fields.get("queue") or call.queue, fields.get("topic") or call.topic
        if topic not in TOPICS:
            raise ActRefused(f"нет темы «{topic}»", f"there is no topic {topic!r}")
        if queue != call.queue and queue not in self._queues():
            raise ActRefused(f"нет очереди «{queue}»", f"there is no queue {queue!r}")
        await self._note(by, "move", call.call, {"queue": queue, "topic": topic})
        # skills named by the plan belong to the topic that the call came with; moved back, it has them again
        skills = tuple(fields["skills"].split()) if fields.get("skills") else () if topic != call.topic else call.skills
        done = await self._supervision.move(
            call.call, queue=queue, topic=topic, language=call.language, by=by, skills=skills
        )
        _require(done)
        self._tell(call.call, "overruled", {"act": "move", "by": by, "queue": queue, "to_topic": topic})
        undo = {"act": "move", "call": call.call, "queue": call.queue, "topic": call.topic}
        return Acted(
            f"Звонок переложен: {TOPICS[topic][0]}, {queue}",
            f"The call is under {topic} in {queue}",
            undo | ({"skills": " ".join(call.skills)} if call.skills else {}),
        )

    async def _pull(self, fields: Fields, by: str) -> Acted:
        call, operator = self._call(fields), self._operator(fields)
        await self._note(by, "pull", call.call, {"operator": operator.name})
        _require(await self._supervision.pull(call.call, operator.name, by=by))
        title = self._titles.get(operator.name, operator.name)
        # moving it to where it is takes its rings back
        undo = {"act": "move", "call": call.call, "queue": call.queue, "topic": call.topic}
        return Acted(
            f"Звонок звонит у оператора: {title}",
            f"The call rings at {title}",
            undo | ({"skills": " ".join(call.skills)} if call.skills else {}),
        )

    async def _assign(self, fields: Fields, by: str) -> Acted:
        operator, topic = self._operator(fields), fields.get("topic", "")
        if topic not in {"", "auto", *TOPICS}:
            raise ActRefused(f"нет темы «{topic}»", f"there is no topic {topic!r}")
        await self._note(by, "assign", operator.name, {"topic": topic})
        _require(await self._supervision.assign(operator.name, topic, by=by))
        title = self._titles.get(operator.name, operator.name)
        was = operator.assigned if operator.assigned_by else "auto"
        where = {"": ("только свои темы", "own topics only"), "auto": ("по правилу", "by the rule")}
        russian, english = where.get(topic) or (TOPICS[topic][0], topic)
        return Acted(
            f"{title}: {russian}", f"{title}: {english}", {"act": "assign", "operator": operator.name, "topic": was}
        )

    async def _close(self, fields: Fields, by: str) -> Acted:
        queue = self._queue(fields)
        await self._note(by, "close_queue", queue)
        _require(await self._supervision.close_queue(queue, by=by))
        return Acted(
            f"Очередь «{queue}» закрыта; кто ждёт, будет обслужен",
            f"Queue {queue} is closed; those who wait are served",
            {"act": "open", "queue": queue},
        )

    async def _open(self, fields: Fields, by: str) -> Acted:
        queue = self._queue(fields)
        await self._note(by, "open_queue", queue)
        _require(await self._supervision.open_queue(queue, by=by))
        return Acted(f"Очередь «{queue}» открыта", f"Queue {queue} is open", {"act": "close", "queue": queue})

    async def _limit(self, fields: Fields, by: str) -> Acted:
        queue, limit = self._queue(fields), _number(fields, "limit", _MOST_WAITING)
        row = self._view().queues.get(queue)
        await self._note(by, "limit_queue", queue, {"limit": str(limit)})
        _require(await self._supervision.limit_queue(queue, limit, by=by))
        return Acted(
            f"Очередь «{queue}»: не больше {limit}" if limit else f"Очередь «{queue}»: без предела",
            f"Queue {queue}: at most {limit}" if limit else f"Queue {queue}: no limit",
            {"act": "limit", "queue": queue, "limit": str(row.limit if row else 0)},
        )

    async def _close_incident(self, fields: Fields, by: str) -> Acted:
        topic = fields.get("topic", "")
        if topic not in TOPICS:
            raise ActRefused(f"нет темы «{topic}»", f"there is no topic {topic!r}")
        await self._note(by, "close_incident", topic)
        self._incidents.close(topic)
        return Acted("Инцидент закрыт; если сбой продолжится, откроется снова", "The incident is closed")

    async def _listen(self, fields: Fields, by: str) -> Acted:
        """Rings in the supervisor's page, or at the telephone that is named; hanging up ends it."""
        call, mode, telephone = fields.get("call", ""), fields.get("mode", ""), fields.get("telephone", "")
        if mode not in _MODES:
            raise ActRefused("слушать, подсказывать или участвовать", f"mode is one of {', '.join(_MODES)}")
        if not telephone and not self._headset(by):
            raise ActRefused("гарнитура этой страницы не подключена", "your page has no headset: name a telephone")
        if telephone and telephone not in self._titles:
            raise ActRefused(f"нет телефона «{telephone}»", f"there is no telephone {telephone!r}")
        await self._note(by, mode, call, {"telephone": telephone})
        if not self._listen_in(CallId(call), by, telephone, cast("Mode", mode)):
            raise ActRefused("сейчас в этом звонке никто не говорит", "nobody talks in this call now")
        if not telephone:
            return Acted(*HEADSET[mode])
        title = self._titles[telephone]
        return Acted(f"{_MODES[mode]}: звонит телефон, {title}; конец — положить трубку", f"{mode}: {title}")

    async def _announce(self, fields: Fields, by: str) -> Acted:
        """The board writes into the audit log itself."""
        prompt = fields.get("prompt", "")
        if prompt not in self._sayable():
            raise ActRefused(f"нет объявления «{prompt}»", f"there is no notice {prompt!r} in all lines' languages")
        hours = _number(fields, "hours", _MOST_HOURS) if fields.get("hours") else 0
        await self._notices.switch_on(prompt, by, hours * 3600.0)
        return Acted(
            "Объявление включено: его услышит каждый, кто позвонит",
            f"Every caller hears {prompt} from now on",
            {"act": "silence", "prompt": prompt},
        )

    async def _silence(self, fields: Fields, by: str) -> Acted:
        prompt = fields.get("prompt", "")
        if not await self._notices.switch_off(prompt, by):
            raise ActRefused("это объявление не включено", f"the notice {prompt!r} is not on")
        return Acted("Объявление выключено", f"{prompt} is off", {"act": "announce", "prompt": prompt})

    async def _drain(self, _: Fields, by: str) -> Acted:
        await self._note(by, "drain", "")
        await self._set_draining(True)
        return Acted(
            "Новые звонки не принимаются, начатые идут до конца",
            "No new calls are taken; those in progress come to their end",
            {"act": "take_calls"},
        )

    async def _take_calls(self, _: Fields, by: str) -> Acted:
        await self._note(by, "take_calls", "")
        await self._set_draining(False)
        return Acted("Звонки принимаются", "Calls are taken again", {"act": "drain"})

    async def _note(self, by: str, act: str, subject: str, facts: Mapping[str, str] | None = None) -> None:
        await self._audit.note(by, f"ops_{act}", subject, facts)

    def _call(self, fields: Fields) -> QueuedCall:
        row = self._view().calls.get(CallId(fields.get("call", "")))
        if row is None:
            raise ActRefused(*_REFUSALS["call_gone"])
        return row

    def _operator(self, fields: Fields) -> QueuedOperator:
        row = self._view().operators.get(fields.get("operator", ""))
        if row is None:
            raise ActRefused(*_REFUSALS["unknown_operator"])
        return row

    def _queue(self, fields: Fields) -> str:
        queue = fields.get("queue", "")
        if queue not in self._queues():
            raise ActRefused(f"нет очереди «{queue}»", f"there is no queue {queue!r}")
        return queue


def _number(fields: Fields, name: str, most: int) -> int:
    written = fields.get(name, "")
    if not written.isascii() or not written.isdigit() or len(written) > len(str(most)) or int(written) > most:
        raise ActRefused(f"нужно число от 0 до {most}", f"{name} is a number from 0 to {most}")
    return int(written)


def _require(answer: Done | Refused) -> None:
    if isinstance(answer, Refused):
        raise ActRefused(*_REFUSALS.get(answer.reason, (answer.reason, answer.reason)))
