"""One talk as its operator works it: what may be done when, and what follows. Pure.

There are two rooms: whoever is in `talk` hears the others there, whoever is in `hold` hears music. The operator, and
whoever was asked in and has answered, are always in `talk`; only the caller is moved to and fro (`caller_room`). So a
caller is never alone in silence, and Asterisk's own list of rooms tells how a talk stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ivr.errors import IvrError

Phase = Literal["talking", "held", "ringing", "consulting", "conference", "outside", "over"]
Room = Literal["talk", "hold"]
Gone = Literal["busy", "no_answer", "declined", "unreachable", "ended", "withdrawn"]
"""Why somebody who was asked in is not, or no longer, there."""

_CALLER_WAITS: frozenset[Phase] = frozenset({"held", "ringing", "consulting"})


class ActImpossible(IvrError):
    """The talk is not such that this can be done now."""


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody to ask in: an operator by name, or one of the configured outside numbers by its id."""

    kind: Literal["operator", "outside"]
    name: str


# --- what an operator may do ---


@dataclass(frozen=True, slots=True)
class Hold:
    """The caller hears music."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Back to the caller; who was asked in is let go."""


@dataclass(frozen=True, slots=True)
class AskIn:
    """Ring at somebody while the caller hears music; with `transfer` the caller is theirs as soon as they answer.

    `escalation`: why a specialist is needed, in the operator's words; "" for an ordinary transfer.
    """

    target: Target
    transfer: bool = False
    escalation: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """All three hear each other."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The operator leaves; caller and who was asked in stay together."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """The caller waits for another operator, in the place of the first arrival; `topic` "" leaves it as it is."""

    queue: str
    topic: str = ""
    escalation: str = ""


@dataclass(frozen=True, slots=True)
class EndTalk:
    """The operator says goodbye."""


Act = Hold | Resume | AskIn | Join | Complete | Requeue | EndTalk


# --- what happens ---


@dataclass(frozen=True, slots=True)
class TargetAnswered:
    """Who was asked in has picked up."""


@dataclass(frozen=True, slots=True)
class TargetGone:
    """Who was asked in is not, or no longer, there."""

    reason: Gone


@dataclass(frozen=True, slots=True)
class OperatorGone:
    """The operator's telephone is on the hook, or lost."""


@dataclass(frozen=True, slots=True)
class OperatorLost:
    """The operator's page was closed or has lost its network: no goodbye."""


Happening = TargetAnswered | TargetGone | OperatorGone | OperatorLost


# --- what follows ---


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring at the target."""

    target: Target


@dataclass(frozen=True, slots=True)
class LetGo:
    """The target's telephone is released."""


@dataclass(frozen=True, slots=True)
class PassOn:
    """The target takes the operator's place, the operator is released."""

    target: Target
    warm: bool


@dataclass(frozen=True, slots=True)
class BackToQueue:
    """The operator is released, the caller waits for another one. `urgent`: before others."""

    queue: str
    topic: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Part:
    """The talk is over."""


@dataclass(frozen=True, slots=True)
class Tell:
    """One record for the journal; `personal` holds what the operator wrote."""

    kind: str
    facts: Mapping[str, str | bool] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


Effect = Ring | LetGo | PassOn | BackToQueue | Part | Tell


@dataclass(frozen=True, slots=True)
class Desk:
    """A talk. `target` is who rings or has been asked in; `transfers`: the caller is theirs once they answer.

    `operator` is "" when the operator has left while the target still rings, and when an outside party has the caller.
    `may_requeue`: there is a plan in which the caller can wait again.
    """

    operator: str
    phase: Phase = "talking"
    target: Target | None = None
    transfers: bool = False
    may_requeue: bool = True

    @property
    def caller_room(self) -> Room:
        return "hold" if self.phase in _CALLER_WAITS else "talk"

    @property
    def target_talks(self) -> bool:
        """Whether who was asked in is in the `talk` room."""
        return self.phase in ("consulting", "conference", "outside")

    @property
    def acts(self) -> frozenset[str]:
        """What the operator may do now, by the name of the act in small letters."""
        acts = _ACTS[self.phase] if self.operator else frozenset[str]()
        return acts if self.may_requeue else acts - {"requeue"}


_ACTS: Mapping[Phase, frozenset[str]] = {
    "talking": frozenset({"hold", "askin", "requeue", "endtalk"}),
    "held": frozenset({"resume", "askin", "requeue", "endtalk"}),
    "ringing": frozenset({"resume", "endtalk"}),
    "consulting": frozenset({"resume", "join", "complete"}),
    "conference": frozenset({"resume", "complete"}),
    "outside": frozenset(),
    "over": frozenset(),
}

Step = tuple[Desk, tuple[Effect, ...]]


def step(desk: Desk, event: Act | Happening) -> Step:
    """The talk after the event, and what is to be done; ActImpossible for an act that does not fit."""
    if isinstance(event, TargetAnswered | TargetGone | OperatorGone | OperatorLost):
        return _happened(desk, event)
    act = type(event).__name__.lower()
    if act not in desk.acts:
        allowed = ", ".join(sorted(desk.acts)) or "nothing"
        raise ActImpossible(f"{act} cannot be done while the talk is {desk.phase}", hint=f"possible now: {allowed}")
    return _DO[type(event)](desk, event)


def _hold(desk: Desk, _: Act) -> Step:
    return replace(desk, phase="held"), (Tell("held", {"operator": desk.operator}),)


def _resume(desk: Desk, _: Act) -> Step:
    if desk.phase == "held":
        return replace(desk, phase="talking"), (Tell("resumed", {"operator": desk.operator}),)
    return _target_leaves(desk, "withdrawn")


def _ask_in(desk: Desk, act: Act) -> Step:
    assert isinstance(act, AskIn)
    if act.target == Target("operator", desk.operator):
        raise ActImpossible("nobody can be asked in to their own talk", hint="choose somebody else")
    who = {"operator": desk.operator, "to": act.target.kind, "target": act.target.name}
    told = Tell("asked_in", {**who, "transfer": act.transfer})
    escalated = (Tell("escalated", who, {"reason": act.escalation}),) if act.escalation else ()
    asked = replace(desk, phase="ringing", target=act.target, transfers=act.transfer)
    return asked, (*escalated, told, Ring(act.target))


def _join(desk: Desk, _: Act) -> Step:
    return replace(desk, phase="conference"), (Tell("conferenced", _both(desk)),)


def _complete(desk: Desk, _: Act) -> Step:
    return _passed_on(desk, warm=True)


def _requeue(desk: Desk, act: Act) -> Step:
    assert isinstance(act, Requeue)
    who = {"operator": desk.operator, "to": "queue", "target": act.queue}
    escalated = (Tell("escalated", who, {"reason": act.escalation}),) if act.escalation else ()
    return replace(desk, phase="over"), (*escalated, BackToQueue(act.queue, act.topic, urgent=bool(act.escalation)))


def _end_talk(desk: Desk, _: Act) -> Step:
    return _happened(desk, OperatorGone())


_DO: Mapping[type, Callable[[Desk, Act], Step]] = {
    Hold: _hold,
    Resume: _resume,
    AskIn: _ask_in,
    Join: _join,
    Complete: _complete,
    Requeue: _requeue,
    EndTalk: _end_talk,
}


def _happened(desk: Desk, event: Happening) -> Step:
    match event:
        case TargetAnswered() if desk.phase == "ringing":
            if desk.transfers:
                return _passed_on(desk, warm=False)
            return replace(desk, phase="consulting"), (Tell("consulted", _both(desk)),)
        case TargetGone(reason) if desk.target is not None:
            return _target_leaves(desk, reason)
        case OperatorGone() if desk.operator:
            return _operator_leaves(desk)
        case OperatorLost() if desk.operator:
            if desk.phase in ("talking", "held") and desk.may_requeue:  # nobody has said goodbye to the caller
                return replace(desk, phase="over"), (BackToQueue("", "", urgent=True),)
            return _operator_leaves(desk)
        case _:
            return desk, ()  # it has been overtaken by something else


def _target_leaves(desk: Desk, reason: Gone) -> Step:
    if desk.phase == "outside":
        return replace(desk, phase="over"), (Part(),)
    told = Tell("asked_in_ended", {**_both(desk), "reason": reason})
    back = replace(desk, phase="talking", target=None, transfers=False)
    if not desk.operator:  # who transferred the caller has left: another operator is found
        end = BackToQueue("", "", urgent=True) if desk.may_requeue else Part()
        return replace(back, phase="over"), (told, LetGo(), end)
    return back, (told, LetGo())


def _operator_leaves(desk: Desk) -> Step:
    match desk.phase:
        case "ringing":  # the caller goes to who rings
            return replace(desk, operator="", transfers=True), ()
        case "consulting" | "conference":
            return _passed_on(desk, warm=True)
        case _:
            return replace(desk, phase="over"), (Part(),)


def _passed_on(desk: Desk, *, warm: bool) -> Step:
    assert desk.target is not None
    if desk.target.kind == "outside":
        after = replace(desk, operator="", phase="outside", transfers=False)
    else:
        after = Desk(desk.target.name, may_requeue=desk.may_requeue)
    return after, (PassOn(desk.target, warm),)


def _both(desk: Desk) -> dict[str, str | bool]:
    assert desk.target is not None
    return {"operator": desk.operator, "target": desk.target.name}
