"""The plans that callers meet, kept up to date: a saved plan goes live once it has passed, a bad one changes nothing.

A call that is under way keeps the plan it began with: a `Plan` is a value, and nothing here changes one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from ivr.clock import Clock
from ivr.config import Home
from ivr.dialplan.model import Plans
from ivr.dialplan.publish import Live, Prepare, Refused, load, publish
from ivr.dialplan.versions import FOLDERS, Versions, digest_of, read_files
from ivr.dialplan.watch import changes
from ivr.errors import ConfigurationInvalid, Finding, IvrError

OnChange = Callable[[Live], None]
OnRefusal = Callable[[Refused], None]


class LivePlans:
    """`now` is what new calls get. `start` before the first call; `follow` runs as a task until it is cancelled."""

    def __init__(self, home: Home, clock: Clock, prepare: Prepare = lambda _: None) -> None:
        self.versions = Versions(home.var / "versions")
        self._home = home
        self._clock = clock
        self._prepare = prepare
        self._now: Live | None = None
        self._earlier: dict[int, Plans] = {}
        self._refused: Refused | None = None
        self._news = asyncio.Event()

    @property
    def now(self) -> Live:
        if self._now is None:
            raise RuntimeError("the plans have not been started")
        return self._now

    async def start(self, *, publishing: bool = True) -> Refused | None:
        """Take the working files, or when they are wrong the version that was live; tells what was wrong with them.

        Raises `ConfigurationInvalid` when there is neither. Without `publishing` (another controller does it) what is
        live is taken, if anything is.
        """
        tried = await asyncio.to_thread(self._publish) if publishing or self.versions.live() is None else None
        if isinstance(tried, Live):
            self._now = tried
            return None
        version = self.versions.live()
        if version is None:
            raise ConfigurationInvalid(tried.findings if tried else ())
        self._now = await asyncio.to_thread(load, self._home, self.versions, version)
        return tried

    async def of_version(self, number: int) -> Plans:
        """The plans that a call began with; those of now when that version is not kept any more."""
        if number == self.now.version.number:
            return self.now.plans
        if number not in self._earlier:
            version = next((version for version in self.versions.all() if version.number == number), None)
            if version is None:
                return self.now.plans
            self._earlier[number] = (await asyncio.to_thread(load, self._home, self.versions, version)).plans
        return self._earlier[number]

    async def catch_up(self) -> bool:
        """Take what another controller has made live meanwhile; False when nothing has changed."""
        version = self.versions.live()
        if version is None or version.number == self.now.version.number:
            return False
        self._now = await asyncio.to_thread(load, self._home, self.versions, version)
        return True

    async def follow(self, on_change: OnChange, on_refusal: OnRefusal) -> None:
        """Try whatever is saved, and take what `ivr rollback` makes live."""
        folders = [self._home.root / folder for folder in FOLDERS]
        async for _ in changes([*folders, self.versions.directory]):
            tried = await asyncio.to_thread(self._publish)
            if isinstance(tried, Refused):
                self._refused = tried
                on_refusal(tried)
            elif isinstance(tried, Live):
                self._now = tried
                on_change(tried)
            elif await self.catch_up():
                on_change(self.now)
            self._news.set()
            self._news = asyncio.Event()

    async def outcome(self, digest: str) -> Live | Refused:
        """What becomes of the working files with that digest, as soon as it is known. For as long as `follow` runs."""
        while True:
            if self.now.version.digest == digest:
                return self.now
            if self._refused is not None and self._refused.digest == digest:
                return self._refused
            await self._news.wait()

    def try_again(self, digest: str, *, even_if_new: bool = False) -> None:
        """Let the working files with that digest be tried although they were turned away before. Blocks.

        To be called when they are written: else those that were there before would be tried in their place.
        """
        self._refused = None
        live = self.versions.live()
        if (even_if_new or self.versions.considered() == digest) and (live is None or live.digest != digest):
            self.versions.consider("")

    async def goes_live(self, version: int) -> None:
        """Until new calls get the version of that number. For as long as `follow` runs."""
        while self.now.version.number != version:
            await self._news.wait()

    def _publish(self) -> Live | Refused | None:
        now = datetime.fromtimestamp(self._clock.wall(), UTC)
        try:
            return publish(self._home, self.versions, now, self._prepare)
        except (IvrError, OSError) as error:  # no voice for new prompts, a full disk: what is live stays live
            where = str(self.versions.directory)
            finding = Finding(where, 1, 1, "error", f"the saved plans cannot go live: {error}")
            return Refused((finding,), digest_of(read_files(self._home.root)))
