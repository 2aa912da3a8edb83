"""`ivr call` and `ivr answer`: a caller and operators for the running hotline, by real SIP."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.left_behind import own_folder
from ivr.agent.script import CallScript, OperatorScript, PlayFile, Say, Turn, keys
from ivr.agent.steps import CallReport, OnStep, Step
from ivr.agent.view import Lines, step_object, summary, summary_object
from ivr.config import Home
from ivr.errors import CallFailed, HotlineNotRunning
from ivr.hotline import Hotline
from ivr.journal.logs import configure_logging
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.prompts.voice import SpokenVoice
from ivr.provision.progress import Progress
from ivr.provision.setup import provide
from ivr.supervise import interruptible

_OPERATOR_WORDS = "Здравствуйте! Чем могу помочь?"
_SEPARATORS = str.maketrans("", "", " ()-–\u00a0")

_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]
_Record = Annotated[Path | None, typer.Option(help="Folder for recordings of both directions")]
_Wav = Annotated[list[Path] | None, typer.Option(help="WAV file to play as it is, instead of words")]


def call(
    number: Annotated[str, typer.Argument(help="The line to dial, such as 88005553535")],
    say: Annotated[list[str] | None, typer.Option(help="Words for one menu; again for the next menu")] = None,
    pressed: Annotated[list[str] | None, typer.Option("--keys", help="Keys for one menu; w waits a second")] = None,
    wav: _Wav = None,
    hangup_after: Annotated[float | None, typer.Option(help="Hang up so many seconds after the answer")] = None,
    talk: Annotated[float, typer.Option(help="Hang up so many seconds into the talk with an operator")] = 5.0,
    say_after: Annotated[float | None, typer.Option(help="Speak so many seconds after the answer, menu or not")] = None,
    consent: Annotated[bool, typer.Option("--consent", help="Agree to be recorded when asked")] = False,
    caller: Annotated[str, typer.Option(help="The caller's number")] = "+79990000001",
    voice: Annotated[str, typer.Option(help="The caller's voice")] = "aleksandr",
    record: _Record = None,
    as_json: _Json = False,
) -> None:
    """Call the running hotline and show, step by step, what it does."""
    script = CallScript(
        turns=(*_pressed(pressed), *((words,) for words in _words(say, wav))),
        hang_up_after_seconds=hangup_after,
        talk_seconds=talk,
        say_after_seconds=say_after,
        consents=consent,
    )
    report = asyncio.run(_call(number.translate(_SEPARATORS), script, caller, voice, record, _printer(as_json)))
    _write(json.dumps(summary_object(report), ensure_ascii=False) if as_json else summary(report))
    if report.outcome == "failed":
        raise CallFailed(f"the call failed: {report.reason}", hint="`ivr status` shows what is up and what is not")


def answer(
    names: Annotated[list[str], typer.Argument(help="Operators of config/operators.yaml, such as anna")],
    after: Annotated[float, typer.Option(help="Answer so many seconds after it began to ring")] = 0.5,
    decline: Annotated[bool, typer.Option(help="Decline every call")] = False,
    ignore: Annotated[bool, typer.Option(help="Let every call ring")] = False,
    say: Annotated[list[str] | None, typer.Option(help="Words to say to the caller")] = None,
    wav: _Wav = None,
    talk: Annotated[float | None, typer.Option(help="Hang up after so many seconds; else the caller does")] = None,
    calls: Annotated[int | None, typer.Option(help="Leave after so many talks; else with Ctrl-C")] = None,
    voice: Annotated[str, typer.Option(help="The operators' voice")] = "elena",
    record: _Record = None,
    as_json: _Json = False,
) -> None:
    """Sign operators in by telephone and answer what the hotline offers them, until Ctrl-C."""
    script = OperatorScript(
        answer_after_seconds=None if ignore else after,
        decline=decline,
        talk=_words(say, wav) or (Say(_OPERATOR_WORDS),),
        talk_seconds=talk,
    )
    asyncio.run(_answer(names, script, calls, voice, record, as_json))


async def _call(
    number: str, script: CallScript, caller: str, voice: str, record: Path | None, on_step: OnStep
) -> CallReport:
    async with interruptible() as asked_to_end, _agent(voice, record) as agent:
        calling = asyncio.create_task(agent.call(number, script, caller=caller, on_step=on_step))
        ending = asyncio.create_task(asked_to_end.wait())
        await asyncio.wait((calling, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not calling.done():
            calling.cancel()
            await asyncio.wait((calling,))
            raise KeyboardInterrupt
        return calling.result()


async def _answer(
    names: Sequence[str], script: OperatorScript, calls: int | None, voice: str, record: Path | None, as_json: bool
) -> None:
    hotline = Hotline(Home.find())
    known = [account.name for account in hotline.accounts]
    if strangers := [name for name in names if name not in known]:
        raise CallFailed(
            f"there is no operator {', '.join(strangers)}",
            where="config/operators.yaml",
            hint=f"choose among: {', '.join(known)}",
        )
    async with interruptible() as asked_to_end, _agent(voice, record) as agent, AsyncExitStack() as stack:
        talks: asyncio.Queue[None] = asyncio.Queue()
        for name in names:
            show = _printer(as_json, name)

            def on_step(step: Step, show: OnStep = show) -> None:
                show(step)
                if step.step == "talk_ended":
                    talks.put_nowait(None)

            password = hotline.secrets.password(f"operator/{name}")
            await stack.enter_async_context(agent.operator(name, password, script, on_step=on_step))
        if not as_json:
            _write("Waiting for calls. Ctrl-C signs out.")
        await _first(asked_to_end.wait(), agent.hotline_gone.wait(), _counted(talks, calls))
        if agent.hotline_gone.is_set():
            raise HotlineNotRunning("the hotline has gone", hint="start it with `make run`, then sign in again")


async def _counted(talks: asyncio.Queue[None], calls: int | None) -> None:
    """Return after so many talks, never when there is no number."""
    left = calls
    while left is None or left > 0:
        await talks.get()
        left = None if left is None else left - 1


async def _first(*works: Coroutine[None, None, object]) -> None:
    """Wait for the first of these to end; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


@asynccontextmanager
async def _agent(voice: str, recordings: Path | None) -> AsyncIterator[Agent]:
    """An agent for the running hotline of this checkout; `HotlineNotRunning` when there is none."""
    hotline = Hotline(Home.find())
    await hotline.ask("/api/status")
    home = hotline.home
    provisions = provide(home.var, os.environ, Progress())
    place = Place(
        provisions.asterisk,
        home.root / "asterisk",
        own_folder(home.var / "agent"),
        home.var / "agent" / "speech",
        recordings,
    )
    async with AsyncExitStack() as stack:
        stack.callback(configure_logging("error", "console", None).close)  # stdout belongs to the steps
        store = await stack.enter_async_context(hotline.store())
        # what our own caller said is no secret to us
        reader = JournalReader(store, Keyring.load(hotline.wiring.keys), reveal=True)
        journal = reader.follow(await reader.position())  # from now, not from when the first record is asked for
        speaker = SpokenVoice(provisions.synthesiser, voice)
        yield await stack.enter_async_context(
            running_agent(place, hotline.ports.sip, voice=speaker, journal=journal, encryption=hotline.encryption)
        )


def _pressed(texts: Sequence[str] | None) -> tuple[Turn, ...]:
    try:
        return tuple(keys(text) for text in texts or ())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--keys") from None


def _words(say: Sequence[str] | None, wav: Sequence[Path] | None) -> Turn:
    return (*(Say(text) for text in say or ()), *(PlayFile(path) for path in wav or ()))


def _printer(as_json: bool, operator: str = "") -> OnStep:
    lines = Lines()

    def show(step: Step) -> None:
        if as_json:
            more = {"operator": operator} if operator else {}
            _write(json.dumps(step_object(step, **more), ensure_ascii=False))
        else:
            _write(lines.line(step, operator or "caller"))

    return show


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
