"""A whole hotline, started as its users start it (`ivr run`), with everything of its own under a temporary folder."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.sounds import Voice
from ivr.config import Home
from ivr.errors import HotlineNotRunning
from ivr.hotline import Hotline
from ivr.journal.kinds import KINDS
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.line.ari import AriClient
from ivr.prompts.voice import SpokenVoice
from ivr.provision.progress import Progress
from ivr.provision.setup import Provisions, provide
from ivr.spare import serving
from tests.ports import connections
from tests.telephone.dialplan_end import DialplanEnd, serving_dialplan_end
from tests.telephone.proofs import (
    command_lines,
    differs_from_live,
    journal_contradictions,
    personal_facts,
    secrets_shown,
    shows_up,
)

CHECKOUT = Home.find().root
_START_SECONDS = 90.0
_QUIET_SECONDS = 10.0
_UNTIL_SECONDS = 30.0
_PAGES = ("/", "/metrics", "/supervisor", "/supervisor/board", "/requests", "/api/requests", "/api/lately")
_PAGES_OF_CALLS = ("/calls/{call}", "/api/journal/{call}")
_CALLS_SHOWN = 10
_ENDS_WITH_US = ("setpriv", "--pdeathsig")  # and the signal that a program gets however the tests end


@pytest.fixture(scope="session")
def provisions() -> Provisions:
    """What the test telephones are made of; the hotline looks for itself."""
    found = provide(CHECKOUT / "var", os.environ, Progress())
    command = (*_ENDS_WITH_US, "KILL", *found.asterisk.command)
    return replace(found, asterisk=replace(found.asterisk, command=command))


def make_home(root: Path, dialplan: str = "", own: Sequence[str] = ()) -> Home:
    """A checkout's folders by reference; only `var/` is new, but for what is slow to make and never changes.

    `dialplan`: an `extensions.conf` of the admin's own; `own`: folders that are copied, to be changed by the test.
    """
    for name in ("dialplans", "prompts", "asterisk", "models", "package.json", "package-lock.json"):
        if name in own:
            shutil.copytree(CHECKOUT / name, root / name)
        else:
            (root / name).symlink_to(CHECKOUT / name)
    (root / "config").mkdir()
    for path in (CHECKOUT / "config").glob("*.yaml"):
        (root / "config" / path.name).symlink_to(path)
    (root / "config" / "extensions.conf").write_text(dialplan)
    var = root / "var"
    var.mkdir()
    for name in ("debian", "music", "prompts", "vendor"):
        (CHECKOUT / "var" / name).mkdir(parents=True, exist_ok=True)
        (var / name).symlink_to(CHECKOUT / "var" / name)
    return Home(root)


@dataclass
class RunningHotline:
    """A hotline that answers calls; everything about it is looked up from outside, as a person would."""

    hotline: Hotline
    process: asyncio.subprocess.Process
    differences: list[str] = field(default_factory=list)
    """Between live calls and their journals, seen whenever somebody looked at the status."""

    async def records(self, call: str, *, reveal: bool = False) -> Sequence[Record]:
        async with self.hotline.store() as store:
            return await JournalReader(store, Keyring.load(self.hotline.wiring.keys), reveal=reveal).read(call)

    async def faults_of_the_journal(self) -> list[str]:
        """Of all calls so far: what is missing or cannot be, and what is personal or secret and stands in the open."""
        status = await self.status()
        live = [call["call"] for call in status["calls"]]
        keyring = Keyring.load(self.hotline.wiring.keys)
        programs = [path.read_text().split()[0] for path in self.hotline.home.processes.glob("*.pid")]
        assert len(programs) >= 4, "asterisk, store, speech and controller are looked at"
        surfaces = {"status": json.dumps(status, ensure_ascii=False), "command lines": command_lines(programs)}
        surfaces |= {page: await self._shown(page) for page in _PAGES}
        surfaces["output of ivr run"] = (self.hotline.home.root / "run.log").read_text(errors="replace")
        async with self.hotline.store() as store:
            contradictions = await journal_contradictions(store, keyring, live)
            facts = await personal_facts(store, keyring)
            calls = await JournalReader(store, None).calls(limit=_CALLS_SHOWN)
        assert facts or not calls, "no call told anything personal: the search would prove nothing"
        for page in (page.format(call=call) for call in calls for page in _PAGES_OF_CALLS):
            surfaces[page] = await self._shown(page)
        var = self.hotline.home.var
        shown = await asyncio.to_thread(lambda: [*shows_up(facts, var, surfaces), *secrets_shown(var, surfaces)])
        return [*contradictions, *self.differences, *shown]

    async def _shown(self, page: str) -> str:
        """What a page shows to whoever may see it and has not asked for personal data."""
        answer = await self.hotline.ask(page)
        return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)

    async def steps(self, call: str) -> Sequence[Record]:
        """What happened in the call itself, without what its request went through meanwhile."""
        return [record for record in await self.records(call) if KINDS[record.kind].subject == "call"]

    async def status(self) -> dict[str, Any]:
        status: dict[str, Any] = await self.hotline.ask("/api/status")
        return status

    async def back(self) -> None:
        """Wait until the controller answers again and has its Asterisk."""
        async with asyncio.timeout(_UNTIL_SECONDS):
            while True:
                try:
                    if (await self.status())["asterisk"]["ok"]:
                        return
                except HotlineNotRunning:
                    pass  # not yet
                await asyncio.sleep(0.1)

    async def until(self, holds: Callable[[dict[str, Any]], bool], *, comparing: bool = True) -> None:
        """Wait until the hotline's status is so; not `comparing` it with all journals where there are many calls."""
        async with asyncio.timeout(_UNTIL_SECONDS):
            while not holds(status := await self.status()):
                for call in status["calls"] if comparing else ():
                    self.differences += differs_from_live(await self.records(call["call"]), call)
                await asyncio.sleep(0.1)

    async def told(self, reader: JournalReader, kind: str, about: str) -> None:
        """Wait until the journal has a record of that kind in which `about` is mentioned."""
        async with asyncio.timeout(_UNTIL_SECONDS):
            while True:
                async for record in reader.since(0):
                    if record.kind == kind and about in str(record.data):
                        return
                await asyncio.sleep(0.2)

    def process_id(self, program: str) -> int:
        """Of a program that `ivr run` has started; of the two controllers, the one that serves."""
        if program == "controller":
            process = serving(self.hotline.home.serving)
            assert process is not None
            return process
        return int((self.hotline.home.processes / f"{program}.pid").read_text().split()[0])

    async def kill_controllers(self) -> None:
        """Both of them: the one that serves, and the one that would take over at once; until Asterisk knows."""
        for program in ("controller-spare", "controller"):
            os.kill(int((self.hotline.home.processes / f"{program}.pid").read_text().split()[0]), signal.SIGKILL)
        async with asyncio.timeout(_UNTIL_SECONDS):
            while connections(self.hotline.ports.asterisk):  # noqa: ASYNC110 -- it tells nobody
                await asyncio.sleep(0.01)

    async def left_behind(self) -> list[str]:
        """Everything of calls that should be gone: Asterisk's channels and bridges, calls in store and status."""
        async with AriClient(self.hotline.asterisk_address, "ivr", self.hotline.secrets.password("ari"), "ivr") as ari:
            left = [
                f"{kind} {thing.get('id') or thing}"
                for kind in ("channels", "bridges")
                for thing in await ari.request("GET", kind)
            ]
        async with self.hotline.store() as store:
            keys = [key.decode() async for key in store.scan_iter("{ivr}:queue:*")]
            left += [f"store {key}" for key in keys if ":call" in key or ":waiting" in key]
        status = await self.status()
        left += [f"status {call['call']}" for call in status["calls"]]
        return left

    async def quiet(self) -> list[str]:
        """Wait until nothing of any call is left; what is still there after 10 s is the answer."""
        deadline = asyncio.get_running_loop().time() + _QUIET_SECONDS
        left = await self.left_behind()
        while left and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            left = await self.left_behind()
        return left


@asynccontextmanager
async def running_hotline(
    root: Path, dialplan: str = "", own: Sequence[str] = (), change: Callable[[Path], None] = lambda _: None
) -> AsyncIterator[RunningHotline]:
    """`ivr run` until the body ends, then Ctrl-C; a hotline that does not stop cleanly fails the test.

    `change` may alter what is in the `own` folders before the start.
    """
    home = make_home(root, dialplan, own)
    change(root)
    output = (root / "run.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *_ENDS_WITH_US,
        "INT",  # Ctrl-C: it ends what it has started
        sys.executable,
        "-m",
        "ivr",
        "run",
        stdout=asyncio.subprocess.PIPE,
        stderr=output,
        env={**os.environ, "IVR_HOME": str(root)},
        start_new_session=True,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(_START_SECONDS):
            async for line in process.stdout:
                if b"The hotline is up" in line:
                    break
            else:
                raise AssertionError((root / "run.log").read_text())
        drain = asyncio.create_task(process.stdout.read())
        running = RunningHotline(Hotline(home), process)
        yield running
        assert await running.faults_of_the_journal() == []
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
        await drain
    finally:
        output.close()
        if process.returncode is None:  # something failed: the programs must end all the same, and only it can end them
            process.send_signal(signal.SIGINT)
            try:
                async with asyncio.timeout(20):
                    await process.wait()
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dialplan_end() -> AsyncIterator[DialplanEnd]:
    async with serving_dialplan_end() as end:
        yield end


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_hotline(
    provisions: Provisions, tmp_path_factory: pytest.TempPathFactory, dialplan_end: DialplanEnd
) -> AsyncIterator[RunningHotline]:
    """It has the own dialplan that `docs/fastagi.md` shows, and one more that ends at `dialplan_end`."""
    example = (CHECKOUT / "docs" / "fastagi.md").read_text(encoding="utf-8").split("```ini\n")[1].split("```")[0]
    async with running_hotline(tmp_path_factory.mktemp("hotline"), example + dialplan_end.dialplan()) as running:
        yield running


@pytest.fixture(scope="session")
def voice(provisions: Provisions) -> Voice:
    """The callers' voice: not the one that the prompts are spoken with."""
    return SpokenVoice(provisions.synthesiser, "irina")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agent(
    shared_hotline: RunningHotline, provisions: Provisions, voice: Voice, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Agent]:
    folder = tmp_path_factory.mktemp("agent")
    place = Place(
        provisions.asterisk, CHECKOUT / "asterisk", folder / "asterisk", folder / "speech", folder / "recordings"
    )
    hotline = shared_hotline.hotline
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(hotline.store())
        reader = JournalReader(store, Keyring.load(hotline.wiring.keys), reveal=True)
        journal = reader.follow(await reader.position())
        yield await stack.enter_async_context(running_agent(place, hotline.ports.sip, voice=voice, journal=journal))


@pytest_asyncio.fixture(loop_scope="session")
async def hotline(shared_hotline: RunningHotline) -> AsyncIterator[RunningHotline]:
    """The hotline for one test; afterwards nothing of any call may be left, and nobody may be signed in."""
    yield shared_hotline
    assert await shared_hotline.quiet() == []
