"""One call's way through its dialplan: the pure interpreter, the state it gave last, and the clock it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ivr.call.effects import Effect
from ivr.call.events import Event
from ivr.call.parts import Around
from ivr.clock import Clock
from ivr.dialplan import interpret
from ivr.dialplan.model import Plan
from ivr.dialplan.state import Now, State, Value


class PlanDialogue:
    """Fits `parts.Dialogue`. The call keeps the version of the plan that it began with.

    `state` is that of a call which another controller began: `resume` it then. `around` tells what a plan may decide
    on besides the call: callers waiting by queue, and notices in force; `rings_back` whether a number could be rung
    back now. `topic`, `language`: chosen by the caller beforehand.
    """

    def __init__(
        self,
        plan: Plan,
        dialled: str,
        caller: str,
        clock: Clock,
        around: Callable[[], Around],
        rings_back: Callable[[str], bool] = lambda _: False,
        state: State | None = None,
        topic: str = "none",
        language: str = "",
    ) -> None:
        self._plan = plan
        self._caller = caller
        self._rings_back = rings_back
        self._clock = clock
        self._around = around
        self._state = state or interpret.begin(plan, dialled, caller, self._now(), topic, language)

    @property
    def state(self) -> State:
        """All that another controller needs to go on."""
        return self._state

    @property
    def finished(self) -> bool:
        return self._state.finished

    @property
    def topic(self) -> str:
        return self._state.topic

    @property
    def language(self) -> str:
        return self._state.language

    @property
    def variables(self) -> Mapping[str, Value]:
        """The plan's variables, as far as anything was put into them."""
        return self._state.known

    def step(self, event: Event) -> tuple[Effect, ...]:
        self._state, effects = interpret.step(self._plan, self._state, event, self._now())
        return effects

    def resume(self) -> tuple[Effect, ...]:
        """Begin the step anew that the call was in as its controller died."""
        self._state, effects = interpret.resume(self._plan, self._state, self._now())
        return effects

    def _now(self) -> Now:
        around = self._around()
        wall = datetime.fromtimestamp(self._clock.wall(), UTC)
        return Now(wall, self._clock.monotonic(), around.waiting, around.notices, self._rings_back(self._caller))
