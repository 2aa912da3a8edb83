"""`ivr ops`: what the supervisor's page does, as commands. Each says what it did, and what takes it back."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from ivr.config import Home
from ivr.errors import IvrError
from ivr.hotline import Hotline

_Call = Annotated[str, typer.Argument(help="The call's name, as `ivr status` shows it")]
_Operator = Annotated[str, typer.Argument(help="The operator's name in config/operators.yaml")]
_Queue = Annotated[str, typer.Argument(help="The queue's name")]
_LOOK_AGAIN_SECONDS = 0.5
_Json = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts")]


def prioritise(
    call: _Call,
    priority: Annotated[int, typer.Argument(help="0 ordinary, up to 9", min=0, max=9)] = 1,
    as_json: _Json = False,
) -> None:
    """Make a waiting call more urgent, or ordinary again (0)."""
    _act("prioritise", {"call": call, "priority": str(priority)}, as_json)


def move(
    call: _Call,
    topic: Annotated[str, typer.Option(help="Its topic from now on")] = "",
    queue: Annotated[str, typer.Option(help="Its queue from now on")] = "",
    as_json: _Json = False,
) -> None:
    """Put a waiting call under another topic or queue; it keeps its place."""
    _act("move", {"call": call, "topic": topic, "queue": queue}, as_json)


def pull(call: _Call, operator: _Operator, as_json: _Json = False) -> None:
    """Let a waiting call ring at a free operator now, whatever turn and skills say."""
    _act("pull", {"call": call, "operator": operator}, as_json)


def assign(
    operator: _Operator,
    topic: Annotated[str, typer.Argument(help="A topic; own: own skills only; auto: as the rule says")],
    as_json: _Json = False,
) -> None:
    """Let an operator serve a topic as the first skill."""
    _act("assign", {"operator": operator, "topic": "" if topic == "own" else topic}, as_json)


def close(queue: _Queue, as_json: _Json = False) -> None:
    """Take no new calls in a queue; those that wait are served."""
    _act("close", {"queue": queue}, as_json)


def reopen(queue: _Queue, as_json: _Json = False) -> None:
    """Take calls in a queue again."""
    _act("open", {"queue": queue}, as_json)


def limit(
    queue: _Queue,
    calls: Annotated[int, typer.Argument(help="How many may wait; 0: no limit", min=0, max=100_000)],
    as_json: _Json = False,
) -> None:
    """Let no more than so many calls wait."""
    _act("limit", {"queue": queue, "limit": str(calls)}, as_json)


def close_incident(
    topic: Annotated[str, typer.Argument(help="What the failure is about")], as_json: _Json = False
) -> None:
    """Say that a critical incident is over."""
    _act("close_incident", {"topic": topic}, as_json)


def listen(
    call: _Call,
    telephone: Annotated[str, typer.Argument(help="Whose telephone rings: a name in config/operators.yaml")],
    mode: Annotated[str, typer.Option(help="listen, whisper (to the operator) or join")] = "listen",
    as_json: _Json = False,
) -> None:
    """Hear a talk under way; again with another mode changes it, hanging up ends it."""
    _act("listen", {"call": call, "telephone": telephone, "mode": mode}, as_json)


def drain(
    within: Annotated[float, typer.Option(help="Wait so many seconds until nobody is on the line", min=0)] = 0.0,
    as_json: _Json = False,
) -> None:
    """Take no new calls, for a stop that cuts none; it lasts until `take-calls`, or the controller's end."""
    _act("drain", {}, as_json)
    if within:
        asyncio.run(_empty(within, as_json))


def take_calls(as_json: _Json = False) -> None:
    """Take calls again after `drain`."""
    _act("take_calls", {}, as_json)


async def _empty(within_seconds: float, as_json: bool) -> None:
    """Wait until no call is left; IvrError when there still is one after so long.

    An Asterisk that has ended has none, though the controller hopes for half a minute that it only lost sight of them:
    systemd starts a killed one only after this.
    """
    hotline, told = Hotline(Home.find()), -1
    try:
        async with asyncio.timeout(within_seconds):
            while (left := (await hotline.ask("/api/status"))["on_the_line"]) and await hotline.asterisk_runs():
                if left != told:
                    sys.stdout.write(json.dumps({"calls": left}) + "\n" if as_json else f"calls on the line: {left}\n")
                    sys.stdout.flush()
                told = left
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise IvrError(f"after {within_seconds:g} s there are still calls: {told}", hint="wait longer") from None
    sys.stdout.write(json.dumps({"calls": 0}) + "\n" if as_json else "nobody is on the line\n")


def _act(act: str, fields: Mapping[str, str], as_json: bool) -> None:
    acted = asyncio.run(Hotline(Home.find()).ask(f"/api/acts/{act}", fields))
    if as_json:
        sys.stdout.write(json.dumps(acted, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{acted['done']}\n")
    if acted["undo"]:
        sys.stdout.write(f"take it back: .venv/bin/ivr ops {_command(acted['undo'])}\n")


def _command(undo: Mapping[str, str]) -> str:
    """The command line of an act."""
    act = undo["act"]
    if act == "move":
        return f"move {undo['call']} --topic {undo['topic']} --queue {undo['queue']}"
    values = [value or "own" for name, value in undo.items() if name != "act"]
    return " ".join((act.replace("_", "-"), *values))
