"""`ivr try`: a call in the terminal, through the interpreter that takes live calls. Pure but for what it is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ivr.dialplan.rehearsal import Fact, Rehearsal
from ivr.dialplan.state import Value

HELP = """\
You are the caller. Type
  words        to say them                1w2 keys   digits, * and # are keys (w: a short wait)
  (nothing)    to stay silent             /wait 30   so many seconds pass
  /vars        what the call knows        /operator  the operator ends the talk
  /bye         to hang up                 /help      these lines"""

_KEYS = re.compile(r"[0-9*#w]+")
_QUIET = ("answered", "menu", "said")
Tell = Callable[[str, dict[str, Any]], None]
"""Told each thing that happened: a line for a person, and the same as an object."""


def converse(rehearsal: Rehearsal, lines: Iterable[str], tell: Tell, text_of: Callable[[str, str], str]) -> None:
    """Lead a call by what is typed, until it is over or `lines` end (then the caller hangs up)."""
    told = 0

    def report() -> None:
        nonlocal told
        for fact in rehearsal.facts[told:]:
            tell(
                _shown(fact, text_of),
                {"at_seconds": round(fact.at_seconds, 1), "step": fact.kind, "path": fact.path, **fact.data},
            )
        told = len(rehearsal.facts)

    rehearsal.settle()
    report()
    for line in lines:
        problem = act(rehearsal, line.strip())
        if problem:
            tell(problem, {"step": "told", "text": problem})
        rehearsal.settle()
        report()
        if rehearsal.finished:
            return
    rehearsal.hangs_up()
    report()


def act(rehearsal: Rehearsal, line: str) -> str:
    """Do what a line says; gives what there is to tell about it."""
    if line.startswith("/"):
        command, _, rest = line.partition(" ")
        return _command(rehearsal, command, rest.strip())
    if not line:
        rehearsal.silence()
    elif _KEYS.fullmatch(line):
        for key in line:
            if key == "w":
                rehearsal.settle()
            else:
                rehearsal.presses(key)
    elif not rehearsal.says(line):
        return "nobody listens now: no question is open"
    return ""


def _command(rehearsal: Rehearsal, command: str, rest: str) -> str:
    match command:
        case "/bye":
            rehearsal.hangs_up()
        case "/operator":
            return "" if rehearsal.operator_hangs_up() else "no operator is talking"
        case "/wait" if rest.isdecimal():
            rehearsal.wait(float(rest))
        case "/wait":
            return "how many seconds? /wait 30"
        case "/vars":
            return _state(rehearsal)
        case "/help":
            return HELP
        case _:
            return f"unknown command {command}\n{HELP}"
    return ""


def known_facts(rehearsal: Rehearsal) -> dict[str, Value]:
    """What the call knows now: where it is, and its variables."""
    state = rehearsal.state
    return {
        "step": rehearsal.path,
        "language": state.language,
        "topic": state.topic,
        "priority": state.priority,
        **state.known,
    }


def _state(rehearsal: Rehearsal) -> str:
    return "\n".join(f"  {name}: {value}" for name, value in known_facts(rehearsal).items())


def _shown(fact: Fact, text_of: Callable[[str, str], str]) -> str:
    data = fact.data
    if fact.kind == "hears":
        return f"{fact.at_seconds:6.1f} s  🔊 {text_of(str(data['language']), str(data['prompt']))}"
    if fact.kind in _QUIET:
        return ""
    if fact.kind in ("says", "presses"):
        return f"{fact.at_seconds:6.1f} s  ☎  {data.get('text') or data.get('key')}"
    details = ", ".join(f"{name} {value}" for name, value in data.items() if value not in (None, ""))
    return f"{fact.at_seconds:6.1f} s     {fact.kind} {details}  [{fact.path}]"
