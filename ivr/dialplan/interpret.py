"""What happens next in a call: `step(plan, state, event, now) -> (state, effects)`.

Pure and total: no event, in whatever order, raises; every call ends, because silent steps, all steps and the time
outside a talk are bounded.
"""

from __future__ import annotations

from ivr.call.effects import Answer, CancelTimer, Effect, HangUp, SetTimer
from ivr.call.events import (
    Arrived,
    BackToQueue,
    CallerHungUp,
    Connected,
    Event,
    PromptFinished,
    TalkEnded,
    TimerFired,
    TransferEnded,
    Transferred,
)
from ivr.dialplan.model import Plan
from ivr.dialplan.state import Frame, Now, State, Transferring, Value, Waiting
from ivr.dialplan.step import Call, End, Go, Move, Next, Return, Stay, Step
from ivr.dialplan.trace import Visit
from ivr.dialplan.turn import Turn

LONGEST_CALL = "longest_call"
LONGEST_CALL_SECONDS = 3600.0
"""A caller may be in menus and queues for so long at most; a talk has no bound."""
MOST_STEPS = 300
MOST_STEPS_AT_ONCE = 200
"""More steps than this without waiting for anything is a circle."""


def begin(plan: Plan, dialled: str, caller: str, now: Now, topic: str = "none", language: str = "") -> State:
    """The state of a call that is just coming in on the line `dialled` from the number `caller` ("" when withheld).

    `topic`, `language`: what the caller has chosen beforehand, on the web page; a plan that does not speak the language
    begins in its first one.
    """
    return State(
        plan=plan.name,
        dialled=dialled,
        caller=caller,
        language=language if language in plan.languages else plan.languages[0],
        began_monotonic_seconds=now.monotonic_seconds,
        topic=topic,
    )


def step(plan: Plan, state: State, event: Event, now: Now) -> tuple[State, tuple[Effect, ...]]:
    """Take one event; carry out the effects in order. After `HangUp` or `CallerHungUp` the state is `finished`."""
    state, effects, _ = step_traced(plan, state, event, now)
    return state, effects


def step_traced(
    plan: Plan, state: State, event: Event, now: Now
) -> tuple[State, tuple[Effect, ...], tuple[Visit, ...]]:
    """As `step`, with the steps that were left in this turn and the ways that were taken."""
    if state.finished:
        return state, (), ()
    turn = Turn(plan, state, now)
    _run(turn, _react(turn, event))
    return turn.state, tuple(turn.effects), tuple(turn.visits)


def resume(plan: Plan, state: State, now: Now) -> tuple[State, tuple[Effect, ...]]:
    """Go on with a call of which only the state is left: the step it was in begins anew, and counts as the same one.

    A talk is nothing of the plan's doing: its end is to be told by `TalkEnded`.
    """
    turn = Turn(plan, state, now)
    talking = isinstance(state.doing, Waiting) and state.doing.talking
    if not (state.finished or talking):
        left = LONGEST_CALL_SECONDS - (now.monotonic_seconds - state.began_monotonic_seconds)
        turn.effects.append(SetTimer(LONGEST_CALL, max(left, 1.0)))
        current = _current(turn)
        _run(turn, End("no_further_step") if current is None else current.resume(turn))
    return turn.state, tuple(turn.effects)


def _react(turn: Turn, event: Event) -> Move:
    if not turn.state.section:
        return _arrive(turn) if isinstance(event, Arrived) else _leave(turn, event)
    if isinstance(event, CallerHungUp):
        return _leave(turn, event)
    if isinstance(event, TimerFired) and event.timer == LONGEST_CALL:
        return End("too_long")
    if isinstance(event, PromptFinished) and event.playback != turn.state.playing:
        return Stay()  # one that was cut; the next one may be under way
    current, talked_outside = _current(turn), _talks_outside(turn.state)
    move = End("no_further_step") if current is None else current.react(turn, event)
    if isinstance(event, Connected) or (isinstance(event, Transferred) and _talks_outside(turn.state)):
        turn.effects.append(CancelTimer(LONGEST_CALL))
    elif isinstance(event, TalkEnded | BackToQueue) or (isinstance(event, TransferEnded) and talked_outside):
        turn.effects.append(SetTimer(LONGEST_CALL, LONGEST_CALL_SECONDS))
    return move


def _talks_outside(state: State) -> bool:
    return isinstance(state.doing, Transferring) and state.doing.talking


def _arrive(turn: Turn) -> Move:
    turn.effects.append(Answer())
    turn.note("answered", {"plan": turn.plan.name, "language": turn.state.language})
    if turn.state.topic != "none":
        turn.set_topic(turn.state.topic, {"by": "page"}, {})
    turn.effects.append(SetTimer(LONGEST_CALL, LONGEST_CALL_SECONDS))
    return Go(turn.plan.start)


def _leave(turn: Turn, event: Event) -> Move:
    if isinstance(event, CallerHungUp):
        if not turn.state.talked:
            turn.note("left", {"cause": event.cause})
        turn.change(finished=True)
    return Stay()


def _run(turn: Turn, move: Move) -> None:
    at_once = 0
    while not isinstance(move, Stay):
        turn.leave_step()
        if turn.state.section:
            turn.visits.append(Visit(turn.path, move.reason if isinstance(move, End) else move.why))
        at_once += 1
        if at_once > MOST_STEPS_AT_ONCE or turn.state.steps >= MOST_STEPS:
            move = End("too_many_steps")
        if isinstance(move, End):
            turn.effects.append(HangUp(move.reason))
            turn.change(finished=True)
            return
        _move(turn, move)
        turn.change(steps=turn.state.steps + 1)
        current = _current(turn)
        move = End("no_further_step") if current is None else current.enter(turn)


def step_of(plan: Plan, state: State) -> Step | None:
    """The step that the call is in; None past the end of a section, which the checker does not let pass."""
    steps = plan.called.get(state.plan, plan).sections.get(state.section, ())
    return steps[state.index] if state.index < len(steps) else None


def _current(turn: Turn) -> Step | None:
    return step_of(turn.root, turn.state)


def _move(turn: Turn, move: Next | Go | Call | Return) -> None:
    state = turn.state
    match move:
        case Go(section):
            turn.change(section=section, index=0)
        case Next():
            turn.change(index=state.index + 1)
        case Call(plan, variables, into) if plan in turn.root.called:
            frame = Frame(state.plan, state.section, state.index, state.variables, into)
            turn.change(plan=plan, section=turn.root.called[plan].start, index=0, variables=variables)
            turn.change(frames=(*state.frames, frame))
        case Call():  # the checker lets no such plan pass
            turn.change(index=state.index + 1)
        case Return(value):
            _return(turn, value)


def _return(turn: Turn, value: Value) -> None:
    if not turn.state.frames:
        turn.change(index=len(turn.plan.sections.get(turn.state.section, ())))
        return
    *below, frame = turn.state.frames
    turn.change(plan=frame.plan, section=frame.section, index=frame.index + 1)
    turn.change(variables=frame.variables, frames=tuple(below))
    if frame.into is not None:
        turn.put(frame.into, value)
