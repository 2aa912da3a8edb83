"""What can be asked about texts that an admin is still writing: checks, picture, a call, tests, differences.

Texts by file (`dialplans/federal.yaml`) stand for their namesakes of the checkout, in a folder that goes away again.
All of it blocks; answers are plain values for JSON.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from ivr.config import Home
from ivr.dialplan import graph, report
from ivr.dialplan.difference import difference
from ivr.dialplan.model import Head, Plans, TopicClassifier
from ivr.dialplan.rehearsal import Fact, Operators, Rehearsal
from ivr.dialplan.source import plan_files, plan_name, read_file, read_text
from ivr.dialplan.testing import run_file
from ivr.dialplan.trace import coverage
from ivr.dialplan.trying import act, known_facts
from ivr.dialplan.versions import FOLDERS, Versions, read_files
from ivr.dialplan.workbench import Workbench
from ivr.errors import Finding, IvrError

FILE = re.compile(r"dialplans/[a-z][a-z0-9_]{0,63}(\.tests|\.examples)?\.yaml|prompts/[a-z]{2}\.yaml")
"""What an admin may write in the browser."""

WORKING = -1
"""In place of a version's number: the files as they are now."""

Texts = Mapping[str, str]


def check(home: Home, texts: Texts, file: str) -> dict[str, Any]:
    """Everything that is wrong, what plans there are, and the picture of the plan in `file` when it is whole."""
    with _drawn_up(home, texts) as bench:
        plans, findings = _findings(bench)
        path = bench.dialplans.parent / file
        shown: dict[str, Any] = {"picture": "", "lines": {}}
        if file.startswith("dialplans/") and path.exists():
            shown["lines"] = _lines(path)
            plan = plans.by_name.get(plan_name(path))
            if plan is not None and not any(each["file"] == file and each["severity"] == "error" for each in findings):
                shown["picture"] = graph.svg(plan)
        return {"findings": findings, "plans": _plans(bench, plans), **shown}


def call(
    home: Home, texts: Texts, plan: str, lines: Sequence[str], at: str, caller: str, operators: Operators
) -> dict[str, Any]:
    """The call that these lines lead, from its beginning: the same lines lead the same call.

    `plan` is a name, `at` 2026-11-23 12:00 in the plan's zone or "" for now. Raises IvrError.
    """
    with _drawn_up(home, texts) as bench:
        plans, _ = bench.read([])
        found = plans.by_name.get(plan)
        if found is None:
            raise IvrError(f'the plan "{plan}" has errors', hint="put them right, then try the call")
        begins = _moment(at, ZoneInfo(found.time_zone))
        rehearsal = Rehearsal(found, begins=begins, caller=caller, operators=operators, text_of=bench.text_of)
        rehearsal.settle()
        said: list[dict[str, Any]] = []
        told = 0
        for line in lines:
            said += [_told(bench, fact) for fact in rehearsal.facts[told:]]
            told = len(rehearsal.facts)
            if rehearsal.finished:
                break
            if problem := act(rehearsal, line.strip()):
                said.append({"at_seconds": round(rehearsal.seconds, 1), "kind": "told", "path": "", "text": problem})
            rehearsal.settle()
        said += [_told(bench, fact) for fact in rehearsal.facts[told:]]
        return {
            "facts": said,
            "known": known_facts(rehearsal),
            "finished": rehearsal.finished,
            "talking": rehearsal.talking,
            "listening": rehearsal.state.listening is not None,
            "begins": begins.isoformat(timespec="minutes"),
            "picture": graph.svg(found, [visit.path for visit in rehearsal.visits]),
        }


def test(home: Home, texts: Texts) -> dict[str, Any]:
    """Run all tests; `ok`: nothing is wrong, so that these texts could go live."""
    with _drawn_up(home, texts) as bench:
        plans, findings = _findings(bench)
        outcomes = [run_file(path, plans.by_name.get, bench.text_of) for path in bench.test_files([])]
        results = [
            {
                "file": _named(bench, result.file),
                "plan": outcome.plan,
                "test": result.test,
                "failure": result.failure and _shown(bench, result.failure),
                "story": [_told(bench, fact) for fact in result.story] if result.failure else [],
            }
            for outcome in outcomes
            for result in outcome.results
        ]
        unread = [_shown(bench, finding) for outcome in outcomes for finding in outcome.document.findings]
        findings += [finding for finding in unread if finding not in findings]
        visits = [visit for outcome in outcomes for result in outcome.results for visit in result.visits]
        covered = [asdict(coverage(plan, visits)) for plan in plans.by_name.values()]
        errors = any(finding["severity"] == "error" for finding in findings)
        ok = not errors and not any(result["failure"] for result in results)
        return {"ok": ok, "findings": findings, "results": results, "coverage": covered}


def compare(home: Home, texts: Texts, version: int) -> dict[str, Any]:
    """How these texts and the other working files differ from a version that went live; 0: the live one.

    -1: only from the working files, as they are now.
    """
    versions = Versions(home.var / "versions")
    live = versions.live()
    number = version or (live.number if live else 0)
    root = home.root if number == WORKING else versions.root(number)
    if not root.is_dir():
        raise IvrError(f"there is no version {number}", hint="choose one of the list")
    before = {name: _text(content) for name, content in read_files(root).items()}
    after = {name: _text(content) for name, content in read_files(home.root).items()} | dict(texts)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return {
        "version": number,
        "files": [{"file": name, "hunks": difference(before.get(name, ""), after.get(name, ""))} for name in changed],
    }


@contextmanager
def _drawn_up(home: Home, texts: Texts) -> Iterator[Workbench]:
    with tempfile.TemporaryDirectory(prefix="ivr-studio-") as folder:
        content = Path(folder)
        for name in FOLDERS:
            (content / name).mkdir()
        for name, data in read_files(home.root).items():
            (content / name).write_bytes(data)
        for name, text in texts.items():
            if not FILE.fullmatch(name):
                raise IvrError(f"{name} is no file of plans or prompts")
            (content / name).write_text(text, encoding="utf-8", newline="")
        yield _Bench(home, content)


class _Bench(Workbench):
    """Learns the topics' words anew only when their file has changed: that takes longer than all the rest."""

    _learnt: ClassVar[tuple[bytes, TopicClassifier] | None] = None

    @cached_property
    def topics(self) -> TopicClassifier:
        content = b"".join(path.read_bytes() for path in sorted(self.dialplans.glob("topics*.yaml")))
        if _Bench._learnt is not None and _Bench._learnt[0] == content:
            return _Bench._learnt[1]
        before = len(self.findings)
        topics = super().topics
        if len(self.findings) == before:
            _Bench._learnt = (content, topics)
        return topics


def _findings(bench: Workbench) -> tuple[Plans, list[dict[str, Any]]]:
    plans, findings = bench.read([])
    tests = bench.test_files([])
    every = [*findings, *(bench.check(tests) if tests else ())]
    return plans, [_shown(bench, finding) for finding in every]


def _shown(bench: Workbench, finding: Finding) -> dict[str, Any]:
    lines = _source(finding.file)
    line = lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""
    marked = report.marked_length(line, finding.column - 1)
    return {**asdict(finding), "file": _named(bench, finding.file), "length": marked}


def _source(file: str) -> Sequence[str]:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ()


def _named(bench: Workbench, file: str) -> str:
    for root in (bench.dialplans.parent, bench.home.root):
        if Path(file).is_relative_to(root):
            return str(Path(file).relative_to(root))
    return file


def _plans(bench: Workbench, whole: Plans) -> list[dict[str, Any]]:
    """All plans by file, those with errors, too: `whole` tells."""
    return [
        {
            "file": _named(bench, str(path)),
            "name": head.plan,
            "title": head.title,
            "lines": head.lines,
            "whole": head.plan in whole.by_name,
        }
        for path in plan_files(bench.dialplans)
        if (head := _head(_text(path.read_bytes()))) is not None
    ]


@lru_cache(maxsize=100)
def _head(text: str) -> Head | None:
    return read_text(text, "")[1].head


def _lines(path: Path) -> dict[str, int]:
    """Where each section (`menu`) and each step (`menu/1`) stands in the file."""
    document, parsed = read_file(path)
    found: dict[str, int] = {}
    for name, steps in parsed.sections.items():
        found[name] = document.key_mark(("sections", name)).line
        found |= {f"{name}/{place[-1] + 1}": document.value_mark(place).line for place, _ in steps}  # type: ignore[operator]  # a step's place ends with its index
    return found


def _told(bench: Workbench, fact: Fact) -> dict[str, Any]:
    data = dict(fact.data)
    if fact.kind == "hears":
        data["text"] = bench.text_of(str(data["language"]), str(data["prompt"]))
    return {"at_seconds": round(fact.at_seconds, 1), "kind": fact.kind, "path": fact.path, **data}


def _moment(text: str, zone: ZoneInfo) -> datetime:
    if not text:
        return datetime.now(zone)
    try:
        return datetime.strptime(text.replace("T", " "), "%Y-%m-%d %H:%M").replace(tzinfo=zone)
    except ValueError:
        raise IvrError(f'"{text}" is not a time', hint="write 2026-11-23 12:00") from None


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
