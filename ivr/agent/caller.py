"""One test call: dials, follows what the hotline's journal tells, speaks when it is the caller's turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import cast

from ivr.agent.leg import Leg, LegEnded
from ivr.agent.recordings import Recorded, Recordings
from ivr.agent.script import CallScript, keys
from ivr.agent.sounds import Sounds
from ivr.agent.steps import CallReport, OnStep, Step, Value
from ivr.agent.stories import Stories, Story
from ivr.agent.turns import prepare, take_turn
from ivr.call.effects import Outcome
from ivr.clock import Clock
from ivr.journal.record import Record

_JOURNAL_SECONDS = 5.0  # how long the journal may lag behind the end of the call
_UNFOLLOWED_SAY_AFTER_SECONDS = 1.0


class Caller:
    """A call from its INVITE to the last record of its journal; one object a call.

    Without `stories` the caller neither knows when a menu begins nor when an operator is there: it speaks
    `say_after_seconds` after the answer, 1 s unless the script says otherwise.
    """

    def __init__(
        self,
        leg: Leg,
        sounds: Sounds,
        recordings: Recordings | None,
        script: CallScript,
        stories: Stories | None,
        clock: Clock,
        on_step: OnStep,
    ) -> None:
        self._leg = leg
        self._sounds = sounds
        self._recordings = recordings
        self._recorded: Recorded | None = None
        self._script = script
        self._stories = stories
        self._story = Story()
        self._clock = clock
        self._on_step = on_step
        self._steps: list[Step] = []
        self._dialled_at = self._dialled_wall = 0.0
        self._answered_at: float | None = None
        self._hanging_up = False

    async def call(self, endpoint: str, number: str) -> CallReport:
        """Place the call with this caller's number and see it through; whatever goes wrong is in the report."""
        for turn in (*self._script.turns, self._script.talk):
            await prepare(self._sounds, turn)
        self._dialled_at, self._dialled_wall = self._clock.monotonic(), self._clock.wall()
        self._tell("dialled")
        sip_call_id = await self._leg.dial(endpoint, number, self._script.answer_within_seconds)
        if self._stories is not None:
            self._story = self._stories.of(sip_call_id)
            self._story.tell(self._record)
        try:
            await self._converse()
        finally:
            end = await self._leg.hang_up()
        self._tell("hung_up", by="caller" if self._hanging_up else "hotline", cause=end.cause, reason=end.reason)
        if self._stories is not None and self._answered_at is not None:
            with contextlib.suppress(TimeoutError):  # then the report says what is known
                async with asyncio.timeout(_JOURNAL_SECONDS):
                    await self._story.ended.wait()
        report = self._report(end)
        if self._recorded is None:
            return report
        heard, said = await self._recorded.finished()
        return replace(report, heard=heard, said=said)

    async def _converse(self) -> None:
        try:
            await self._leg.answered(self._script.answer_within_seconds)
        except (TimeoutError, LegEnded):
            return
        self._answered_at = self._clock.monotonic()
        self._tell("picked_up")
        if self._recordings is not None:
            with contextlib.suppress(LegEnded):
                self._recorded = await self._recordings.start(self._leg)
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(self._while_it_lasts(part)) for part in self._parts()]
            await self._leg.ended()
            for part in parts:
                part.cancel()

    def _parts(self) -> Sequence[Awaitable[None]]:
        script = self._script
        after = script.say_after_seconds
        if after is None and self._stories is None:
            after = _UNFOLLOWED_SAY_AFTER_SECONDS
        parts = [self._leg.keep_silent(), self._leave(script.limit_seconds), self._talk()]
        parts.append(self._speak_when_asked() if after is None else self._speak_after(after))
        if script.consents:
            parts.append(self._consent())
        if script.hang_up_after_seconds is not None:
            parts.append(self._leave(script.hang_up_after_seconds))
        return parts

    async def _while_it_lasts(self, part: Awaitable[None]) -> None:
        with contextlib.suppress(LegEnded):
            await part

    async def _speak_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for turn in self._script.turns:
            await take_turn(self._leg, self._sounds, turn, self._tell)

    async def _speak_when_asked(self) -> None:
        turns = self._script.turns
        number = -1
        while True:
            attempt = await self._story.menus.get()
            if attempt == 1 or self._script.rephrase:
                number += 1
            if number >= len(turns):
                continue
            await asyncio.sleep(self._script.pause_seconds)
            await take_turn(self._leg, self._sounds, turns[max(number, 0)], self._act)

    async def _consent(self) -> None:
        await self._story.asked_for_consent.wait()
        await asyncio.sleep(self._script.pause_seconds)
        asked = self._story.find("consent_asked")
        key = str(asked.data["key"]) if asked is not None else ""
        await take_turn(self._leg, self._sounds, keys(key), self._tell)

    async def _talk(self) -> None:
        await self._story.connected.wait()
        if self._script.talk_seconds is None:
            await take_turn(self._leg, self._sounds, self._script.talk, self._tell)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._script.talk_seconds):
                await take_turn(self._leg, self._sounds, self._script.talk, self._tell)
                await self._leg.ended()
        await self._leave(0.0)

    async def _leave(self, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        self._hanging_up = True
        self._tell("hangs_up")
        await self._leg.hang_up()

    def _act(self, step: str, **data: Value) -> None:
        while not self._story.menus.empty():  # a menu that began before this key or word is answered by it
            self._story.menus.get_nowait()
        self._tell(step, **data)

    def _tell(self, step: str, **data: Value) -> None:
        self._add(Step(self._clock.monotonic() - self._dialled_at, step, data))

    def _record(self, record: Record) -> None:
        data = {"path": record.path, **record.data, **record.personal}
        self._add(Step(record.wall_seconds - self._dialled_wall, record.kind, data, record))

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        self._on_step(step)

    def _report(self, end: LegEnded) -> CallReport:
        ended = self._story.find("ended")
        topic = self._story.find("topic")
        facts = ended.data if ended is not None else {}
        reason = end.reason
        if self._answered_at is None:
            outcome = "failed"
        elif self._stories is not None and not self._story.records:
            outcome, reason = "failed", "it was answered, but the hotline's journal does not know it"
        else:
            outcome = str(facts.get("outcome") or ("left" if self._hanging_up else "ended"))
        return CallReport(
            outcome=cast("Outcome", outcome),
            cause=end.cause,
            reason=reason,
            hung_up_by="caller" if self._hanging_up else "hotline",
            steps=tuple(self._steps),
            call=self._story.records[0].call if self._story.records else "",
            topic=str(topic.data.get("topic") or "") if topic is not None else "",
            queue_wait_seconds=self._between("queued", "connected"),
            talk_seconds=self._between("connected", "talk_ended"),
            answer_seconds=None if self._answered_at is None else self._answered_at - self._dialled_at,
        )

    def _between(self, first: str, last: str) -> float | None:
        start, end = self._story.find(first), self._story.find(last)
        return None if start is None or end is None else end.monotonic_seconds - start.monotonic_seconds
