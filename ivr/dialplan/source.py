"""Plans from files: read, parse, check all of them, and give either plans or every finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path

from ivr.dialplan.check import check
from ivr.dialplan.check_calls import circle
from ivr.dialplan.check_draft import Known
from ivr.dialplan.model import Plan, Plans, TopicClassifier
from ivr.dialplan.nodes import Document, Mark, read
from ivr.dialplan.parse import Parsed, parse
from ivr.dialplan.steps.call import CallPlan
from ivr.dialplan.steps.give_back import GiveBack
from ivr.dialplan.steps.transfer import Transfer
from ivr.errors import ConfigurationInvalid, Finding
from ivr.hours import ALWAYS

TOPICS_FILE = "topics.yaml"
EXAMPLES_FILE = "topics.examples.yaml"


def load_plans(
    directory: Path, topics: TopicClassifier, *, prompts: Mapping[str, AbstractSet[str]] | None = None
) -> Plans:
    """All plans of a directory; `prompts` are the catalogue's ids by language.

    Raises `ConfigurationInvalid` with all findings.
    """
    plans, findings = read_plans(plan_files(directory), topics, Known(prompts=prompts))
    if not plans and not findings:
        findings = (Finding(str(directory), 1, 1, "error", "there is no plan here", "add a file NAME.yaml"),)
    if any(finding.severity == "error" for finding in findings):
        raise ConfigurationInvalid(findings)
    return collected(plans)


def plan_files(directory: Path) -> list[Path]:
    """The files of a directory that hold plans."""
    return [
        path
        for path in sorted(directory.glob("*.yaml"))
        if path.name not in (TOPICS_FILE, EXAMPLES_FILE) and not path.name.endswith(".tests.yaml")
    ]


def read_plans(paths: Iterable[Path], topics: TopicClassifier, known: Known) -> tuple[list[Plan], tuple[Finding, ...]]:
    """The plans that are whole, and all findings in the files' order."""
    read_files = [read_file(path) for path in paths]
    heads = {parsed.head.plan: parsed.head for _, parsed in read_files if parsed.head is not None}
    known = replace(known, plans=heads, returning=_returning(read_files))
    owners: dict[str, str] = {}
    for document, parsed in read_files:
        check(document, parsed, known)
        _only_one(document, parsed, owners)
    _no_circle(read_files)
    findings = [finding for document, _ in read_files for finding in document.in_order()]
    whole = [parsed for document, parsed in read_files if parsed.head is not None and not document.errors]
    return _linked(whole, topics), tuple(findings)


def read_file(path: Path) -> tuple[Document, Parsed]:
    """One file, parsed but not checked."""
    shown = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return _unreadable(shown, f"the file cannot be read: {error.strerror}", "")
    except UnicodeDecodeError as error:
        return _unreadable(shown, f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8")
    return read_text(text, shown)


def read_text(text: str, file: str) -> tuple[Document, Parsed]:
    """One plan, parsed but not checked."""
    document = read(text, file)
    return document, parse(document)


def _returning(read_files: Sequence[tuple[Document, Parsed]]) -> frozenset[str]:
    return frozenset(
        parsed.head.plan
        for _, parsed in read_files
        if parsed.head is not None
        for steps in parsed.sections.values()
        if any(isinstance(step, GiveBack) for _, step in steps)
    )


def _calls(parsed: Parsed) -> set[str]:
    """Plans that it calls, or passes callers on to."""
    steps = [step for steps in parsed.sections.values() for _, step in steps]
    passed = {step.plan for step in steps if isinstance(step, Transfer) and step.plan is not None}
    return passed | {step.call for step in steps if isinstance(step, CallPlan)}


def _no_circle(read_files: Sequence[tuple[Document, Parsed]]) -> None:
    found = circle({parsed.head.plan: _calls(parsed) for _, parsed in read_files if parsed.head is not None})
    if found is None:
        return
    for document, parsed in read_files:
        if parsed.head is not None and parsed.head.plan == found[0]:
            what = f"plans call each other in a circle: {' → '.join(found)}"
            document.add(document.value_mark(("plan",)), what, "let one of them go on by itself")


def _linked(whole: Sequence[Parsed], topics: TopicClassifier) -> list[Plan]:
    """Plans, each with those that it calls; a plan that calls a broken one is left out."""
    by_name = {parsed.head.plan: parsed for parsed in whole if parsed.head is not None}
    built: dict[str, Plan] = {}
    for name in TopologicalSorter({name: _calls(parsed) for name, parsed in by_name.items()}).static_order():
        calls = _calls(by_name[name]) if name in by_name else set()
        if name in by_name and calls <= built.keys():
            called = {
                inner: plan for call in calls for inner, plan in (*built[call].called.items(), (call, built[call]))
            }
            built[name] = _plan(by_name[name], topics, called)
    return [built[name] for name in by_name if name in built]


def plan_name(path: Path) -> str:
    """What the plan in a file calls itself; "" when that cannot be read."""
    head = read_file(path)[1].head
    return head.plan if head else ""


def collected(plans: Iterable[Plan]) -> Plans:
    """Plans by name and by line."""
    by_name = {plan.name: plan for plan in plans}
    return Plans(by_name, {line: plan for plan in by_name.values() for line in plan.lines})


def _unreadable(file: str, message: str, hint: str) -> tuple[Document, Parsed]:
    document = Document(file, values={(): Mark(1, 1)})
    document.add(Mark(1, 1), message, hint)
    return document, Parsed()


def _only_one(document: Document, parsed: Parsed, owners: dict[str, str]) -> None:
    """A name or a line belongs to one plan; `owners` tells which file came first."""
    head = parsed.head
    if head is None:
        return
    wanted = [
        (f"plan {head.plan}", ("plan",)),
        *((f"line {line}", ("lines", index)) for index, line in enumerate(head.lines)),
    ]
    for what, place in wanted:
        owner = owners.setdefault(what, document.file)
        if owner != document.file:
            document.add(document.value_mark(place), f"{what} is already in {owner}", "give it to one plan only")


def _plan(parsed: Parsed, topics: TopicClassifier, called: Mapping[str, Plan]) -> Plan:
    head = parsed.head
    if head is None:
        raise ValueError("a plan without a head is not whole")
    sections = {name: tuple(step for _, step in steps) for name, steps in parsed.sections.items()}
    return Plan(
        name=head.plan,
        title=head.title,
        lines=head.lines,
        languages=head.languages,
        time_zone=head.time_zone,
        variables=head.variables,
        hours=head.hours,
        start=head.start,
        sections=sections,
        topics=topics,
        returns=head.returns,
        called=called,
        open_hours=head.hours[head.open] if head.open else ALWAYS,
    )
