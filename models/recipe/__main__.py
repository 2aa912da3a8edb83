"""From speech to a Vosk model directory: python -m recipe --work DIR --people FEATURES_DIR

Every stage leaves its result in the work folder and is skipped once that is there; training goes on from its last
checkpoint. Stop it at any time and give the same command again, days later if need be.
"""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ivr.speech.lexicon.vocabulary import write_graph

from recipe import corpus, evaluate, held_out, packages, store, voices
from recipe.batches import Kind
from recipe.from_model import read_model, write_heard
from recipe.network import load
from recipe.nnet3 import write_model
from recipe.train import Schedule, train
from recipe.verify import verify


@dataclass(frozen=True, slots=True)
class Part:
    """Synthetic speech of one kind of voice saying one kind of text."""

    voices: str
    texts: str
    utterances: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.voices}-{self.texts}"


PARTS = (
    Part("rhvoice", "general", 4500, 11),
    Part("festival", "general", 2500, 12),
    Part("espeak", "general", 800, 13),
    Part("rhvoice", "hotline", 3000, 21),
)
_TEST_SEED = 99
# Programs for matrix products that torch keeps: 40 for each shape of batch. Twenty times fewer would be thrown away too soon.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "20000")


def make_packages(work: Path) -> Path:
    root, done = work / "packages/root", work / "packages/done"
    if not done.exists():
        print("packages: synthesisers, voices, texts and test prompts", flush=True)
        packages.unpack(work / "packages")
        done.touch()
    return root


def make_speech(work: Path, root: Path) -> None:
    folder = work / "speech"
    folder.mkdir(exist_ok=True)
    for part in PARTS:
        if not (folder / f"{part.name}.jsonl").exists():
            print(f"speech: {part.name}", flush=True)
            if part.texts == "hotline":
                sentences = corpus.hotline_sentences(part.utterances, part.seed)
            else:
                sentences = corpus.general_sentences(root, part.utterances, part.seed)
            voices.synthesise(root, part.voices, sentences, folder / part.name, part.seed)
    tests = {"test-synthetic": corpus.test_phrases(), "test-callers": corpus.callers_topics()}
    for name, texts in tests.items():
        if not (folder / f"{name}.jsonl").exists():
            voices.synthesise(root, "held-out", sorted(texts), folder / name, _TEST_SEED)


def make_features(work: Path, root: Path, people: Path) -> None:
    folder = work / "features"
    folder.mkdir(exist_ok=True)
    # Generators: nothing is read before it is asked for.
    spoken = {
        "people": store.people(people, testing=False),
        "test-people": store.people(people, testing=True),
        "test-asterisk": held_out.bands(held_out.asterisk_prompts(root)),
        "test-synthetic": held_out.bands(held_out.synthetic(work / "speech/test-synthetic")),
        **{part.name: store.synthetic(work / "speech" / part.name, part.seed) for part in PARTS},
    }
    for name, items in spoken.items():
        if not (folder / f"{name}.jsonl").exists():
            print(f"features: {name}", flush=True)
            store.write(folder / name, items)


def make_network(work: Path, schedule: Schedule, model: Path | None) -> Path:
    if model:
        verify(read_model(model), model, evaluate.Tests(work).hotline()[0].samples)
    features = work / "features"
    people = Kind([store.read(features / "people")])
    synthetic = Kind([store.read(features / part.name) for part in PARTS])
    return train(people, synthetic, evaluate.Tests(work).phone_tests(), schedule, work / "training", model)


def make_model(work: Path, root: Path, network: Path, keywords: Path) -> Path:
    """The model directory from a network, and a fresh graph from the texts as they are now."""
    directory = work / "model"
    shutil.rmtree(directory, ignore_errors=True)
    trained = load(network)
    write_model(trained, directory)
    write_heard(network, directory)
    verify(trained, directory, evaluate.Tests(work).hotline()[0].samples)
    write_graph(corpus.lexicon(root, keywords.read_text("utf-8")), directory, lambda step: print(step, flush=True))
    return directory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for everything made; needs 5 GB")
    parser.add_argument("--people", type=Path, required=True, help="real people's speech as features; see README.md")
    parser.add_argument("--steps", type=int, default=5_000, help="training steps in all (default %(default)s)")
    parser.add_argument("--cooling-steps", type=int, default=3_000, help="of them at a falling rate")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate before it falls (default %(default)s)")
    parser.add_argument("--cores", type=int, default=2, choices=(1, 2), help="that train")
    parser.add_argument("--from", type=Path, dest="model", metavar="MODEL", help="go on from a finished model")
    parser.add_argument("--keywords", type=Path, default=evaluate.TOPICS, help="words it must know")
    parser.add_argument("--network", type=Path, help="make the model of this checkpoint instead of training on")
    parser.add_argument("--card", type=Path, help="write the table of errors into this model card")
    arguments = parser.parse_args()
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    root = make_packages(work)
    make_speech(work, root)
    make_features(work, root, arguments.people)
    schedule = Schedule(arguments.steps, arguments.cooling_steps, arguments.rate, cores=arguments.cores)
    network = arguments.network or make_network(work, schedule, arguments.model)
    model = make_model(work, root, network, arguments.keywords)
    table = []
    for what, result in evaluate.rows(model, network, evaluate.Tests(work)):
        print(f"{what}: {result}", flush=True)
        table.append((what, result))
    if arguments.card:
        evaluate.write_card(arguments.card, table)
    print(f"the model is in {model}", flush=True)


if __name__ == "__main__":
    main()
