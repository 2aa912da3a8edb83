"""The commands on speech and topics: classify, recognise, topics check, models fetch."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr.config import Home, load_settings
from ivr.errors import ConfigurationInvalid, Finding, IvrError
from ivr.speech.examples import Example
from ivr.speech.topic_check import check_topics, confusion, never_used
from ivr.speech.topics import Classification, TopicModel, load_topics

_STRAYS_SHOWN = 20

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]


def classify(
    texts: Annotated[list[str] | None, typer.Argument(help="Sentences; none: one a line from standard input")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find the topic of what a caller says."""
    model = _topics(Home.find())
    for text in texts or (line.strip() for line in sys.stdin):
        found = model.classify(text)
        _show(_facts(text, found), found, as_json=as_json)


def recognise(
    files: Annotated[list[Path], typer.Argument(help="WAV files with speech, of any rate")],
    as_json: JsonOption = False,
    words: Annotated[list[str] | None, typer.Option("--word", help="Expect only these words and phrases")] = None,
) -> None:
    """Recognise recordings as if a caller had said them, and find their topics."""
    from ivr.speech.endpoint import SAMPLE_RATE
    from ivr.speech.recognizer import SpeechModel
    from ivr.speech.recording import read_recording
    from ivr.speech.transcript import transcribe

    home = Home.find()
    topics = _topics(home)
    model = SpeechModel(_model_directory(home))
    unreadable: list[IvrError] = []
    for file in files:
        try:
            samples = read_recording(file)
        except IvrError as error:
            unreadable.append(error)  # the others are still worth hearing
            continue
        heard = transcribe(model, samples, tuple(words) if words else None)
        found = topics.classify(heard.text, heard.alternatives, heard.confidence)
        facts = {**_facts(heard.text, found), "file": str(file), "seconds": round(len(samples) / SAMPLE_RATE, 2)}
        _show(facts, found, as_json=as_json)
    if unreadable:
        raise IvrError("\n".join(str(error) for error in unreadable))


def check(
    examples: Annotated[
        Path | None, typer.Option(help="Labelled sentences: topic, tab, text a line; default: the project's own")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find what is doubtful in dialplans/topics.yaml, and how it does on labelled sentences."""
    home = Home.find()
    file = _topics_file(home)
    try:
        model = load_topics(file)
    except ConfigurationInvalid as error:
        _findings(error.findings, as_json=as_json)
        raise typer.Exit(1) from None
    labelled = _examples(examples or home.root / "tests" / "speech" / "callers.tsv", required=examples is not None)
    findings = check_topics(model, str(file.relative_to(home.root)), _vocabulary(_model_directory(home)), labelled)
    _findings(findings, as_json=as_json)
    if labelled and not as_json:
        _report(model, labelled)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


def fetch_model(
    language: Annotated[str, typer.Argument(help="ru")] = "ru",
) -> None:
    """Download the official Vosk model, check its hash and unpack it into models/."""
    import vosk

    from ivr.speech.official import fetch

    directory = fetch(language, Home.find().root / "models", vosk.MODEL_LIST_URL)
    sys.stdout.write(f"{directory}\nTo use it, write in config/ivr.yaml:\nspeech:\n  model: models/{directory.name}\n")


def add_model_words(
    words: Annotated[list[str], typer.Argument(help="Words as a dictionary has them; all their forms are added")],
    phrase: Annotated[list[str] | None, typer.Option(help="A phrase that callers say; may be given again")] = None,
) -> None:
    """Teach the recogniser new words in seconds: the acoustic model stays, its graph is built anew."""
    from ivr.speech.lexicon.vocabulary import add_words

    home = Home.find()
    settings = load_settings(home.config / "ivr.yaml")
    present, target = home.model(settings), home.var / "models" / settings.speech.model.name
    made = target.with_name(f"{target.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    new = add_words(present, words, phrase or (), made, _tell_progress)
    replaced = target.with_name(f"{target.name}.old")
    shutil.rmtree(replaced, ignore_errors=True)
    if target.exists():
        target.rename(replaced)
    made.rename(target)
    shutil.rmtree(replaced, ignore_errors=True)
    sys.stdout.write(f"{len(new)} new words and forms: {', '.join(sorted(new)) or 'none, all were known'}\n")
    sys.stdout.write("Restart the hotline, or its speech workers, to use them.\n")


def _tell_progress(step: str) -> None:
    sys.stderr.write(f"  {step}\n")


def _topics_file(home: Home) -> Path:
    return home.dialplans / "topics.yaml"


def _topics(home: Home) -> TopicModel:
    return load_topics(_topics_file(home))


def _model_directory(home: Home) -> Path:
    return home.model(load_settings(home.config / "ivr.yaml"))


def _vocabulary(model: Path) -> frozenset[str] | None:
    """The words that the recogniser can write; None when the model does not list them."""
    try:
        lines = (model / "graph" / "words.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return frozenset(line.split()[0] for line in lines if line and line[0].isalpha())


def _examples(file: Path, *, required: bool) -> list[Example]:
    if not required and not file.exists():
        return []
    rows: list[Example] = []
    findings: list[Finding] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise IvrError("the examples cannot be read", where=str(file)) from error
    for number, line in enumerate(lines, 1):
        topic, tab, text = line.partition("\t")
        if tab and text.strip():
            rows.append(Example(topic.strip(), text.strip()))
        elif line.strip():
            findings.append(Finding(str(file), number, 1, "error", "a line is a topic, a tab and a sentence"))
    if findings:
        raise ConfigurationInvalid(findings)
    return rows


def _facts(text: str, found: Classification) -> dict[str, Any]:
    facts = {"text": text, "topic": found.topic, "confidence": found.confidence, "matched": list(found.matched)}
    matter = found.matters.get(found.topic)
    return {**facts, "matter": matter} if matter else facts


def _show(facts: dict[str, Any], found: Classification, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        return
    second = ", ".join(f"{topic} {share:.0%}" for topic, share in found.alternatives[:2])
    matter = f" ({facts['matter']})" if "matter" in facts else ""
    sys.stdout.write(f"{found.topic:13} {found.confidence:4.0%}  {facts['text']}{matter}\n")
    if found.matched:
        sys.stdout.write(f"{'':19} by {'; '.join(found.matched[:3])}{f'  (else {second})' if second else ''}\n")


def _findings(findings: list[Finding] | tuple[Finding, ...], *, as_json: bool) -> None:
    for finding in findings:
        line = json.dumps(asdict(finding), ensure_ascii=False) if as_json else f"{finding.severity}: {finding}"
        sys.stdout.write(line + "\n")


def _report(model: TopicModel, examples: list[Example]) -> None:
    counts = confusion(model, examples)
    right = sum(count for (label, found), count in counts.items() if label == found)
    names = [*dict.fromkeys([topic.id for topic in model.topics] + ["none"] + [one.topic for one in examples])]
    out = sys.stdout
    out.write(
        f"\n{right} of {len(examples)} sentences right ({right / len(examples):.1%}); rows: said, columns: found\n"
    )
    out.write(f"{'':17}" + "".join(f"{number:5}" for number in range(1, len(names) + 1)) + "\n")
    for number, label in enumerate(names, 1):
        cells = "".join(f"{counts[label, found] or '·':>5}" for found in names)
        out.write(f"{number:2} {label:14}{cells}\n")
    unused = Counter(topic for topic, _ in never_used(model, [*examples, *model.examples]))
    out.write(
        "\nPhrases that no sentence uses: " + ", ".join(f"{topic} {count}" for topic, count in unused.items()) + "\n"
    )
    strays = [(one, model.classify(one.text).topic) for one in model.examples]
    strays = [(one, found) for one, found in strays if found != one.topic]
    out.write(
        f"\n{len(model.examples) - len(strays)} of {len(model.examples)} examples go to their topic; the others:\n"
    )
    for one, found in strays[:_STRAYS_SHOWN]:
        out.write(f"{one.topic:13} goes to {found:13} {one.text}\n")
    if len(strays) > _STRAYS_SHOWN:
        out.write(f"… and {len(strays) - _STRAYS_SHOWN} more\n")
