"""FastAGI sessions over real sockets: what a dialplan gets, and what becomes of those that are no sessions."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ivr.errors import SetupFailed
from ivr.line.agi import LONGEST_LINE_BYTES, AgiSession, SessionBroken
from ivr.line.fastagi import FastAgi, PlanResult, variables
from ivr.virtual_time import run_virtually

CALLER = "+79991234567"
RESULT = PlanResult("call1", "talked", "access", "tt", {"said": 'a "b" \\c\r\nd', "tries": 2.0, "agreed": True})


def environment(plan: str = "federal", channel: str = "17.1", **more: str) -> bytes:
    facts = {
        "network": "yes",
        "network_script": plan,
        "channel": "PJSIP/trunk-1",
        "type": "PJSIP",
        "uniqueid": channel,
        "callerid": CALLER,
        "dnid": "88005553535",
        "extension": "s",
        **more,
    }
    return "".join(f"agi_{name}: {value}\n" for name, value in facts.items()).encode() + b"\n"


class Runs:
    """An engine whose plans end as soon as they begin."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[PlanResult]] = {}

    def knows(self, plan: str) -> bool:
        return plan == "federal"

    @contextmanager
    def result(self, channel: str) -> Iterator[asyncio.Future[PlanResult]]:
        self.waiting[channel] = asyncio.get_running_loop().create_future()
        try:
            yield self.waiting[channel]
        finally:
            del self.waiting[channel]


class Dialplan:
    """Asterisk's end of a session; `replies` by the first words of a command."""

    def __init__(self, port: int, runs: Runs, **replies: bytes) -> None:
        self._port = port
        self._runs = runs
        self._replies = replies
        self.commands: list[str] = []
        self.set: dict[str, str] = {}

    async def run(self, sent: bytes) -> None:
        """Send the environment, answer commands until the connection is closed by the other side."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(sent)
            while line := (await reader.readline()).decode():
                self.commands.append(line.strip())
                writer.write(self._answer(*line.split(maxsplit=2)))
        except ConnectionResetError:
            pass  # closed before all that we sent was read
        finally:
            writer.close()

    def _answer(self, first: str, second: str, rest: str) -> bytes:
        if first in self._replies:
            return self._replies[first]
        if first == "SET":
            name, _, value = rest.strip().partition(" ")
            self.set[name] = value
            return b"200 result=1\n"
        if first == "EXEC":
            for waiting in self._runs.waiting.values():
                waiting.set_result(RESULT)
            return self._replies.get("exec", b"200 result=0\n")
        if "STASISSTATUS" in rest:
            return self._replies.get("status", b"200 result=1 (SUCCESS)\n")
        return b"200 result=1 (abc@provider)\n"


@asynccontextmanager
async def server(runs: Runs, most_sessions: int = 500) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = int(chosen.getsockname()[1])
    agi = FastAgi("ivr", runs, most_sessions)
    async with agi.serving("127.0.0.1", port):
        yield port
    assert not agi._tasks


async def session(sent: bytes, **replies: bytes) -> tuple[Dialplan, list[Any]]:
    """One session with the server; what the dialplan saw, and what was logged."""
    runs = Runs()
    with capture_logs() as logs:
        async with server(runs) as port:
            dialplan = Dialplan(port, runs, **replies)
            await dialplan.run(sent)
    assert not runs.waiting
    return dialplan, logs


async def test_a_plan_runs_and_its_result_is_in_the_channels_variables() -> None:
    dialplan, logs = await session(environment())
    assert dialplan.commands[:3] == [
        'GET FULL VARIABLE "${CHANNEL(pjsip,call-id)}"',
        'EXEC Stasis "ivr,plan,federal,88005553535,abc@provider"',
        'GET FULL VARIABLE "${STASISSTATUS}"',
    ]
    assert dialplan.set == {
        "IVR_SAID": r'"a \"b\" \\c  d"',
        "IVR_TRIES": '"2"',
        "IVR_AGREED": '"yes"',
        "IVR_OUTCOME": '"talked"',
        "IVR_TOPIC": '"access"',
        "IVR_CALL": '"call1"',
        "IVR_LANGUAGE": '"tt"',
    }
    assert logs == []


def test_a_plans_variable_cannot_hide_the_outcome() -> None:
    result = PlanResult("call1", "failed", "", "ru", {"outcome": "talked", "call": None})
    assert variables(result) == {"IVR_OUTCOME": "failed", "IVR_TOPIC": "", "IVR_CALL": "call1", "IVR_LANGUAGE": "ru"}


@pytest.mark.parametrize("type_", ["Local", "DAHDI"])
async def test_a_channel_that_is_not_sip_is_asked_for_no_sip_call_id(type_: str) -> None:
    dialplan, _ = await session(environment(type=type_, dnid="unknown", extension="700"))
    assert dialplan.commands[0] == 'EXEC Stasis "ivr,plan,federal,700,"'


@pytest.mark.parametrize("plan", ["", "nobody", "federal?x=1", 'x",y\x1b[31m', "п" * 900])
async def test_an_unknown_plan_has_failed_at_once(plan: str) -> None:
    dialplan, logs = await session(environment(plan))
    assert dialplan.set["IVR_OUTCOME"] == '"failed"'
    assert [line["event"] for line in logs] == ["agi_plan_unknown"]
    assert not any(command.startswith("EXEC") for command in dialplan.commands)
    assert "\x1b" not in str(logs)


@pytest.mark.parametrize("status", [b"200 result=1 (FAILED)\n", b"200 result=0\n"])
async def test_without_the_engine_the_plan_has_failed(status: bytes) -> None:
    dialplan, logs = await session(environment(), status=status)
    assert dialplan.set["IVR_OUTCOME"] == '"failed"'
    assert [line["event"] for line in logs] == ["agi_engine_away"]


@pytest.mark.parametrize("reply", [b"HANGUP\n200 result=0\n", b"200 result=-1\n", b"HANGUP\n200 result=-1\n"])
async def test_after_the_caller_has_hung_up_the_dialplan_still_gets_the_result(reply: bytes) -> None:
    dialplan, logs = await session(environment(), exec=reply)
    assert dialplan.set["IVR_OUTCOME"] == '"talked"'
    assert logs == []


NO_ENVIRONMENT = {
    "nothing but the end": (b"\n", "names no channel"),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "no AGI environment"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", "no AGI environment"),
    "no channel": (environment(channel=""), "names no channel"),
    "a line without a colon": (b"agi_network\n\n", "names no channel"),
    "a huge line": (b"agi_network: " + b"x" * LONGEST_LINE_BYTES + b"\n", "longer than 4096 bytes"),
    "a huge line without end": (b"agi_network: " + b"x" * 100_000, "longer than 4096 bytes"),
    "lines without end": (b"agi_arg_1: x\n" * 5000, "no AGI environment"),
}


@pytest.mark.parametrize(("sent", "reason"), NO_ENVIRONMENT.values(), ids=NO_ENVIRONMENT.keys())
async def test_what_is_no_session_gets_a_line_in_the_log_and_is_closed(sent: bytes, reason: str) -> None:
    _, logs = await session(sent)
    assert [line["event"] for line in logs] == ["agi_session_broken"]
    assert reason in logs[0]["reason"]


ANSWERS = {
    "words": b"hello\n",
    "nothing": b"\n",
    "a second hang-up": b"HANGUP\nHANGUP\n",
    "a success without a result": b"200 " + b"w" * 4000 + b"\n",
    "a success in disguise": b" 0200 " + b"w" * 4000 + b"\n",
    "a result that is no number": b"200 result=yes\n",
    "a refusal": b"511 Command Not Permitted on a dead channel or intercept routine\n",
    "a manual that never comes": b"520 Invalid command syntax.  Proper usage not available.\n",
    "a manual": b"520-Invalid command syntax.  Proper usage follows:\nSets it.\n520 End of proper usage.\n",
    "a manual without end": b"520-Invalid\n" + b"more\n" * 300,
    "huge": b"200 result=" + b"1" * LONGEST_LINE_BYTES + b"\n",
    "not UTF-8": b"\xff\xfe\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("command", ["GET", "EXEC", "SET"])
async def test_an_answer_that_is_none_ends_the_session(command: str, answer: bytes) -> None:
    dialplan, logs = await session(environment(), **{command: answer})
    assert dialplan.commands[-1].startswith(command)
    assert [line["event"] for line in logs] == ["agi_session_broken"]


async def test_who_closes_early_leaves_nothing_behind() -> None:
    runs = Runs()
    with capture_logs() as logs:
        async with server(runs) as port:
            for sent in (b"", b"agi_network: y", environment()[:-1], environment()):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(sent)
                writer.close()
                await writer.wait_closed()
            await asyncio.sleep(0.05)
    assert {line["event"] for line in logs} == {"agi_session_broken"}
    assert len(logs) == 4
    assert not runs.waiting


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=300), answer=st.binary(max_size=100), whole=st.booleans())
def test_any_bytes_end_without_a_defect(sent: bytes, answer: bytes, whole: bool) -> None:
    async def talk() -> None:
        runs = Runs()
        with capture_logs() as logs:
            async with server(runs) as port:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(environment() + answer if whole else sent)
                writer.write_eof()
                async with asyncio.timeout(5):
                    while await reader.read(1000):
                        pass
                writer.close()
        assert "agi_session_failed" not in {line["event"] for line in logs}
        assert not runs.waiting

    asyncio.run(talk())


async def test_fifty_at_once_need_no_thread_and_end_with_the_server() -> None:
    runs, threads, tasks = Runs(), threading.active_count(), asyncio.all_tasks()
    with capture_logs() as logs:
        async with server(runs) as port:
            connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
            for number, (_, writer) in enumerate(connections):
                writer.write(environment(channel=f"17.{number}", type="Local"))
            for reader, _ in connections:
                assert (await reader.readline()).startswith(b"EXEC Stasis")
            assert len(runs.waiting) == 50
            assert threading.active_count() == threads
            waiting = asyncio.all_tasks() - tasks
            assert len(waiting) >= 50
    assert not runs.waiting
    assert not (asyncio.all_tasks() - tasks)
    for reader, writer in connections:
        assert await reader.read() == b""
        writer.close()
    assert logs == []


async def test_one_session_too_many_is_refused_and_the_others_go_on() -> None:
    runs = Runs()
    with capture_logs() as logs:
        async with server(runs, most_sessions=2) as port:
            waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            await asyncio.sleep(0.01)
            refused = Dialplan(port, runs)
            await refused.run(environment())
            assert refused.commands == []
            for _, writer in waiting:
                writer.close()
            await asyncio.sleep(0.01)
            dialplan = Dialplan(port, runs)
            await dialplan.run(environment())
    assert dialplan.set["IVR_OUTCOME"] == '"talked"'
    assert [line["event"] for line in logs].count("agi_sessions_full") == 1


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupFailed, match=f"port {port}"):
            async with FastAgi("ivr", Runs()).serving("127.0.0.1", port):
                pass


@pytest.mark.parametrize("sent", [b"", b"agi_network: yes\n", environment()[:-1]])
def test_who_never_ends_the_environment_is_not_waited_for(sent: bytes) -> None:
    async def wait() -> None:
        reader = asyncio.StreamReader(limit=LONGEST_LINE_BYTES)
        reader.feed_data(sent)
        drip = asyncio.create_task(drop_by_drop(reader))
        with pytest.raises(SessionBroken, match="did not end"):
            await AgiSession(reader, None).environment()  # type: ignore[arg-type]  # nothing is written here
        drip.cancel()
        await asyncio.gather(drip, return_exceptions=True)

    async def drop_by_drop(reader: asyncio.StreamReader) -> None:
        while True:
            await asyncio.sleep(1.0)
            reader.feed_data(b"agi_x: y\n")

    run_virtually(wait())


async def test_nothing_of_the_caller_is_printed_and_no_signal_is_taken(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGHUP)
    await session(environment())
    await session(environment(), EXEC=b"nonsense\n")
    said = capfd.readouterr()
    assert CALLER not in said.out + said.err
    assert signal.getsignal(signal.SIGHUP) is before
