"""How long one caller has been waiting, in all the ways in which it is asked."""

from __future__ import annotations

from ivr.clock import Clock


class Wait:
    """Starts with the call's arrival; `begin` and `over` frame the time in the queue. All in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._arrived_at = clock.monotonic()
        self._began_at: float | None = None
        self.entered_wall: float | None = None
        """When the call entered the queue (Unix time); kept when it has to enter again, so that it keeps its place."""
        self.seconds: float | None = None
        """Time in the queue, once it is over."""
        self._before: float | None = None

    @classmethod
    def since(cls, clock: Clock, entered_wall: float) -> Wait:
        """Of a caller who has been waiting since then (Unix time), on the line or not."""
        wait = cls(clock)
        wait.entered_wall = entered_wall
        wait._arrived_at = wait._began_at = clock.monotonic() - max(0.0, clock.wall() - entered_wall)
        return wait

    def take_over(self, arrived_wall: float, entered_wall: float | None, over_wall: float | None) -> None:
        """The call began with another controller; Unix seconds, `over_wall` is when it waited no more."""
        ahead = self._clock.monotonic() - self._clock.wall()
        self._arrived_at, self.entered_wall = arrived_wall + ahead, entered_wall
        self._began_at = None if entered_wall is None else entered_wall + ahead
        if entered_wall is not None and over_wall is not None:
            self.seconds = round(over_wall - entered_wall, 3)

    def begin(self) -> float:
        """The call enters the queue now; answers the time that counts for its place."""
        if self.entered_wall is None:
            self.entered_wall = self._clock.wall()
            self._began_at = self._clock.monotonic()
        return self.entered_wall

    @property
    def going_on(self) -> bool:
        return self._began_at is not None and self.seconds is None

    def over(self) -> None:
        """The call has left the queue, to an operator or for good; only the first time counts."""
        if self.seconds is None:
            self.seconds = self.so_far()

    def resume(self) -> None:
        """The call is put back into the queue after a talk: it goes on waiting, in the place it had."""
        if self.seconds is not None:
            self._before = self.seconds
            self._began_at, self.seconds = self._clock.monotonic() - self.seconds, None

    def refused(self) -> None:
        """The queue did not take the call; what it has waited before a talk still counts."""
        self._began_at = self.entered_wall = None
        self.seconds = self._before

    def so_far(self) -> float | None:
        return None if self._began_at is None else round(self._clock.monotonic() - self._began_at, 3)

    def since_arrival(self) -> float:
        return round(self._clock.monotonic() - self._arrived_at, 3)
