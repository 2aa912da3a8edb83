"""Plans from files: read, parse, check all of them, and give either plans or every finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from ivr.dialplan.check import Known, check
from ivr.dialplan.model import Plan, Plans, TopicClassifier
from ivr.dialplan.nodes import Document, Mark, read
from ivr.dialplan.parse import Parsed, parse
from ivr.errors import ConfigurationInvalid, Finding

TOPICS_FILE = "topics.yaml"


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
        if path.name != TOPICS_FILE and not path.name.endswith(".tests.yaml")
    ]


def read_plans(paths: Iterable[Path], topics: TopicClassifier, known: Known) -> tuple[list[Plan], tuple[Finding, ...]]:
    """The plans that are whole, and all findings in the files' order."""
    plans: list[Plan] = []
    findings: list[Finding] = []
    owners: dict[str, str] = {}
    for path in paths:
        document, parsed = read_file(path, known)
        if parsed.head is not None:
            _only_one(document, parsed, owners)
        findings += sorted(document.findings, key=lambda finding: (finding.line, finding.column))
        if parsed.head is not None and not any(finding.severity == "error" for finding in document.findings):
            plans.append(_plan(parsed, topics))
    return plans, tuple(findings)


def read_file(path: Path, known: Known) -> tuple[Document, Parsed]:
    """One file, parsed and checked."""
    shown = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return _unreadable(shown, f"the file cannot be read: {error.strerror}", "")
    except UnicodeDecodeError as error:
        return _unreadable(shown, f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8")
    return read_text(text, shown, known)


def read_text(text: str, file: str, known: Known) -> tuple[Document, Parsed]:
    """One plan, parsed and checked."""
    document = read(text, file)
    parsed = parse(document)
    check(document, parsed, known)
    return document, parsed


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


def _plan(parsed: Parsed, topics: TopicClassifier) -> Plan:
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
    )
