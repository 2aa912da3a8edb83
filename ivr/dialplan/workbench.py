"""What the admin's commands work on: the plans, prompts, topics, operators and words of one checkout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ivr.config import Home, Settings, load_settings
from ivr.dialplan.check_draft import Known
from ivr.dialplan.model import Plan, Plans, TopicClassifier
from ivr.dialplan.services import HttpService, all_services, load_services
from ivr.dialplan.source import EXAMPLES_FILE, TOPICS_FILE, collected, plan_files, plan_name, read_plans
from ivr.dialplan.testing import TESTS_SUFFIX, read_tests
from ivr.errors import ConfigurationInvalid, Finding, IvrError
from ivr.operator.accounts import load_accounts
from ivr.prompts.catalogue import Catalogue, load_catalogue
from ivr.routing.skills import Profile
from ivr.speech.topics import TopicModel, load_topics


class Workbench:
    """Reads each part once; a part that is wrong is empty, and its findings are in `findings`."""

    def __init__(self, home: Home, content: Path | None = None) -> None:
        """`content` holds `dialplans/` and `prompts/` when they are not the checkout's own."""
        self.home = home
        self.dialplans = (content or home.root) / "dialplans"
        self.prompts = (content or home.root) / "prompts"
        self.findings: list[Finding] = []
        self.files = 0
        """How many files were read last."""

    @cached_property
    def catalogue(self) -> Catalogue:
        try:
            return load_catalogue(self.prompts)
        except ConfigurationInvalid as error:
            self.findings += error.findings
            return Catalogue({})

    @cached_property
    def topics(self) -> TopicClassifier:
        try:
            return load_topics(self.dialplans / TOPICS_FILE)
        except ConfigurationInvalid as error:
            self.findings += error.findings
            return TopicModel(())

    @cached_property
    def operators(self) -> Sequence[Profile]:
        try:
            return tuple(account.profile for account in load_accounts(self.home.config / "operators.yaml"))
        except ConfigurationInvalid as error:
            self.findings += error.findings
            return ()

    @cached_property
    def settings(self) -> Settings | None:
        try:
            return load_settings(self.home.config / "ivr.yaml")
        except ConfigurationInvalid as error:
            self.findings += error.findings
            return None

    @cached_property
    def services(self) -> Mapping[str, HttpService]:
        try:
            return load_services(self.home.config / "services.yaml")
        except ConfigurationInvalid as error:
            self.findings += error.findings
            return {}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The words that the recogniser knows; empty when its model is not there."""
        if self.settings is None:
            return frozenset()
        try:
            model = self.settings.speech.model
            listed = (self.home.root / model / "graph" / "words.txt").read_text(encoding="utf-8").splitlines()
        except OSError:
            return frozenset()
        return frozenset(line.partition(" ")[0].replace("ё", "е") for line in listed)

    @cached_property
    def known(self) -> Known:
        catalogue, topics = self.catalogue, self.topics
        return Known(
            prompts={language: catalogue.ids(language) for language in catalogue.languages} or None,
            topics=frozenset(topic.id for topic in topics.topics)
            if isinstance(topics, TopicModel) and topics.topics
            else None,
            words={"ru": self.vocabulary},
            operators=self.operators or None,
            services=all_services(self.services),
            outside=frozenset(self.settings.outside) if self.settings else None,
        )

    def text_of(self, language: str, prompt: str) -> str:
        """A prompt's words, without marks for the synthesiser; its id when there are none."""
        try:
            return self.catalogue.text(language, prompt).replace("+", "")
        except KeyError:
            return prompt

    def read(self, paths: Sequence[Path]) -> tuple[Plans, tuple[Finding, ...]]:
        """All plans that are whole, and everything that is wrong with these files and folders (default: all).

        The checkout's other plans are there, too, for those that call them; a file stands for its namesake there.
        """
        wanted = list(_plans_in(paths or [self.dialplans]))
        self.files = len(wanted)
        names = {path.name for path in wanted}
        others = [path for path in plan_files(self.dialplans) if path.name not in names]
        plans, findings = read_plans([*others, *wanted], self.topics, self.known)
        shown = {str(path) for path in wanted}
        return collected(plans), (*self.findings, *(finding for finding in findings if finding.file in shown))

    def check(self, paths: Sequence[Path]) -> tuple[Finding, ...]:
        """Everything that is wrong with these files and folders, whatever they are; default: all that admins write."""
        every = [self.dialplans, self.prompts, self.home.config]
        files = [file for path in paths or every for file in _files(path, "*.yaml")]
        plans = [file for file in files if _reader_of(file) is None]
        findings = list(self.read(plans)[1]) if plans else []
        for file in files:
            reader = _reader_of(file)
            if reader is not None:
                findings += [finding for finding in reader(file) if finding not in findings]
        self.files = len(files)
        return tuple(findings)

    def plan(self, name: str) -> Plan:
        """A plan by its file, its name or its line; raises when it is wrong or not there."""
        path = Path(name)
        plans, findings = self.read([path] if path.suffix == ".yaml" else [])
        errors = [finding for finding in findings if finding.severity == "error"]
        if errors and (path.suffix == ".yaml" or name not in plans.by_name):
            raise ConfigurationInvalid(errors)
        if path.suffix == ".yaml":
            name = plan_name(path)
        found = plans.by_name.get(name) or plans.for_line(name)
        if found is None:
            raise IvrError(f'there is no plan "{name}"', hint=f"there is {', '.join(plans.by_name) or 'none yet'}")
        return found

    def test_files(self, paths: Sequence[Path]) -> list[Path]:
        """The files of tests in these files and folders."""
        return [path for given in paths or [self.dialplans] for path in _files(given, f"*{TESTS_SUFFIX}")]


Reader = Callable[[Path], Sequence[Finding]]
_CATALOGUE = re.compile(r"[a-z]{2}\.yaml")


def _reader_of(path: Path) -> Reader | None:
    """What finds the mistakes in a file that is no plan; None for plans."""
    if path.name.endswith(TESTS_SUFFIX):
        return lambda file: read_tests(file)[0].in_order()
    if path.name == TOPICS_FILE:
        return _raised_by(load_topics)
    if path.name == EXAMPLES_FILE:
        return lambda file: [
            finding for finding in _raised_by(load_topics)(file.with_name(TOPICS_FILE)) if finding.file == str(file)
        ]
    if path.name == "operators.yaml" and path.parent.name != "dialplans":
        return _raised_by(load_accounts)
    if path.name == "services.yaml" and path.parent.name != "dialplans":
        return _raised_by(load_services)
    if path.name == "ivr.yaml":
        return _raised_by(load_settings)
    if _CATALOGUE.fullmatch(path.name):
        return lambda file: [
            finding for finding in _raised_by(load_catalogue)(file.parent) if finding.file == str(file)
        ]
    return None


def _raised_by(load: Callable[[Path], object]) -> Reader:
    def findings(path: Path) -> Sequence[Finding]:
        try:
            load(path)
        except ConfigurationInvalid as error:
            return error.findings
        return ()

    return findings


def _plans_in(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from plan_files(path) if path.is_dir() else [path]


def _files(path: Path, pattern: str) -> list[Path]:
    return sorted(path.glob(pattern)) if path.is_dir() else [path]
