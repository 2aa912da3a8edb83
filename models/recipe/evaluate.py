"""Errors by who is speaking and over which line, and what recognition costs: the table of the model's card.

python -m recipe.evaluate --work DIR MODEL_DIRECTORY [--network FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ivr.call.events import Heard
from ivr.speech.topics import load_topics

from recipe import corpus, held_out, store
from recipe.batches import Kind
from recipe.network import load
from recipe.recognise import load_seconds, on_telephone, recognise
from recipe.scoring import phone_error

NOISE_DECIBELS = (20, 15, 10, 5)
TOPICS = corpus.PROJECT / "dialplans/topics.yaml"
_BEGIN, _END = "<!-- errors -->\n", "<!-- end of errors -->\n"

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tests:
    """Where the test sets lie in the work folder."""

    work: Path

    @property
    def packages(self) -> Path:
        return self.work / "packages/root"

    def features(self, name: str) -> Kind:
        return Kind([store.read(self.work / f"features/test-{name}")])

    def phone_tests(self) -> dict[str, Kind]:
        return {name: self.features(name) for name in ("people", "asterisk", "synthetic")}

    def prompts(self) -> list[held_out.Recording]:
        """Prompts of at least two words: single ones are mostly names of digits and units."""
        return [one for one in held_out.asterisk_prompts(self.packages) if " " in one.text]

    def hotline(self) -> list[held_out.Recording]:
        return list(held_out.synthetic(self.work / "speech/test-synthetic"))

    def callers(self) -> list[held_out.Recording]:
        return list(held_out.synthetic(self.work / "speech/test-callers"))


def rows(model_directory: Path, network: Path | None, tests: Tests, every: int = 1) -> Iterator[Row]:
    """Lines of the table: what was tested, and the error or cost. `every` takes each n-th recording only."""
    if network:
        trained = load(network)
        for name, who in (
            ("people", "people: 28 VoxForge amateurs at home"),
            ("asterisk", "people: asterisk-core-sounds-ru, one professional woman"),
            ("synthetic", "synthetic voices irina and mikhail, hotline phrases"),
        ):
            yield f"{who}: phone errors", f"{phone_error(trained, tests.features(name), every):.1f} %"
    prompts, hotline = tests.prompts()[::every], tests.hotline()[::every]
    result = recognise(model_directory, prompts)
    yield (
        f"asterisk-core-sounds-ru, {len(prompts)} prompts of another domain: word errors",
        f"{result.word_error:.1f} %",
    )
    result = recognise(model_directory, hotline)
    yield f"irina and mikhail, {len(hotline)} hotline phrases, clean: word errors", f"{result.word_error:.1f} %"
    cost = result.real_time_factor
    for decibels in NOISE_DECIBELS:
        result = recognise(model_directory, hotline, partial(_noisy, decibels=decibels))
        yield f"the same, telephone band, A-law, noise at {decibels} dB: word errors", f"{result.word_error:.1f} %"
        cost = result.real_time_factor
    callers = tests.callers()[::every]
    for decibels in NOISE_DECIBELS:
        result = recognise(model_directory, callers, partial(_noisy, decibels=decibels))
        what = f"{len(callers)} sentences of callers by irina and mikhail, noise at {decibels} dB: right topics"
        yield what, f"{_right_topics(callers, result.heard)}; word errors {result.word_error:.1f} %"
    written = [Heard("text", one.text) for one in callers]
    yield "the same from their text, without recognition: right topics", _right_topics(callers, written)
    yield "processor seconds for a second of speech (noise at 5 dB)", f"{cost:.3f}, {0.9 / cost:.0f} streams a core"
    yield "loaded in", f"{load_seconds(model_directory):.2f} s"
    files = (file for file in model_directory.rglob("*") if file.is_file())
    yield "size of the directory", f"{sum(file.stat().st_size for file in files) / 2**20:.1f} MB"


def _right_topics(said: Sequence[held_out.Recording], heard: Sequence[Heard]) -> str:
    """Share of sentences, in per cent, whose topic the product finds: of those developed on, of those held out."""
    topics, shares = load_topics(TOPICS), []
    for name in (corpus.CALLERS, corpus.CALLERS_HELD_OUT):
        wanted = corpus.callers_topics(name)
        pairs = [(one, by_ear) for one, by_ear in zip(said, heard, strict=True) if one.text in wanted]
        right = sum(topics.classify(ear.text, ear.alternatives).topic == wanted[one.text] for one, ear in pairs)
        shares.append(100.0 * right / len(pairs))
    return f"{shares[0]:.1f} %, held-out sentences {shares[1]:.1f} %"


def _noisy(samples: store.Bands, number: int, decibels: float) -> store.Bands:
    return on_telephone(samples, decibels, seed=number)


def write_card(card: Path, table: Sequence[Row]) -> None:
    """Replace the table between the card's marks."""
    text = card.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    lines = ["| test (no speaker of a test is in the training) | result |", "| --- | --- |"]
    lines += [f"| {what} | {result} |" for what, result in table]
    card.write_text(before + _BEGIN + "\n".join(lines) + "\n" + _END + after, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--network", type=Path, help="training/network.pt, for phone errors")
    parser.add_argument("--every", type=int, default=1, help="only each n-th recording")
    arguments = parser.parse_args()
    for what, result in rows(arguments.model, arguments.network, Tests(arguments.work), arguments.every):
        print(f"{what}: {result}", flush=True)


if __name__ == "__main__":
    main()
