"""`ivr run`: every program of the hotline on this machine, from a standing start to "you can dial now"."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from ivr.errors import SetupFailed, StoreUnavailable
from ivr.hotline import Hotline
from ivr.line.ari import wait_for_ari
from ivr.line.headsets import HEADSETS
from ivr.provision import render
from ivr.provision import store as embedded_store
from ivr.provision.ports import ADDRESS
from ivr.provision.setup import Provisions
from ivr.spoken import media_of
from ivr.supervise import Program, Supervisor, interruptible, only_one

_ASK_AGAIN_SECONDS = 0.05
_FALLBACK_LANGUAGE = "ru"
_READY_SECONDS = 60.0  # a busy machine needs several times the usual 5 s; a program that dies is told at once
_SPARE = "controller-spare"
_IVR = (sys.executable, "-m", "ivr")


async def run(hotline: Hotline, provisions: Provisions, announce: Callable[[], Awaitable[None]]) -> None:
    """Start everything, call `announce` when callers can dial, and stop everything when asked to end."""
    with only_one(hotline.home.processes):
        hotline.ports.require_free(*_needed_ports())
        supervisor = Supervisor(hotline.home.processes, _programs(hotline, provisions))
        async with interruptible() as asked_to_end:
            try:
                starting = asyncio.create_task(supervisor.start())
                await _first(starting, asked_to_end)
                if asked_to_end.is_set():
                    return
                await announce()
                await _first(asyncio.create_task(supervisor.watch()), asked_to_end)
            finally:
                await supervisor.stop()


async def _first(work: asyncio.Task[None], asked_to_end: asyncio.Event) -> None:
    """Wait for the work, or for the wish to end, whichever is first; the work is over afterwards."""
    asked = asyncio.create_task(asked_to_end.wait())
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not work.done():
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    else:
        work.result()


def _needed_ports() -> tuple[str, ...]:
    own_store = not os.environ.get("REDIS_URL")
    return ("sip", "asterisk", "agi", "web", "door", "speech", *(["store"] if own_store else []))


def become(hotline: Hotline, provisions: Provisions, name: str) -> None:
    """Turn this process into a program of the hotline, for a service manager; SetupFailed for a name that is none."""
    programs: dict[str, Callable[[], Program]] = {
        "asterisk": lambda: _asterisk(hotline, provisions),
        "store": lambda: _store(hotline),
        **{f"speech-{number}": partial(_speech, hotline, number) for number in _speech_workers(hotline)},
    }
    if name not in programs:
        raise SetupFailed(f'there is no program "{name}"', hint=f"programs: {', '.join(programs)}")
    program = programs[name]()
    os.execve(program.command[0], list(program.command), {**os.environ, **program.environment})  # noqa: S606 -- no shell


def _asterisk(hotline: Hotline, provisions: Provisions) -> Program:
    home = hotline.home
    configuration = render.render_hotline(
        home.root / "asterisk",
        provisions.asterisk,
        home.var / "asterisk",
        _asterisk_settings(hotline, provisions.music),
    )
    return Program(
        "asterisk",
        render.start_command(provisions.asterisk, configuration),
        lambda: wait_for_ari(hotline.asterisk_address, "ivr", hotline.secrets.password("ari"), _READY_SECONDS),
        home.logs / "asterisk.log",
        provisions.asterisk.environment,
        ready_seconds=_READY_SECONDS,
    )


def _asterisk_settings(hotline: Hotline, music: Path) -> render.Hotline:
    """What the hotline's Asterisk is told."""
    passwords, media = hotline.secrets, media_of(hotline)
    accounts = tuple(
        render.OperatorAccount(account.name, account.extension, passwords.password(f"operator/{account.name}"))
        for account in hotline.accounts
    )
    wait, goodbye, busy = (media.path(_FALLBACK_LANGUAGE, f"fallback_{name}") for name in ("wait", "goodbye", "busy"))
    settings = hotline.settings
    return render.Hotline(
        ports=hotline.ports,
        ari_password=passwords.password("ari"),
        operators=accounts,
        fallback=render.Fallback(wait, goodbye, busy),
        music=music,
        trunk=render.Trunk(settings.trunk.addresses, settings.trunk.outgoing),
        own_dialplan=hotline.home.config / "extensions.conf",
        telephones=settings.network.telephones,
        headsets=HEADSETS,
        visitors=settings.visitors,
        encryption=hotline.encryption,
    )


def _speech_workers(hotline: Hotline) -> range:
    return range(1, len(hotline.speech_addresses) + 1)


def _speech(hotline: Hotline, number: int) -> Program:
    host, port = hotline.speech_addresses[number - 1]
    return Program(
        f"speech-{number}",
        (*_IVR, "speech", "--port", str(port)),
        lambda: _accepts(host, port),
        hotline.home.logs / f"speech-{number}.log",
        ready_seconds=_READY_SECONDS,
    )


def _door(hotline: Hotline) -> Program:
    web = hotline.settings.network.web
    host = ADDRESS if web.is_unspecified else str(web)
    return Program(
        "door",
        (*_IVR, "door"),
        lambda: _accepts(host, hotline.ports.door),
        hotline.home.logs / "door.log",
        ready_seconds=_READY_SECONDS,
    )


def _store(hotline: Hotline) -> Program:
    directory, password = hotline.home.var / "store", hotline.secrets.password("store")
    command = embedded_store.command(directory, hotline.ports.store, password)
    return Program("store", command, lambda: _store_answers(hotline), hotline.home.logs / "store.log")


def _programs(hotline: Hotline, provisions: Provisions) -> list[Program]:
    home = hotline.home
    programs = [] if os.environ.get("REDIS_URL") else [_store(hotline)]
    programs.append(_asterisk(hotline, provisions))
    programs += [_speech(hotline, number) for number in _speech_workers(hotline)]
    if hotline.encryption is not None:
        programs.append(_door(hotline))
    before = tuple(program.name for program in programs)
    programs.append(
        Program(
            "controller",
            (*_IVR, "controller"),
            lambda: _controller_serves(hotline),
            home.logs / "controller.log",
            after=before,
            ready_seconds=_READY_SECONDS,
            stop_signal=signal.SIGINT,  # with everything ends here, so do the calls
        )
    )
    # A second one has everything loaded and takes over within a moment; the hotline does not wait for it.
    programs.append(
        Program(
            _SPARE,
            (*_IVR, "controller"),
            _at_once,
            home.logs / f"{_SPARE}.log",
            after=("controller",),
            beside="controller",
            stop_signal=signal.SIGINT,
        )
    )
    return programs


async def check_store(hotline: Hotline) -> None:
    """`StoreUnavailable` with a clear sentence when the store does not serve us."""
    async with hotline.store() as store:
        await store.ping()


async def _at_once() -> None:
    pass


async def _store_answers(hotline: Hotline) -> None:
    while True:
        try:
            await check_store(hotline)
            return
        except StoreUnavailable:
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _accepts(host: str, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
        else:
            writer.close()
            return


async def _controller_serves(hotline: Hotline) -> None:
    while not await hotline.serves():  # noqa: ASYNC110 -- another process tells nobody
        await asyncio.sleep(_ASK_AGAIN_SECONDS)
