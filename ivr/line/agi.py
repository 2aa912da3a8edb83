"""AGI on one connection: pyst2 reads environments and results and writes commands; the bytes and the time are ours.

pyst2 is given whole messages only, so it never waits, and a session needs no thread that could hang.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections import deque
from collections.abc import Iterable, Mapping

from asterisk.agi import AGI, AGIAppError, AGIException

LONGEST_LINE_BYTES = 4096
_READ_SECONDS = 5.0
_LONGEST_ENVIRONMENT = 16 * 1024  # characters: Asterisk sends less than 1 KiB, and what AGI() has as arguments
_MOST_LINES = 100  # of a command's manual
# The only success that we can be told of. For others, pyst2's own pattern takes time as the square of the length.
_SUCCESS = re.compile(r"200 result=-?\d{1,10}( \(.*\))?\s*")
_LONGEST_VALUE = 400  # characters: Asterisk reads 2047 bytes of a command


class SessionBroken(Exception):
    """The other side went away, or what it sends is not AGI; `reason` names nothing that it sent."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class AgiSession:
    """What one `AGI()` in a dialplan has to say. Every method raises `SessionBroken` when the session is of no use."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = _Protocol()

    async def environment(self) -> Mapping[str, str]:
        """`agi_uniqueid`, `agi_extension`, …: what Asterisk tells at the beginning."""
        lines: list[str] = []
        length = 0
        try:
            async with asyncio.timeout(_READ_SECONDS):
                while (line := await self._line()) != "\n":
                    length += len(line)
                    if not line.startswith("agi_") or length > _LONGEST_ENVIRONMENT:
                        raise SessionBroken("this is no AGI environment")
                    lines.append(line)
        except TimeoutError:
            raise SessionBroken(f"the environment did not end within {_READ_SECONDS:g} s") from None
        return self._protocol.environment([*lines, "\n"])

    async def variable(self, expression: str) -> str:
        """The value of `${expression}` on the channel; "" when there is none."""
        return (await self._command("GET FULL VARIABLE", _quoted(f"${{{expression}}}")))[1]

    async def set_variable(self, name: str, value: str) -> None:
        """Set a variable of the channel; also possible after the caller has hung up."""
        await self._command("SET VARIABLE", name, _quoted(value))

    async def execute(self, application: str, *arguments: str) -> None:
        """Run an application of the dialplan on the channel; returns when it has ended, however long that takes."""
        await self._command("EXEC", application, _quoted(",".join(arguments)), seconds=None)

    async def close(self) -> None:
        """End the connection: the dialplan goes on."""
        self._writer.close()
        try:
            async with asyncio.timeout(_READ_SECONDS):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def _command(self, *words: str, seconds: float | None = _READ_SECONDS) -> tuple[str, str]:
        """Result and data of a command."""
        try:
            async with asyncio.timeout(_READ_SECONDS):
                self._writer.write(self._protocol.command(*words))
                await self._writer.drain()
            async with asyncio.timeout(seconds):
                reply = await self._reply()
        except TimeoutError:
            raise SessionBroken(f"no answer to {words[0]} within {_READ_SECONDS:g} s") from None
        except OSError:
            raise SessionBroken("the connection was closed") from None
        return self._protocol.result(reply)

    async def _reply(self) -> list[str]:
        line = await self._line()
        if line == "HANGUP\n":  # comes before the answer when the caller leaves; commands still work
            line = await self._line()
        lines = [line]
        if line.startswith("520-"):  # a command's manual, for us to read
            while not lines[-1].startswith("520 "):
                if len(lines) == _MOST_LINES:
                    raise SessionBroken("an answer without end")
                lines.append(await self._line())
        return lines

    async def _line(self) -> str:
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise SessionBroken(f"a line is longer than {LONGEST_LINE_BYTES} bytes") from None
        except (asyncio.IncompleteReadError, OSError):
            raise SessionBroken("the connection was closed") from None
        return line.decode(errors="replace")


class _Protocol(AGI):  # type: ignore[misc]  # pyst2 has no type information
    """pyst2's AGI without its files and signals."""

    def __init__(self) -> None:
        # Not pyst2's own: that would take SIGHUP away from the process, and tell callers' numbers to stderr.
        self.stdin, self.stdout, self.stderr = _Received(), io.StringIO(), _Unheard()
        self._got_sighup = False
        self.env: dict[str, str] = {}

    def environment(self, lines: Iterable[str]) -> Mapping[str, str]:
        self.stdin.lines.extend(lines)
        self._get_agi_env()
        return self.env

    def command(self, *words: str) -> bytes:
        self.stdout = io.StringIO()
        self.send_command(*words)
        return self.stdout.getvalue().encode()

    def result(self, lines: Iterable[str]) -> tuple[str, str]:
        first, *more = lines
        if not first.startswith("5") and not _SUCCESS.fullmatch(first):
            raise SessionBroken("an answer that cannot be read")
        self.stdin.lines.extend([first, *more])
        try:
            value, data = self.get_result()["result"]
        except AGIAppError:  # the caller has hung up, or the application has failed
            return "-1", ""
        except (AGIException, ValueError) as error:
            raise SessionBroken(f"a command was refused ({type(error).__name__})") from None
        return value, data


class _Received:
    """Lines for pyst2 to read. It takes an empty one for more to come and would ask for ever."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque()

    def readline(self) -> str:
        if not self.lines:
            raise SessionBroken("an answer breaks off")
        return self.lines.popleft()


class _Unheard:
    def write(self, text: str) -> None:
        pass


def _quoted(text: str) -> str:
    """One argument of a command, whatever is in it."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_VALUE])
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
