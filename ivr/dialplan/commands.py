"""The admin's commands on plans: check, test, try, schema, versions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, cast, get_args
from zoneinfo import ZoneInfo

import typer

from ivr.config import Home
from ivr.dialplan import report
from ivr.dialplan.rehearsal import Operators, Rehearsal
from ivr.dialplan.schema import plan_schema, tests_schema
from ivr.dialplan.testing import Outcome, run_file
from ivr.dialplan.trace import coverage
from ivr.dialplan.trying import HELP, converse
from ivr.dialplan.versions import Versions, digest_of, read_files
from ivr.dialplan.workbench import Workbench
from ivr.errors import Finding

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Plans, tests, prompts, topics, operators, or folders; default: all")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find everything that is wrong with plans and what belongs to them, before a caller does."""
    bench = Workbench(Home.find())
    findings = bench.check(_existing(paths))
    _show(findings, as_json=as_json)
    if not as_json:
        _print(report.summary(findings, bench.files))
    _exit_on(any(finding.severity == "error" for finding in findings))


def run_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files of tests or folders; default: all of dialplans/")
    ] = None,
    as_json: JsonOption = False,
    uncovered: Annotated[bool, typer.Option("--uncovered", help="List the ways that no test takes")] = False,
) -> None:
    """Run the tests of plans on a virtual clock."""
    bench = Workbench(Home.find())
    plans, findings = bench.read([])
    outcomes = [run_file(path, plans.by_name.get, bench.text_of) for path in bench.test_files(_existing(paths))]
    broken = [finding for outcome in outcomes for finding in outcome.document.findings]
    if broken:
        # What is wrong with the plans is often why their tests find none.
        broken = [finding for finding in findings if finding.severity == "error"] + broken
    _show(broken, as_json=as_json)
    for outcome in outcomes:
        _results(outcome, as_json=as_json)
    visits = [visit for outcome in outcomes for result in outcome.results for visit in result.visits]
    # A part that other plans share is covered by all tests together, not by those of one plan.
    walked = {outcome.plan for outcome in outcomes} if paths else {visit.path.partition("/")[0] for visit in visits}
    for name, plan in plans.by_name.items():
        if name in walked:
            _covered(coverage(plan, visits), as_json=as_json, uncovered=uncovered)
    failed = [result for outcome in outcomes for result in outcome.results if result.failure]
    total = sum(len(outcome.results) for outcome in outcomes)
    if not as_json:
        _print(f"{total - len(failed)} of {total} tests passed")
    _exit_on(bool(failed or broken) or not total)


def try_plan(
    plan: Annotated[str, typer.Argument(help="A plan's file, name or line")],
    at: Annotated[str, typer.Option(help="When the call comes in: 2026-11-23 12:00; default: now")] = "",
    caller: Annotated[str, typer.Option(help="The caller's number")] = "+79001234567",
    operators: Annotated[str, typer.Option(help="free, busy, nobody, closed or full")] = "free",
    as_json: JsonOption = False,
) -> None:
    """Call a plan from the terminal, no telephone: type words or keys."""
    bench = Workbench(Home.find())
    found = bench.plan(plan)
    if operators not in get_args(Operators):
        raise typer.BadParameter(f"operators are {', '.join(get_args(Operators))}")
    rehearsal = Rehearsal(
        found,
        begins=_moment(at, found.time_zone),
        caller=caller,
        operators=cast("Operators", operators),
        outside=tuple(bench.settings.outside) if bench.settings else (),
        text_of=bench.text_of,
    )

    def tell(line: str, fact: dict[str, Any]) -> None:
        if as_json:
            _object(fact)
        elif line:
            _print(line)

    if not as_json and sys.stdin.isatty():
        _print(HELP)
    converse(rehearsal, sys.stdin, tell, bench.text_of)


def schema(
    tests: Annotated[bool, typer.Option("--tests", help="The schema of tests instead of plans")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the JSON Schema of plans, for completion and hover in editors."""
    found = tests_schema() if tests else plan_schema()
    _print(json.dumps(found, ensure_ascii=False, indent=None if as_json else 2))


def versions(as_json: JsonOption = False) -> None:
    """List the versions of plans and prompts that went live."""
    home = Home.find()
    kept = Versions(home.var / "versions")
    live = kept.live()
    for version in kept.all():
        is_live = live is not None and version.number == live.number
        if as_json:
            _object({**asdict(version), "at": version.at.isoformat(), "live": is_live})
        else:
            changed = ", ".join(version.changed[:4]) + (", …" if len(version.changed) > 4 else "")
            _print(
                f"{'→' if is_live else ' '} {version.number:>4}  {version.at.astimezone():%Y-%m-%d %H:%M:%S}  {changed}"
            )
    if not as_json and live is None:
        _print("no version has gone live yet: `ivr run` takes the first")
    if not as_json and live is not None and digest_of(read_files(home.root)) != live.digest:
        _print("the files in dialplans/ and prompts/ differ from the live version; `ivr check` and `ivr test` say why")


def rollback(
    version: Annotated[int | None, typer.Argument(help="Which; default: the one before the live one")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier version live again. Your files stay as they are; they go live when they are next changed."""
    home = Home.find()
    kept = Versions(home.var / "versions")
    found = kept.back_to(version, digest_of(read_files(home.root)))
    if as_json:
        _object({**asdict(found), "at": found.at.isoformat(), "live": True})
    else:
        _print(f"version {found.number} is live for new calls; calls under way go on with theirs")


def _moment(text: str, zone: str) -> datetime:
    if not text:
        return datetime.now(ZoneInfo(zone))
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a time: write 2026-11-23 12:00') from None


def _results(outcome: Outcome, *, as_json: bool) -> None:
    source = _source(outcome.document.file)
    for result in outcome.results:
        if as_json:
            failure = asdict(result.failure) if result.failure else None
            _object(
                {
                    "file": result.file,
                    "plan": outcome.plan,
                    "test": result.test,
                    "passed": failure is None,
                    "failure": failure,
                }
            )
        elif result.failure:
            _print(report.render(result.failure, source))
            _print("  what happened until then:")
            for fact in result.story:
                _print(f"    {fact}")


def _covered(covered: Any, *, as_json: bool, uncovered: bool) -> None:
    if as_json:
        _object({"plan": covered.plan, "ways": covered.ways, "walked": covered.walked, "missed": list(covered.missed)})
        return
    _print(f"{covered.plan}: {covered.walked} of {covered.ways} ways walked ({covered.share:.0%})")
    for way in covered.missed if uncovered else ():
        _print(f"  never walked: {way}")


def _show(findings: Iterable[Finding], *, as_json: bool) -> None:
    sources: dict[str, str] = {}
    for finding in findings:
        if as_json:
            _object(asdict(finding))
        else:
            source = sources.setdefault(finding.file, _source(finding.file))
            _print(report.render(finding, source))


def _existing(paths: list[Path] | None) -> list[Path]:
    for path in paths or ():
        if not path.exists():
            raise typer.BadParameter(f"there is no {path}")
    return paths or []


def _source(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _object(value: dict[str, Any]) -> None:
    _print(json.dumps(value, ensure_ascii=False))


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _exit_on(wrong: bool) -> None:
    if wrong:
        raise typer.Exit(1)
