"""`transfer`: pass the caller on, to an outside telephone that the admin has named or to another line's plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from ivr.call.events import Event, TimerFired, TransferEnded, Transferred
from ivr.dialplan.fields import Name, SectionName, TelephoneName
from ivr.dialplan.state import Transferring
from ivr.dialplan.step import Call, End, Go, Move, Stay, Step, Way
from ivr.dialplan.turn import Turn

AFTER_TALK = "after the talk"
FAILED = "failed"
NO_NEWS = "transfer"
GRACE_SECONDS = 10.0
"""Whoever rings there tells how it went; this is for the day when nobody does."""


class ToPlan(BaseModel):
    """Another line's plan goes on with the call, as if the caller had dialled there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: Name


class Transfer(Step):
    """Ring a telephone of `outside` in config/ivr.yaml and let the two talk; or go on with another line's plan."""

    verb: ClassVar[str] = "transfer"

    transfer: Annotated[
        Annotated[TelephoneName, Tag("name")] | Annotated[ToPlan, Tag("plan")],
        Discriminator(lambda value: "plan" if isinstance(value, dict | ToPlan) else "name"),
    ] = Field(description="A name under outside in config/ivr.yaml; or {plan: NAME}.")
    ring_seconds: float = Field(30.0, ge=5, le=120, description="How long it rings there at most.")
    failed: SectionName | None = Field(None, description="Where to go when nobody answers there.")
    then: SectionName | None = Field(None, description="Where to go when they have hung up. Default: the call ends.")

    @property
    def plan(self) -> str | None:
        """The plan that goes on, if it is one."""
        return self.transfer.plan if isinstance(self.transfer, ToPlan) else None

    @property
    def can_end(self) -> bool:
        return self.plan is not None or self.then is None

    def enter(self, turn: Turn) -> Move:
        if isinstance(self.transfer, ToPlan):
            turn.note("decided", {"choice": "transfer", "to": self.transfer.plan})
            turn.speak_language_of(self.transfer.plan)
            return Call(self.transfer.plan, {}, None, "transfer")
        turn.start_music()
        turn.do(Transferring(turn.transfer(self.transfer, self.ring_seconds)))
        turn.set_timer(NO_NEWS, self.ring_seconds + GRACE_SECONDS)
        return Stay()

    def react(self, turn: Turn, event: Event) -> Move:
        doing = turn.state.doing
        if not isinstance(doing, Transferring):
            return Stay()
        match event:
            case Transferred(transfer) if transfer == doing.transfer:
                turn.stop_music()
                turn.cancel_timer(NO_NEWS)
                turn.do(Transferring(doing.transfer, talking=True))
            case TransferEnded(transfer) if transfer == doing.transfer:
                turn.transfer_is_over()
                if doing.talking:
                    return End("finished") if self.then is None else Go(self.then, AFTER_TALK)
                return self._failed()
            case TimerFired(timer) if turn.fired(timer):
                turn.end_transfer()
                return self._failed()
            case _:
                pass
        return Stay()

    def _failed(self) -> Move:
        return End("no_answer") if self.failed is None else Go(self.failed, FAILED)

    def ways(self) -> Iterator[Way]:
        if self.then is not None:
            yield Way(AFTER_TALK, self.then, "talked", ("then",))
        if self.failed is not None:
            yield Way(FAILED, self.failed, place=("failed",))
