"""Asks the process that answers about drafts: started by the first question, ended when there are none for a while."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import orjson

from ivr.config import Home
from ivr.dialplan.drafts_process import ANSWER_SECONDS
from ivr.errors import IvrError

_IDLE_SECONDS = 300.0
_START_SECONDS = 15.0
_MOST_ANSWER_BYTES = 16 << 20
_MOST_WAITING = 8
_COMMAND = (sys.executable, "-m", "ivr.dialplan.drafts_process")


class WorkshopBusy(IvrError):
    """Too many questions wait already."""


class Workshop:
    """One question at a time. The process ends by itself when we do: its input ends."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        """The answer; IvrError with what is wrong with the question, WorkshopBusy."""
        if self._waiting >= _MOST_WAITING:
            raise WorkshopBusy("too much is asked at once", hint="wait a moment and try again")
        self._waiting += 1
        try:
            async with self._turn:
                answer = await self._answer(orjson.dumps({"question": question, "arguments": arguments}) + b"\n")
        finally:
            self._waiting -= 1
        if "error" in answer:
            raise IvrError(answer["error"], hint=answer["hint"])
        found: dict[str, Any] = answer["answer"]
        return found

    async def prepare(self) -> None:
        """Somebody will ask soon: read what takes long to read, so that the first answer need not wait for it."""
        if not self._turn.locked():
            with contextlib.suppress(IvrError):
                await self.ask("check", texts={}, file="")

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _answer(self, asked: bytes) -> dict[str, Any]:
        process = await self._running()
        whole = False
        try:
            assert process.stdin
            assert process.stdout
            async with asyncio.timeout(ANSWER_SECONDS + _START_SECONDS):
                process.stdin.write(asked)
                await process.stdin.drain()
                line = await process.stdout.readline()
            answer: dict[str, Any] = orjson.loads(line)
            whole = True
        except (TimeoutError, OSError, ValueError):
            hint = "make the text or the call shorter and try again"
            raise IvrError("this took too long, or could not be answered", hint=hint) from None
        finally:
            if not whole:  # also when whoever asked went away: half an answer must not be taken for the next one's
                await self.close()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, process.stdin.close)
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._idle is not None:
            self._idle.cancel()
        process = self._process
        if process is None or process.returncode is not None or process.stdin is None or process.stdin.is_closing():
            await self.close()
            process = self._process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                str(self._home.root),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_MOST_ANSWER_BYTES,
                start_new_session=True,
            )
        return process
