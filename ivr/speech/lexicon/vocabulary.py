"""The words of a model directory, and the same model with more of them."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ivr.speech.lexicon import graph
from ivr.speech.lexicon.forms import inflected, with_yo
from ivr.speech.lexicon.language_model import Counts, History, estimate
from ivr.speech.lexicon.pronounce import pronunciations

_WORDS, _COUNTS = "lexicon/words.txt.gz", "lexicon/counts.txt.gz"
_LEFT_OUT = "*"  # stands for rare words whose own counts are not kept
_RAREST_KEPT = (0.0, 0.3, 1.0)
# A keyword or phrase that an admin adds weighs as much as this many sentences of the model's own texts.
_KEYWORD_WEIGHT, _FORM_WEIGHT, _PHRASE_WEIGHT = 6.0, 1.0, 12.0

Progress = Callable[[str], None]


def _silently(step: str) -> None:
    """Nobody is waiting."""


class VocabularyNotExtensible(ValueError):
    """The model directory holds no lexicon to rebuild its graph from."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What a graph is built from: words with their general frequency (any scale), and counts of sentences."""

    frequencies: dict[str, float]
    counts: Counts


def vocabulary(model_directory: Path) -> frozenset[str]:
    """All words the model can recognise, each also with "е" for "ё"."""
    with (model_directory / "graph/words.txt").open(encoding="utf-8") as lines:
        words = {line.split()[0] for line in lines}
    spoken = {word for word in words if word[0] not in "<[#"}
    return frozenset(spoken | {word.replace("ё", "е") for word in spoken})


def add_words(
    model_directory: Path,
    words: Iterable[str],
    phrases: Iterable[str],
    out_directory: Path,
    progress: Progress = _silently,
) -> frozenset[str]:
    """Copy a model with more words in all their forms and likelier phrases; takes seconds, trains nothing.

    `out_directory` must not exist; it appears complete or not at all. Returns the words that are new to the model.
    Raises VocabularyNotExtensible, Unpronounceable (a word not in Russian letters) and FileExistsError.
    """
    if out_directory.exists():
        raise FileExistsError(f"{out_directory} exists already; name a new directory for the extended model")
    lexicon = read_lexicon(model_directory)
    keywords = [_normal(word) for word in words]
    sentences = [_normal(phrase) for phrase in phrases]
    progress("inflecting words")
    single = dict.fromkeys(word for text in (*keywords, *sentences) for word in text.split())
    forms = {form for word in single for form in inflected(word)}
    new = frozenset(form for form in forms if form not in lexicon.frequencies)
    lexicon.frequencies.update(dict.fromkeys(new, 0.0))
    lexicon.counts.add(keywords, _KEYWORD_WEIGHT)
    lexicon.counts.add(sorted(forms), _FORM_WEIGHT)
    lexicon.counts.add(sentences, _PHRASE_WEIGHT)
    out_directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{out_directory.name}-", dir=out_directory.parent))
    try:
        progress("copying the model")
        shutil.copytree(model_directory, unfinished, dirs_exist_ok=True)
        unfinished.chmod(0o755)
        write_graph(lexicon, unfinished, progress)
        unfinished.rename(out_directory)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return new


def write_graph(lexicon: Lexicon, model_directory: Path, progress: Progress = _silently) -> None:
    """Build the graph of a lexicon into a model directory, the lexicon beside it."""
    progress("pronouncing words")
    spoken = {word: pronunciations(word) for word in lexicon.frequencies}
    progress("estimating the language model")
    model = estimate(lexicon.counts, lexicon.frequencies)
    progress("building the graph")
    built = graph.build(spoken, model)
    progress("writing files")
    folder = model_directory / "graph"
    (folder / "phones").mkdir(parents=True, exist_ok=True)
    (folder / "HCLr.fst").write_bytes(built.lexicon)
    (folder / "Gr.fst").write_bytes(built.grammar)
    (folder / "words.txt").write_text(graph.words_table(built.words), encoding="utf-8")
    (folder / "disambig_tid.int").write_text("")  # Vosk wants the file; this graph needs no disambiguation symbols
    write_lexicon(lexicon, model_directory)


def write_lexicon(lexicon: Lexicon, model_directory: Path) -> None:
    (model_directory / "lexicon").mkdir(exist_ok=True)
    rows = [f"{word} {frequency:.3g}\n" for word, frequency in sorted(lexicon.frequencies.items())]
    _write(model_directory / _WORDS, rows)
    _write(model_directory / _COUNTS, _counts_rows(lexicon.counts))


def read_lexicon(model_directory: Path) -> Lexicon:
    if not (model_directory / _WORDS).exists() or not (model_directory / _COUNTS).exists():
        raise VocabularyNotExtensible(
            f"{model_directory} has no {_WORDS}: only models made by this project's recipe take new words; "
            "set speech.model to one of those, or use the words this model knows"
        )
    with gzip.open(model_directory / _WORDS, "rt", encoding="utf-8") as lines:
        frequencies = {word: float(frequency) for word, frequency in map(str.split, lines)}
    following: dict[History, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    with gzip.open(model_directory / _COUNTS, "rt", encoding="utf-8") as lines:
        for line in lines:
            history, _, rest = line.rstrip("\n").partition("\t")
            fields = rest.split()
            following[tuple(history.split())].update(zip(fields[::2], map(float, fields[1::2]), strict=True))
    return Lexicon(frequencies, Counts(following))


def _counts_rows(counts: Counts) -> Iterable[str]:
    for history, following in sorted(counts.following.items()):
        rarest = _RAREST_KEPT[len(history)]
        kept = {word: count for word, count in following.items() if count >= rarest and word != _LEFT_OUT}
        left_out = sum(following.values()) - sum(kept.values())
        if kept:
            fields = [f"{word} {count:.5g}" for word, count in sorted(kept.items())]
            fields += [f"{_LEFT_OUT} {left_out:.5g}"] if left_out > 0.001 else []
            yield f"{' '.join(history)}\t{' '.join(fields)}\n"


def _write(file: Path, rows: Iterable[str]) -> None:
    # Without name and time in its header the same contents give the same file.
    with file.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
        packed.write("".join(rows).encode())


def _normal(text: str) -> str:
    return " ".join(with_yo(word) for word in text.lower().split())
