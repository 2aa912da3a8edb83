"""All calls in progress: begins one for each caller who dials a line, and brings offers and speech to the right one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from ivr.call.call_back import CallBack
from ivr.call.call_backs import CallBacks
from ivr.call.dialogue import PlanDialogue
from ivr.call.effects import Outcome
from ivr.call.events import CallId, Event
from ivr.call.identity import new_call_id
from ivr.call.kept import Adopted, KeptCall, KeptCalls
from ivr.call.listening_in import Mode
from ivr.call.parts import Offer, Parts
from ivr.call.session import CallSession
from ivr.call.talk import Talk
from ivr.dialplan.model import Plan
from ivr.dialplan.state import State
from ivr.line.channels import IncomingCall
from ivr.line.fastagi import NOT_RUN, PlanResult
from ivr.queue.model import Offer as CallBackOffer

log = structlog.get_logger()

_CLOSE_SECONDS = 8.0


class Switchboard:
    """`plan_of(dialled)` gives the plan of a line, `plan_named` the plan of that name; None when there is none.

    Calls are kept in `kept` for another controller to take over, with the `version` of the plans now in force. More
    than `most_calls` at once would harm each other: who comes then is told that all lines are busy.
    So is who comes while `draining()`: calls in progress come to their own end, new ones are not taken.
    """

    def __init__(
        self,
        plan_of: Callable[[str], Plan | None],
        plan_named: Callable[[str], Plan | None],
        parts: Parts,
        promises: CallBacks | None = None,
        kept: KeptCalls | None = None,
        version: Callable[[], int] = lambda: 0,
        most_calls: int = 10_000,
        draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._promises = promises
        self._call_backs: dict[str, CallBack] = {}
        self._plan_of = plan_of
        self._plan_named = plan_named
        self._parts = parts
        self._sessions: dict[CallId, CallSession] = {}
        self._results: dict[str, asyncio.Future[PlanResult]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._kept = kept
        self._version = version
        self._most_calls = most_calls
        self._expected: dict[CallId, list[Offer]] = {}
        self._draining = draining

    @property
    def sessions(self) -> Iterable[CallSession | CallBack]:
        return (*self._sessions.values(), *self._call_backs.values())

    def arrive(self, incoming: IncomingCall) -> CallId | None:
        """A caller has dialled; the call lives in a task of its own from here. None when it is turned away."""
        clock = self._parts.clock
        call = new_call_id(clock.wall(), secrets.randbits(20))
        plan = self._plan_named(incoming.plan) if incoming.plan else self._plan_of(incoming.dialled)
        if plan is None or self._closing:
            self._turn_away(call, incoming, "closing" if self._closing else "no_plan")
            return None
        if self._draining() or len(self._sessions) >= self._most_calls:
            self._turn_away(call, incoming, "draining" if self._draining() else "full")
            return None
        dialogue = self._dialogue(plan, incoming)
        self._begin(CallSession(call, incoming, dialogue, self._parts), incoming, dialogue, self._version())
        return call

    def expect(self, calls: Iterable[CallId]) -> None:
        """These are calls of a controller that died: until they are adopted, or let go, their offers wait."""
        self._expected = {call: [] for call in calls}

    def adopt(self, adopted: Adopted, plan: Plan) -> None:
        """Go on with a call that another controller began."""
        kept, clock = adopted.kept, self._parts.clock
        slept = (clock.monotonic() - kept.at_monotonic) - (clock.wall() - kept.at_wall)
        incoming = kept.incoming
        dialogue = self._dialogue(plan, incoming, kept.state.shifted(slept))
        session = CallSession(kept.call, incoming, dialogue, self._parts)
        session.take_over(adopted)
        self._begin(session, incoming, dialogue, kept.version)
        for offer in self._expected.pop(kept.call, ()):
            session.offer(offer)

    def let_go(self, call: CallId) -> None:
        """An expected call will not be adopted."""
        self._expected.pop(call, None)

    def _dialogue(self, plan: Plan, incoming: IncomingCall, state: State | None = None) -> PlanDialogue:
        parts, who = self._parts, (incoming.dialled, incoming.caller)
        chosen = (incoming.topic, incoming.language)
        return PlanDialogue(plan, *who, parts.clock, parts.around, parts.rings_back, state, *chosen)

    def _begin(self, session: CallSession, incoming: IncomingCall, dialogue: PlanDialogue, version: int) -> None:
        self._sessions[session.call] = session
        if (shelf := self._kept) is not None:
            clock = self._parts.clock

            def keep() -> None:
                times = session.arrived_wall, session.entered_wall, clock.wall(), clock.monotonic()
                shelf.keep(KeptCall(session.call, incoming, version, dialogue.state, *times))

            session.on_step = keep
        self._keep(self._live(session, incoming.channel, dialogue))

    def _turn_away(self, call: CallId, incoming: IncomingCall, reason: str) -> None:
        """We have no plan for this call, or take none any more: Asterisk's own dialplan finds a person, unless callers
        are to come another time."""
        line, journal = self._parts.line, self._parts.journal
        busy = reason in {"full", "draining"}
        leave = line.give_back if incoming.plan else line.refuse if busy else line.hand_over
        facts = {"line": incoming.dialled, "sip_call_id": incoming.sip_call_id}
        journal.record(call, "arrived", "", facts, {"caller": incoming.caller})
        journal.record(call, "ended", "", {"outcome": "failed", "reason": reason, "handed_over": not busy})
        self._keep(leave(incoming.channel))
        self._tell(incoming.channel, NOT_RUN)

    def offer(self, call: CallId, offer: Offer) -> bool:
        """Ring at an operator for this call; False when the call has ended meanwhile."""
        if (waiting := self._expected.get(call)) is not None:
            waiting.append(offer)
            return True
        session = self._sessions.get(call)
        if session is not None:
            session.offer(offer)
        return session is not None

    def call_back(self, offer: CallBackOffer) -> None:
        """An operator was found for a caller who has hung up: ring both."""
        if self._promises is not None and not self._closing:
            back = self._call_backs[offer.offer] = CallBack(offer, self._promises, self._parts, self.knows)
            self._keep(self._ring_back(back, offer))

    async def _ring_back(self, back: CallBack, offer: CallBackOffer) -> None:
        try:
            rest = await back.run()
        finally:
            del self._call_backs[offer.offer]
        plan = self._plan_named(rest.kept.state.first_plan) if rest else None
        if rest is not None and plan is not None:
            self.adopt(rest, plan)

    def listen_in(self, call: CallId, supervisor: str, telephone: str, mode: Mode) -> bool:
        """Ring at a supervisor's telephone, to hear the call's talk; False when there is none."""
        session = self._sessions.get(call)
        if session is None or session.talk is None:
            return False
        session.listen_in(supervisor, telephone, mode)
        return True

    def pause_recording(self, call: CallId, *, paused: bool) -> bool:
        """Keep nothing of what is said in the call's talk from here on, or again; False when nothing is recorded."""
        session = self._sessions.get(call)
        return session is not None and session.pause_recording(paused=paused)

    def withdraw(self, call: CallId, offer: Offer) -> None:
        """That offer is over: stop ringing there."""
        session = self._sessions.get(call) or self._call_backs.get(offer.offer)
        if session is not None:
            session.withdraw(offer)

    def receive(self, call: CallId, event: Event) -> None:
        """Something from outside Asterisk (a speech worker) happened to this call."""
        session = self._sessions.get(call)
        if session is not None:
            session.receive(event)

    def talk(self, call: CallId) -> Talk | None:
        """The talk under way in that call."""
        session = self._sessions.get(call)
        if session is not None:
            return session.talk
        return next((back.talk for back in self._call_backs.values() if back.call == call and back.talk), None)

    def knows(self, plan: str) -> bool:
        """Whether there is a plan of that name."""
        return self._plan_named(plan) is not None

    @contextmanager
    def result(self, channel: str) -> Iterator[asyncio.Future[PlanResult]]:
        """Inside the block, the result of the call on this channel will be told."""
        future = self._results[channel] = asyncio.get_running_loop().create_future()
        try:
            yield future
        finally:
            self._results.pop(channel, None)

    async def close(self) -> None:
        """Take no new calls and end those in progress; bounded."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_SECONDS)

    async def _live(self, session: CallSession, channel: str, dialogue: PlanDialogue) -> None:
        outcome: Outcome = "failed"  # what a call is that is not let come to its end
        try:
            outcome = await session.run()
        finally:
            del self._sessions[session.call]
            if self._kept is not None:
                self._kept.forget(session.call)
            self._tell(
                channel, PlanResult(session.call, outcome, dialogue.topic, dialogue.language, dialogue.variables)
            )

    def _tell(self, channel: str, result: PlanResult) -> None:
        future = self._results.get(channel)
        if future is not None and not future.done():
            future.set_result(result)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call_task_failed", kind=type(error).__name__)
