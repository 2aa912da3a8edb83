"""What is doubtful in an admin's topics, found by trying every phrase against all the others. Pure.

A phrase is tried by the text it stands for itself. So what is reported here is what callers would meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set

from ivr.errors import Finding
from ivr.speech import words
from ivr.speech.examples import Example
from ivr.speech.phrases import Phrase, Word
from ivr.speech.topic_file import Rule, Topic
from ivr.speech.topics import NONE, TopicModel

_SAMPLES = 12
"""How many of a phrase's alternatives are tried."""
_CLEAR_WEIGHT = 3.5
"""From this weight on a phrase by itself should decide."""


def check_topics(model: TopicModel, file: str, known: Set[str] | None, examples: Sequence[Example]) -> list[Finding]:
    """Find clashes, phrases that never count, words that the recogniser (vocabulary `known`) cannot write.

    Phrases that no example uses are reported only when there are examples.
    """
    lemmas = None if known is None else frozenset(lemma for word in known for lemma in words.lemmas(word))
    used = Counter(phrase for one in examples for phrase in model.classify(one.text).matched)
    findings: list[Finding] = []
    missing: set[str] = set()
    for topic in model.topics:
        for rule in topic.rules:
            for message, hint in _doubts(model, topic, rule):
                findings.append(Finding(file, rule.line, rule.column, "warning", message, hint))
            if lemmas is None:
                continue
            unknown = [word for word in _unknown(rule.phrase, lemmas, known or frozenset()) if word not in missing]
            missing.update(unknown)  # once each: groups bring the same word into many phrases
            if unknown:
                findings.append(
                    Finding(
                        file,
                        rule.line,
                        rule.column,
                        "warning",
                        f"{topic.id}: the recogniser does not know {', '.join(unknown)}",
                        "add the words that are meant: ivr models words add WORD…",
                    )
                )
    findings += _same(model, file)
    if examples and not used:
        findings.append(Finding(file, 1, 1, "error", "no phrase fits any example", "are these the right examples?"))
    return sorted(findings, key=lambda finding: (finding.line, finding.column))


def never_used(model: TopicModel, examples: Sequence[Example]) -> list[tuple[str, str]]:
    """Return (topic, phrase) of the phrases that count in no example."""
    used = {
        (found.topic, phrase) for one in examples for found in [model.classify(one.text)] for phrase in found.matched
    }
    return [
        (topic.id, rule.phrase.text)
        for topic in model.topics
        for rule in topic.rules
        if rule.weight > 0 and (topic.id, rule.phrase.text) not in used
    ]


def confusion(model: TopicModel, examples: Iterable[Example]) -> Counter[tuple[str, str]]:
    """Count (labelled topic, found topic)."""
    return Counter((one.topic, model.classify(one.text).topic) for one in examples)


def _doubts(model: TopicModel, topic: Topic, rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.weight < 0:
        return
    samples = list(_samples(rule.phrase))
    found = [model.classify(sample) for sample in samples]
    if not any(rule.phrase.text in one.matched for one in found if one.topic == topic.id) and all(
        one.topic == topic.id for one in found
    ):
        yield f'{topic.id}: "{rule.phrase.text}" never counts: stronger phrases cover all its words', "remove it"
    if rule.weight >= _CLEAR_WEIGHT:
        for sample, one in zip(samples, found, strict=True):
            if one.topic not in (topic.id, NONE):
                yield (
                    f'{topic.id}: "{sample}" goes to {one.topic} by {", ".join(one.matched[:2])}',
                    "raise or lower one of the weights, or make one phrase more precise",
                )
                break


def _samples(phrase: Phrase) -> Iterator[str]:
    """Texts that the phrase stands for: each alternative once, in the order of the file."""
    elements = list(phrase.elements)
    most = max(len(element.runs) for element in elements)
    for index in range(min(most, _SAMPLES)):
        runs = [element.runs[index % len(element.runs)] for element in elements]
        yield " ".join(word.text for run in runs for word in run)


def _unknown(phrase: Phrase, lemmas: Set[str], known: Set[str]) -> list[str]:
    looked_for = {word: None for element in phrase.elements for run in element.runs for word in run}
    return [
        word.text + "*" * (word.kind == "begins")
        for word in looked_for
        if word.text.isalpha() and not _knows(word, lemmas, known)
    ]


def _knows(word: Word, lemmas: Set[str], known: Set[str]) -> bool:
    if word.kind == "begins":
        return any(words.plain(one).startswith(word.text) for one in known)
    return word.text in lemmas if word.kind == "lemma" else any(words.plain(one) == word.text for one in known)


def _same(model: TopicModel, file: str) -> Iterator[Finding]:
    """Phrases that speak for two topics with equal force decide nothing."""
    first: dict[tuple[object, float], tuple[Topic, Rule]] = {}
    for topic in model.topics:
        for rule in topic.rules:
            key = (rule.phrase.parts, rule.weight)
            if key in first and first[key][0] is not topic:
                other, earlier = first[key]
                yield Finding(
                    file,
                    rule.line,
                    rule.column,
                    "warning",
                    f'"{rule.phrase.text}" speaks for {topic.id} as much as for {other.id} (line {earlier.line})',
                    "keep it in one of them, or give them different weights",
                )
            first.setdefault(key, (topic, rule))
