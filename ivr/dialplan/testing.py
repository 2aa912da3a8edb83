"""Runs tests of plans on a virtual clock, and says where the way parts from what was expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.dialplan.model import Plan
from ivr.dialplan.nodes import Document, read
from ivr.dialplan.parse import model_of
from ivr.dialplan.rehearsal import Fact, Rehearsal
from ivr.dialplan.script import Line, Test, TestFile
from ivr.dialplan.trace import Visit
from ivr.dialplan.wording import show
from ivr.errors import Finding

TESTS_SUFFIX = ".tests.yaml"
A_WORKING_MONDAY = datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001 -- local time of whatever zone the plan has

TextOf = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one test; `failure` is None when it passed. `story` tells what happened until then."""

    file: str
    test: str
    failure: Finding | None
    story: tuple[Fact, ...] = ()
    visits: tuple[Visit, ...] = ()


@dataclass(slots=True)
class Outcome:
    """All tests of one file; `document` carries the findings when it cannot be read."""

    document: Document
    plan: str = ""
    results: list[Result] = field(default_factory=list)


def read_tests(path: Path) -> tuple[Document, TestFile | None]:
    """A file of tests; None with findings in the document when it is wrong."""
    document = read(path.read_bytes().decode("utf-8", errors="replace"), str(path))
    if document.findings:
        return document, None
    if not isinstance(document.data, dict):
        document.add(document.value_mark(()), f"{show(document.data)} are no tests", 'begin with "plan:" and "tests:"')
        return document, None
    return document, model_of(TestFile, document.data, document, ())


def run_file(path: Path, plan_named: Callable[[str], Plan | None], text_of: TextOf) -> Outcome:
    """Run all tests of a file."""
    document, file = read_tests(path)
    if file is None:
        return Outcome(document)
    plan = plan_named(file.plan)
    if plan is None:
        document.add(
            document.value_mark(("plan",)), f'there is no plan "{file.plan}"', "name one that passes `ivr check`"
        )
        return Outcome(document)
    results = [_run(plan, test, document, index, text_of) for index, test in enumerate(file.tests)]
    return Outcome(document, file.plan, results)


def _run(plan: Plan, test: Test, document: Document, number: int, text_of: TextOf) -> Result:
    rehearsal = Rehearsal(
        plan,
        begins=(test.at or A_WORKING_MONDAY).replace(tzinfo=ZoneInfo(plan.time_zone)),
        caller=test.caller,
        line=test.line,
        chosen=test.chosen,
        operators=test.operators,
        waiting=test.waiting,
        notices=test.notices or (),
        services=test.services,
        outside=test.outside or (),
        call_backs=test.call_backs,
        consents=test.consents,
        text_of=text_of,
    )
    rehearsal.settle()
    heard = 0
    for index, line in enumerate(test.call):
        problem, heard = _line(rehearsal, line, heard)
        if problem:
            mark = document.value_mark(("tests", number, "call", index))
            failure = Finding(document.file, mark.line, mark.column, "error", problem, f"in test “{test.test}”")
            return Result(document.file, test.test, failure, tuple(rehearsal.facts), tuple(rehearsal.visits))
    return Result(document.file, test.test, None, tuple(rehearsal.facts), tuple(rehearsal.visits))


def _line(rehearsal: Rehearsal, line: Line, heard: int) -> tuple[str, int]:
    """Do or expect one thing; gives what is wrong ("" when nothing is) and up to which fact prompts were expected."""
    if line.hears is not None:
        return _hears(rehearsal.facts, line.hears, heard)
    done = _act(rehearsal, line)
    if done is not None:
        return done, heard
    return _expect(rehearsal, line), heard


def _act(rehearsal: Rehearsal, line: Line) -> str | None:
    """Carry out an action; None when the line is none, else what is wrong with it."""
    problem = ""
    if rehearsal.finished and line.verb in ("says", "presses", "silent", "hangs_up", "operator_hangs_up"):
        return "the call is over already"
    match line:
        case Line(says=str(text)):
            problem = "" if rehearsal.says(text) else "the caller speaks, but nobody listens: no question is open"
        case Line(presses=str(keys)):
            rehearsal.presses(keys)
        case Line(silent=True):
            rehearsal.silence()
        case Line(waits=float(seconds)):
            rehearsal.wait(seconds)
            return ""  # the world goes no further than that time
        case Line(hangs_up=True):
            rehearsal.hangs_up()
        case Line(operator_hangs_up=True):
            problem = "" if rehearsal.operator_hangs_up() else "no operator is talking"
        case _:
            return None
    rehearsal.settle()
    return problem


def _hears(facts: Sequence[Fact], prompts: tuple[str, ...], after: int) -> tuple[str, int]:
    at = after
    for prompt in prompts:
        found = next((i for i in range(at, len(facts)) if _is_prompt(facts[i], prompt)), None)
        if found is None:
            instead = [str(fact.data["prompt"]) for fact in facts[at:] if fact.kind == "hears"]
            tail = f"what follows is {', '.join(instead[:5])}" if instead else "nothing more is said"
            return f'the caller does not hear "{prompt}": {tail}', at
        at = found + 1
    return "", at


def _is_prompt(fact: Fact, prompt: str) -> bool:
    return fact.kind == "hears" and fact.data["prompt"] == prompt


def _expect(rehearsal: Rehearsal, line: Line) -> str:
    state = rehearsal.state
    if line.not_hears is not None:
        told = [prompt for prompt in line.not_hears if any(_is_prompt(fact, prompt) for fact in rehearsal.facts)]
        return f"the caller has heard {', '.join(told)}" if told else ""
    if line.variable is not None:
        for name, wanted in line.variable.items():
            value = state.known.get(name)
            if value != wanted:
                return f"variable {name} is {show(value)}, expected {show(wanted)}"
        return ""
    queued = next((fact for fact in reversed(rehearsal.facts) if fact.kind == "enters_queue"), None)
    is_now = {
        "section": state.section,
        "topic": state.topic,
        "language": state.language,
        "queue": queued.data["queue"] if queued else "none",
        "priority": queued.data["priority"] if queued else state.priority,
        "recorded": state.recording == "on",
        "ends": _end(rehearsal),
    }[line.verb]
    wanted = getattr(line, line.verb)
    return "" if is_now == wanted else f"{line.verb} is {show(is_now)}, expected {show(wanted)}"


def _end(rehearsal: Rehearsal) -> str:
    if rehearsal.state.talked:
        return "talked"
    if any(fact.kind == "callback_accepted" for fact in rehearsal.facts):
        return "callback"
    if not rehearsal.finished:
        return "not yet"
    return "left" if any(fact.kind == "hangs_up" for fact in rehearsal.facts) else "goodbye"
