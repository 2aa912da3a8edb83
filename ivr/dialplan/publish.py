"""From saved files to live plans: only what passes the checks and its own tests reaches callers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ivr.config import Home
from ivr.dialplan.model import Plans
from ivr.dialplan.testing import run_file
from ivr.dialplan.versions import Version, Versions, digest_of, read_files
from ivr.dialplan.workbench import Workbench
from ivr.errors import Finding
from ivr.prompts.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Live:
    """What callers meet: plans and the texts of their prompts, from one version."""

    version: Version
    plans: Plans
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class Refused:
    """The saved files stay where they are; callers meet what they met before. `findings` are in the files' order."""

    findings: tuple[Finding, ...]
    digest: str = ""
    """Of the files that were tried."""

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


Prepare = Callable[[Catalogue], None]
"""What has to be done before prompts can be played: their sounds are made. Blocks."""


def publish(home: Home, versions: Versions, now: datetime, prepare: Prepare = lambda _: None) -> Live | Refused | None:
    """Try the working files; None when they have been tried already. Blocks: reads, checks, runs tests."""
    files = read_files(home.root)
    digest = digest_of(files)
    live = versions.live()
    if digest == versions.considered() or (live is not None and digest == live.digest):
        return None
    tried = _tried(Workbench(home))
    if isinstance(tried, Refused):
        versions.consider(digest)
        return replace(tried, digest=digest)
    plans, catalogue = tried
    prepare(catalogue)
    return Live(versions.add(files, now), plans, catalogue)


def load(home: Home, versions: Versions, version: Version) -> Live:
    """A version that went live before. It was whole then; if it is no more (operators or topics have changed), what is
    left of it goes live all the same: a rollback is needed most when something is wrong."""
    bench = Workbench(home, versions.root(version.number))
    plans, _ = bench.read([])
    return Live(version, plans, bench.catalogue)


def _tried(bench: Workbench) -> tuple[Plans, Catalogue] | Refused:
    plans, findings = bench.read([])
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        return Refused(tuple(errors))
    failures: list[Finding] = []
    for path in bench.test_files([]):
        outcome = run_file(path, plans.by_name.get, bench.text_of)
        failures += outcome.document.findings
        failures += [result.failure for result in outcome.results if result.failure]
    return Refused(tuple(failures)) if failures else (plans, bench.catalogue)
