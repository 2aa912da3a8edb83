"""Where a dialplan of the tests ends: it tells its variables by FastAGI, to a server that only listens."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from ivr.line.fastagi import FastAgi, PlanResult

PLANS = {"700": "federal", "701": "documents", "702": "nobody"}
WITHOUT_ENGINE = "703"
_VARIABLES = ("IVR_OUTCOME", "IVR_TOPIC", "IVR_LANGUAGE", "IVR_CALL", "IVR_REQUEST_NUMBER")
_SECONDS = 10.0


class DialplanEnd:
    """Callers of `PLANS` come here twice: `at` "after" the plan, unless they have hung up, and when they are "gone".

    `away` is the port of a FastAGI server whose engine is not connected to Asterisk.
    """

    def __init__(self, port: int, away: int, told: asyncio.Queue[Mapping[str, str]]) -> None:
        self._port = port
        self._away = away
        self._told = told

    async def told(self, at: str = "gone") -> Mapping[str, str]:
        """The variables of the next caller who comes `at` here; waits for one."""
        async with asyncio.timeout(_SECONDS):
            while (told := await self._told.get())["at"] != at:
                pass
            return told

    def dialplan(self) -> str:
        """To be read in the context of the callers."""
        variables = ",".join(f"${{{name}}}" for name in _VARIABLES)
        lines = ["exten => _70X,1,Goto(of-tests,${EXTEN},1)", "[of-tests]"]
        calls = {number: f"${{HOTLINE}}/{plan}" for number, plan in PLANS.items()}
        calls[WITHOUT_ENGINE] = f"agi://127.0.0.1:{self._away}/federal"
        for number, address in calls.items():
            lines += [
                f"exten => {number},1,AGI({address})",
                f" same => n,AGI(agi://127.0.0.1:{self._port}/after,{variables})",
                " same => n,Hangup()",
            ]
        lines.append(f"exten => h,1,AGI(agi://127.0.0.1:{self._port}/gone,{variables})")
        return "\n".join([*lines, ""])


class NoEngine:
    """Knows every plan and never runs one."""

    def knows(self, plan: str) -> bool:
        return True

    @contextmanager
    def result(self, channel: str) -> Iterator[asyncio.Future[PlanResult]]:
        yield asyncio.get_running_loop().create_future()


@asynccontextmanager
async def serving_dialplan_end() -> AsyncIterator[DialplanEnd]:
    """Listens on loopback inside the block."""
    told: asyncio.Queue[Mapping[str, str]] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\n\n")).decode().splitlines()
        facts = dict(line.split(": ", 1) for line in lines if ": " in line)
        values = (facts.get(f"agi_arg_{number}", "") for number in range(1, len(_VARIABLES) + 1))
        told.put_nowait({"at": facts["agi_network_script"], **dict(zip(_VARIABLES, values, strict=True))})
        writer.close()

    with socket.create_server(("127.0.0.1", 0)) as chosen:
        away = chosen.getsockname()[1]
    async with (
        await asyncio.start_server(take, "127.0.0.1", 0) as server,
        FastAgi("nobody", NoEngine()).serving("127.0.0.1", away),
    ):
        yield DialplanEnd(server.sockets[0].getsockname()[1], away, told)
