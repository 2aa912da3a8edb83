"""One live call: feeds events to the dialplan, carries out its effects, rings operators, releases everything.

All decisions are the dialplan's (`dialplan.interpret`) and the router's; this is the thin shell between them and the
world. A call owns its tasks, timers, tap, legs and bridge: when `run` returns, none is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog

from ivr.call import effects as effect_types
from ivr.call.defects import defect, leaves
from ivr.call.effects import Effect, Outcome
from ivr.call.events import (
    LINE_LOST,
    Arrived,
    CallerHungUp,
    CallId,
    Connected,
    Event,
    KeyPressed,
    LookedUp,
    LookUpFailed,
    PromptFinished,
    Queued,
    SpeechLost,
    TalkEnded,
    TimerFired,
)
from ivr.call.hearing import Hearing
from ivr.call.kept import Adopted
from ivr.call.listening_in import Mode
from ivr.call.operator_side import OperatorSide
from ivr.call.outside_talk import OutsideTalk
from ivr.call.parts import Dialogue, Offer, Parts
from ivr.call.playing import Playing
from ivr.call.queue_side import QueueSide
from ivr.call.recording import Recording
from ivr.call.talk import Talk
from ivr.call.timers import Timers
from ivr.call.wait import Wait
from ivr.errors import AsteriskRefused, IvrError
from ivr.line.channels import IncomingCall
from ivr.routing.region import zone_of

log = structlog.get_logger()

_RELEASE_SECONDS = 5.0
_MOST_EVENTS_BEFORE_A_KEY = 64  # more keys than anybody types ahead


class CallSession:
    """A call from arrival to its last release. `run` it as a task; `receive` and `offer` may be called at any time."""

    def __init__(self, call: CallId, incoming: IncomingCall, dialogue: Dialogue, parts: Parts) -> None:
        self.call = call
        self.line_number = incoming.dialled
        self.arrived_wall = self.step_since_wall = parts.clock.wall()
        self.step = "arrived"
        self._incoming = incoming
        self._dialogue = dialogue
        self._parts = parts
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._timers = Timers(self.receive)
        self._background: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._hearing = Hearing(parts.line, parts.speech, self.receive)
        self._recording = Recording(call, incoming.channel, parts.line, self._record)
        self._playing = Playing(parts.line, incoming.channel, self.receive)
        self._wait = Wait(parts.clock)
        self._queue = QueueSide(call, incoming, parts, self._wait, self.receive)
        self._operators = OperatorSide(call, incoming, parts, self._wait, self._fall_silent, self._record, self.receive)
        self._outside = OutsideTalk(call, incoming, parts, self._fall_silent, self._record, self.receive)
        self._over = False
        self._caller_gone = self._line_lost = False
        self._hung_up = False
        self._handed_over = False
        self._began_elsewhere: Adopted | None = None
        self.on_step: Callable[[], None] = lambda: None
        """Called after each event that the dialplan has taken."""

    @property
    def topic(self) -> str:
        return self._dialogue.topic

    @property
    def operator(self) -> str:
        """Who talks, or has talked, to the caller; "" before that."""
        return self._operators.operator

    @property
    def talk(self) -> Talk | None:
        """The talk under way, as its operator works it."""
        return self._operators.talk

    def listen_in(self, supervisor: str, telephone: str, mode: Mode) -> None:
        """Ring at a supervisor's telephone, to hear the talk under way; once there, only the mode changes."""
        self._spawn(self._operators.listen_in(supervisor, telephone, mode))

    def pause_recording(self, *, paused: bool) -> bool:
        """The operator is about to hear, or has heard, what must not be kept; False when nothing is recorded."""
        self._spawn(self._recording.pause() if paused else self._recording.resume())
        return self._recording.going_on

    @property
    def entered_wall(self) -> float | None:
        """When the call entered the queue, Unix seconds."""
        return self._wait.entered_wall

    def take_over(self, adopted: Adopted) -> None:
        """The call began elsewhere, with a controller that is no more or as a call back: `run` will go on with it."""
        kept = adopted.kept
        self._began_elsewhere = adopted
        self.arrived_wall = kept.arrived_wall
        self._wait.take_over(kept.arrived_wall, kept.entered_wall, adopted.connected_wall)
        self._operators.operator, self._operators.talk_seconds = adopted.operator, adopted.talk_seconds
        self._playing.take_over(kept.state.playing or "", music=kept.state.music)
        if kept.state.recording:
            self._recording.take_over()
        if adopted.talk is not None:
            self._parts.line.watch(self._incoming.channel, self.receive)
            talked_seconds = self._parts.clock.wall() - (adopted.connected_wall or 0.0)
            self._operators.inherit(adopted.talk, talked_seconds)

    def receive(self, event: Event) -> None:
        """Something happened to this call; never blocks. Keys that come faster than they are dealt with are lost."""
        if not isinstance(event, KeyPressed) or self._events.qsize() < _MOST_EVENTS_BEFORE_A_KEY:
            self._events.put_nowait(event)

    def offer(self, offer: Offer) -> None:
        """The router gives this call to an operator: ring there."""
        self._spawn(self._ring(offer))

    def withdraw(self, offer: Offer) -> None:
        """That offer is over through no act of ours: stop ringing there."""
        self._operators.withdraw(offer)

    async def run(self) -> Outcome:
        """Live through the call; returns how it ended, with everything released."""
        self._parts.line.watch(self._incoming.channel, self.receive)
        failed = False
        try:
            async with asyncio.TaskGroup() as self._group:
                try:
                    await self._live()
                finally:
                    self._over = True
                    for task in self._background:
                        task.cancel()
        except* IvrError as errors:
            failed = True
            log.error("call_failed", call=self.call, reasons=[error.what for error in leaves(errors)])
        except* Exception as errors:  # noqa: BLE001 -- any defect of ours must still hand the caller to a person
            failed = True
            log.error("call_broken", call=self.call, defects=[defect(error) for error in leaves(errors)])
        finally:
            await asyncio.shield(self._release(failed))
            self._record_end(self._outcome(failed))
        return self._outcome(failed)

    # --- the dialplan's loop ---

    async def _live(self) -> None:
        incoming, adopted = self._incoming, self._began_elsewhere
        if adopted is None:
            self._record(
                "arrived",
                {"line": incoming.dialled, "sip_call_id": incoming.sip_call_id, "zone": zone_of(incoming.caller)},
                {"caller": incoming.caller, **({"code": incoming.code} if incoming.code else {})},
            )
            await self._advance(Arrived(incoming.dialled, incoming.caller))
        elif adopted.talk is not None:
            await self._advance(Connected(adopted.operator))
            self._spawn(self._operators.go_on())
            await asyncio.sleep(0)  # what has not begun would not release its telephones either
        elif adopted.operator:
            await self._advance(Connected(adopted.operator))
            await self._advance(TalkEnded(adopted.operator, "operator"))
        else:
            await self._carry_out_all(self._dialogue.resume())
        while not self._dialogue.finished:
            await self._advance(await self._events.get())

    async def _advance(self, event: Event) -> None:
        if isinstance(event, CallerHungUp):
            self._caller_gone = True
            self._line_lost = event.cause == LINE_LOST
            if self._line_lost and self.talk is not None:
                self.talk.line_lost()
        elif isinstance(event, PromptFinished):
            self._playing.finished(event.playback)
        elif isinstance(event, TalkEnded):
            await self._recording.resume()
        elif isinstance(event, SpeechLost) and self._hearing.lose():
            self._spawn(self._hearing.open(self.call, self._incoming.channel))
        elif isinstance(event, TimerFired) and self._wait.going_on:
            # An announcement may be due: let it tell where the caller stands now, not a while ago.
            standing = self._queue.standing()
            if standing is not None:
                await self._step(standing)
        if isinstance(event, Queued):
            await self._step(self._queue.as_of_now(event))
            self._queue.admitted()
        else:
            await self._step(event)
        self.on_step()

    async def _step(self, event: Event) -> None:
        await self._carry_out_all(self._dialogue.step(event))

    async def _carry_out_all(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            try:
                await self._carry_out(effect)
            except AsteriskRefused as error:
                # The channel ended before our request came: its own event is on the way and ends the call.
                if not error.channel_gone:
                    raise

    async def _carry_out(self, effect: Effect) -> None:  # noqa: C901 -- one flat case an effect reads best
        line, channel = self._parts.line, self._incoming.channel
        match effect:
            case effect_types.Answer():
                await line.answer(channel)
            case effect_types.Play(playback) if self._operators.talking:
                # The operator has the word; the plan must not wait for its prompt.
                self.receive(PromptFinished(playback))
            case effect_types.Play(playback, prompts, language):
                await self._playing.play(playback, [self._parts.media(language, prompt) for prompt in prompts])
            case effect_types.StopPlaying(playback):
                await self._playing.stop(playback)
            case effect_types.StartMusic() if not self._operators.talking:
                await self._playing.start_music()
            case effect_types.StopMusic():
                await self._playing.stop_music()
            case effect_types.Listen():
                if self._hearing.listen(effect):
                    self._spawn(self._hearing.open(self.call, channel))
            case effect_types.FinishListening(listening):
                self._hearing.finish(listening)
            case effect_types.StopListening(listening):
                self._hearing.stop(listening)
            case effect_types.StartRecording():
                await self._recording.begin()
            case effect_types.PauseRecording():
                await self._recording.pause()
            case effect_types.ResumeRecording():
                await self._recording.resume()
            case effect_types.SetTimer(timer, seconds):
                self._timers.set(timer, seconds)
            case effect_types.CancelTimer(timer):
                self._timers.cancel(timer)
            case effect_types.EnterQueue():
                self._spawn(self._hearing.release())  # who waits is not listened to, and a tap is three channels
                await self._queue.enter(effect, self._operators.passed_by)
            case effect_types.LeaveQueue(reason):
                await self._queue.leave(reason)
            case effect_types.RequestCallback(number):
                self._spawn(self._queue.promise(number, self._dialogue.state))
            case effect_types.Transfer():
                self._spawn(self._outside.run(effect))
            case effect_types.EndTransfer(transfer):
                self._outside.end(transfer)
            case effect_types.LookUp():
                self._spawn(self._look_up(effect))
            case effect_types.HangUp() if not self._incoming.plan:
                self._hung_up = True
                await line.hang_up(channel)
            case effect_types.Note(kind, path, data, personal):
                self._record(kind, data, personal, path)

    async def _ring(self, offer: Offer) -> None:
        await self._queue.until_admitted()
        await self._operators.ring(offer)

    async def _look_up(self, request: effect_types.LookUp) -> None:
        try:
            found = await self._parts.look_up(request.service, request.arguments, self._incoming.caller)
        except IvrError as error:
            self.receive(LookUpFailed(request.lookup, type(error).__name__))
        else:
            self.receive(LookedUp(request.lookup, found))

    async def _fall_silent(self) -> None:
        """Nothing but the operator is heard from here, and nobody listens in."""
        await self._playing.silence()
        await self._hearing.release()

    # --- the end ---

    async def _release(self, failed: bool) -> None:
        parts, channel = self._parts, self._incoming.channel
        self._timers.cancel_all()
        parts.line.forget(channel)
        releases: list[Awaitable[object]] = [self._hearing.release(), self._recording.end()]
        if self._wait.going_on:
            releases.append(self._queue.end("failed" if failed else "caller_left"))
        if self._incoming.plan:
            releases.append(self._leave_to(parts.line.give_back))
        elif failed and not self._caller_gone and not self.operator:
            # Our fault must not cost the caller the operator: Asterisk's own dialplan rings one.
            self._handed_over = True
            releases.append(self._leave_to(parts.line.hand_over))
        elif not (self._caller_gone or self._hung_up):
            releases.append(parts.line.hang_up(channel))
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                results = await asyncio.gather(*releases, return_exceptions=True)
        except TimeoutError:
            log.error("release_timed_out", call=self.call)
        else:
            for result in results:
                if isinstance(result, Exception):
                    log.error("release_failed", call=self.call, kind=type(result).__name__)

    async def _leave_to(self, dialplan: Callable[[str], Awaitable[None]]) -> None:
        await self._playing.silence()
        await dialplan(self._incoming.channel)

    def _outcome(self, failed: bool) -> Outcome:
        if self.operator:
            return "talked"
        if failed or self._line_lost:
            return "failed"
        if self._queue.promised:
            return "callback"
        return "left" if self._caller_gone else "ended"

    def _record_end(self, outcome: Outcome) -> None:
        self._record(
            "ended",
            {
                "outcome": outcome,
                "topic": self.topic,
                "seconds": self._wait.since_arrival(),
                "queue_wait_seconds": self._wait.seconds,
                "talk_seconds": self._operators.talk_seconds,
                "handed_over": self._handed_over,
                "reason": "line_lost" if self._line_lost else None,
            },
        )

    def _record(
        self,
        kind: str,
        data: Mapping[str, str | int | float | bool | None],
        personal: Mapping[str, str] | None = None,
        path: str = "",
    ) -> None:
        self.step, self.step_since_wall = kind, self._parts.clock.wall()
        self._parts.journal.record(self.call, kind, path, data, personal or {})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None or self._over:
            work.close()
            return
        task = self._group.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
