"""A whole hotline as its users start it (`ivr run`), with a plan, an operator and data of its own."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ivr.config import Home
from ivr.hotline import Hotline
from ivr.provision import web_libraries
from ivr.provision.progress import Progress
from ivr.provision.setup import provide
from ivr.spoken import media_of

OPERATOR = "bench"
QUEUE_LINE = "74950000001"
MENU_LINE = "74950000002"
KEYS_LINE = "74950000003"
NATIVE_MENU, NATIVE_KEYS = "700", "701"

_CHECKOUT = Home.find().root
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_PREFERENCE = 1  # the least of real time: before every program that is not
_PR_SET_PDEATHSIG = 1  # Linux, <sys/prctl.h>
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

_PLAN = """\
plan: {name}
title: Bench
lines: ["+{line}"]
languages: [ru]
time_zone: Europe/Moscow
start: begin
sections:
"""
_QUEUE = """\
  begin:
    - queue: people
      announce: {say: [still_waiting, your_position, {ordinal: position}], every_seconds: 30}
      refused: end
      then: end
  end:
    - hang_up
"""
_MENU = """\
  begin:
    - ask: bench_quiet
      choices: [{key: 1, go: told}, {key: 2, go: end}]
      no_input: {again: 0, go: end}
      no_match: {again: 0, go: end}
  told:
    - say: bench_loud
    - go: NEXT
  end:
    - hang_up
"""
_NATIVE = f"""\
exten => {NATIVE_MENU},1,Goto(bench-menu,s,1)
exten => {NATIVE_KEYS},1,Goto(bench-keys,s,1)
"""


def _native(context: str, end: str) -> str:
    """The same menu as `_MENU`, in Asterisk's own words."""
    return f"""\
[{context}]
exten => s,1,Answer()
 same => n(ask),Background({{quiet}})
 same => n,WaitExten(5)
exten => 1,1,Playback({{loud}})
 same => n,{end}
exten => t,1,Hangup()
exten => i,1,Hangup()
"""


@dataclass(frozen=True, slots=True)
class RunningHotline:
    """Its processes can be asked what they have used."""

    hotline: Hotline
    preferred: bool
    """Other programs of this machine wait for the hotline's, so that a busy machine measures like an idle one."""

    @property
    def circumstances(self) -> str:
        """To be told with every figure."""
        how = "preferred to" if self.preferred else "sharing the machine with"
        return f"hotline {how} other programs, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"

    def cpu_seconds(self) -> dict[str, float]:
        """By program: processor time since its start, all threads."""
        return {path.stem: _cpu_seconds(path) for path in self.hotline.home.processes.glob("*.pid")}


def _prefer(processes: Path) -> bool:
    """Put the programs before all others, in real time; False when we may not."""
    for pid_file in processes.glob("*.pid"):
        for thread in Path(f"/proc/{pid_file.read_text().split()[0]}/task").iterdir():
            try:
                os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(_PREFERENCE))
            except ProcessLookupError:
                pass  # it has ended meanwhile
            except PermissionError:
                return False
    return True


def _cpu_seconds(pid_file: Path) -> float:
    pid = pid_file.read_text().split()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


@asynccontextmanager
async def running_hotline(wrap_up_seconds: float = 0.1) -> AsyncIterator[RunningHotline]:
    """Up while the block runs; afterwards nothing of it is left, even when this process is killed."""
    provide(_CHECKOUT / "var", os.environ, Progress())
    web_libraries.provide(_CHECKOUT, _CHECKOUT / "var", Path(sys.prefix), Progress())
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as name:
        hotline = _make(Path(name), wrap_up_seconds)
        log = Path(name) / "run.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ivr", "run"),
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
                env={**os.environ, "IVR_HOME": name},
                start_new_session=True,
                preexec_fn=end_with_us,
            )
        try:
            if not await _comes_up(process):
                raise ConnectionError(f"the hotline does not start: {_last_words(log)}")
            yield RunningHotline(hotline, _prefer(hotline.home.processes))
        finally:
            await _end(process)


def end_with_us() -> None:
    """In a child between fork and exec: be asked to end when the bench is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _comes_up(process: asyncio.subprocess.Process) -> bool:
    assert process.stdout
    async with asyncio.timeout(_START_SECONDS):
        async for line in process.stdout:
            if b"The hotline is up" in line:
                return True
    return False


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8")[-500:]


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.communicate()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _make(root: Path, wrap_up_seconds: float) -> Hotline:
    """A checkout's folders by reference; plan, operator, prompts and `var/` are the bench's own."""
    for name in ("asterisk", "models", "package.json", "package-lock.json"):
        (root / name).symlink_to(_CHECKOUT / name)
    for name in ("config", "dialplans", "prompts", "var"):
        (root / name).mkdir()
    for name in ("debian", "music", "vendor"):
        (root / "var" / name).symlink_to(_CHECKOUT / "var" / name)
    (root / "dialplans" / "topics.yaml").symlink_to(_CHECKOUT / "dialplans" / "topics.yaml")
    (root / "config" / "ivr.yaml").write_text(
        f"routing: {{wrap_up_seconds: {wrap_up_seconds}}}\nprompts: {{voices: {{ru: anna}}}}\n"
    )
    (root / "config" / "operators.yaml").write_text(
        f'operators:\n  - {{name: {OPERATOR}, full_name: Bench, extension: "101", skills: {{access: 1}}}}\n'
    )
    plans = (
        ("waiting", QUEUE_LINE, _QUEUE),
        ("menu", MENU_LINE, _MENU.replace("NEXT", "end")),
        ("keys", KEYS_LINE, _MENU.replace("NEXT", "begin")),
    )
    for plan, line, sections in plans:
        (root / "dialplans" / f"{plan}.yaml").write_text(_PLAN.format(name=plan, line=line) + sections)
    texts = (_CHECKOUT / "prompts" / "ru.yaml").read_text(encoding="utf-8")
    (root / "prompts" / "ru.yaml").write_text(texts + "\nbench_quiet: тихо\nbench_loud: громко\n", encoding="utf-8")
    hotline = Hotline(Home(root))
    _write_prompts(root, hotline)
    return hotline


def _write_prompts(root: Path, hotline: Hotline) -> None:
    """The checkout's prompts by reference, and two whose beginning a machine hears."""
    spoken = root / "var" / "prompts" / "ru"
    spoken.mkdir(parents=True)
    for path in (_CHECKOUT / "var" / "prompts" / "ru").glob("*.wav"):
        (spoken / path.name).symlink_to(path)
    quiet, loud = (media_of(hotline).path("ru", f"bench_{name}") for name in ("quiet", "loud"))
    _write_wav(quiet, np.zeros(8000, dtype="<i2"))
    _write_wav(loud, np.tile(np.array([8000, -8000], dtype="<i2"), 800))
    contexts = _native("bench-menu", "Hangup()") + _native("bench-keys", "Goto(s,ask)")
    sounds = {"quiet": quiet.with_suffix(""), "loud": loud.with_suffix("")}
    (root / "config" / "extensions.conf").write_text("[from-trunk](+)\n" + _NATIVE + contexts.format(**sounds))


def _write_wav(path: Path, samples: np.typing.NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
