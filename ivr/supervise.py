"""The programs of one hotline as children of `ivr run`: started in order, restarted when they die, stopped in reverse.

In production a service manager does this; here one command must be enough, and must leave nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ivr.errors import IvrError, SetupFailed

log = structlog.get_logger()

_STOP_SECONDS = 6.0
_KILL_SECONDS = 2.0
_FIRST_RESTART_SECONDS, _LONGEST_RESTART_SECONDS = 0.2, 5.0
_LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class Program:
    """One child. `ready` returns once it serves; it is given `ready_seconds`. `log` takes what it prints.

    It is started after the programs that `after` names, and stopped by `stop_signal`, together with the one that stands
    before it and that `beside` names.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[None]]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 15.0
    after: tuple[str, ...] = ()
    beside: str = ""
    stop_signal: signal.Signals = signal.SIGTERM


class Supervisor:
    """Runs programs until `run` is cancelled. `directory` keeps one pid file a program."""

    def __init__(self, directory: Path, programs: Sequence[Program]) -> None:
        self._directory = directory
        self._programs = programs
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._log_begins: dict[str, int] = {}
        self._ready = {program.name: asyncio.Event() for program in programs}

    async def start(self) -> None:
        """Start everything, at the same time where nothing waits; `SetupFailed` names what did not come up."""
        try:
            async with asyncio.TaskGroup() as group:
                for program in self._programs:
                    group.create_task(self._start(program))
        except* IvrError as errors:
            raise errors.exceptions[0] from None

    async def watch(self) -> None:
        """Restart whatever dies, for ever."""
        async with asyncio.TaskGroup() as group:
            for program in self._programs:
                group.create_task(self._keep(program))

    async def stop(self) -> None:
        """Stop everything, in the reverse order of starting; nothing of ours is left when this returns."""
        for _, together in itertools.groupby(reversed(self._programs), lambda program: program.beside or program.name):
            await asyncio.gather(*(self._stop(program) for program in together))

    async def _stop(self, program: Program) -> None:
        process = self._processes.pop(program.name, None)
        if process is not None:
            await _end(process, program.stop_signal)
            _pid_file(self._directory, program.name).unlink(missing_ok=True)

    def process_ids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._processes.items()}

    async def _start(self, program: Program) -> None:
        for other in program.after:
            await self._ready[other].wait()
        await self._spawn(program)
        await self._wait_ready(program)
        self._ready[program.name].set()

    async def _spawn(self, program: Program) -> None:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as output:
            self._log_begins[program.name] = output.tell()
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **program.environment},
                start_new_session=True,  # Ctrl-C goes to us alone: we stop the children in order
            )
        self._processes[program.name] = process
        _pid_file(self._directory, program.name).write_text(f"{process.pid} {started(process.pid)}")

    async def _wait_ready(self, program: Program) -> None:
        process = self._processes[program.name]
        ready = asyncio.ensure_future(program.ready())
        exited = asyncio.ensure_future(process.wait())
        try:
            await asyncio.wait({ready, exited}, timeout=program.ready_seconds, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
            elif exited.done():
                raise self._failure(program, f"ended at once with code {exited.result()}")
            else:
                raise self._failure(program, f"was not ready within {program.ready_seconds:g} s")
        finally:
            ready.cancel()
            exited.cancel()

    def _failure(self, program: Program, what: str) -> SetupFailed:
        with program.log.open("rb") as log_file:
            log_file.seek(self._log_begins[program.name])
            lines = log_file.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
        said = "".join(f"\n    {line}" for line in lines)
        return SetupFailed(
            f"{program.name} {what}" + (f"; its last words:{said}" if said else ""), where=str(program.log)
        )

    async def _keep(self, program: Program) -> None:
        wait_seconds = _FIRST_RESTART_SECONDS
        while True:
            process = self._processes[program.name]
            code = await process.wait()
            log.error("program_died", program=program.name, code=code, again_in_seconds=wait_seconds)
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, _LONGEST_RESTART_SECONDS)
            try:
                await self._spawn(program)
                await self._wait_ready(program)
            except IvrError as error:
                log.error("program_not_back", program=program.name, reason=error.what)
            else:
                log.info("program_back", program=program.name)
                wait_seconds = _FIRST_RESTART_SECONDS


@contextlib.contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Hold this checkout's lock; `SetupFailed` when another `ivr run` holds it. Ends what a killed one left behind."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "ivr.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SetupFailed(
                f"the hotline of this checkout is running already (process {lock.read().strip() or 'unknown'})",
                hint="stop it with Ctrl-C where it runs, or look at it with `ivr status`",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        end_left_behind(directory)
        yield


def end_left_behind(directory: Path) -> None:
    """End children of an earlier `ivr run` that was killed: they hold our ports. Only processes we know to be ours."""
    for path in directory.glob("*.pid"):
        pid, _, since = path.read_text().partition(" ")
        if pid.isdigit() and since and started(int(pid)) == since:
            log.warning("left_behind_ended", program=path.stem, process=int(pid))
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        path.unlink(missing_ok=True)


class AskedToEnd(asyncio.Event):
    """Set once somebody has asked; `by` is the first signal."""

    by: signal.Signals | None = None

    def ask(self, by: signal.Signals) -> None:
        self.by = self.by or by
        self.set()


@contextlib.asynccontextmanager
async def interruptible() -> AsyncIterator[AskedToEnd]:
    """An event that is set by Ctrl-C or a polite request to end (SIGTERM, SIGHUP)."""
    loop, asked = asyncio.get_running_loop(), AskedToEnd()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, asked.ask, number)
    try:
        yield asked
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _end(process: asyncio.subprocess.Process, politely: signal.Signals) -> None:
    for number, seconds in ((politely, _STOP_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            process.send_signal(number)
            async with asyncio.timeout(seconds):
                await process.wait()


def _pid_file(directory: Path, name: str) -> Path:
    return directory / f"{name}.pid"


def started(pid: int) -> str:
    """When the process was started, in clock ticks since boot: tells it from a later one with the same id."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""
