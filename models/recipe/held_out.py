"""The test sets: people and voices that no training hears."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.io import wavfile

from recipe.front_end import SAMPLE_RATE, log_mel
from recipe.sentences import spoken_words
from recipe.store import Bands
from recipe.telephone import Samples

_PROMPTS = "usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU"
_TRANSCRIPTS = "usr/share/doc/asterisk-core-sounds-ru/core-sounds-ru.txt.gz"


@dataclass(frozen=True, slots=True)
class Recording:
    """Samples at 8 kHz in the range of 16-bit integers, and the words said."""

    speaker: str
    text: str
    samples: Samples


def asterisk_prompts(packages: Path) -> Iterator[Recording]:
    """asterisk-core-sounds-ru: one professional woman reading a telephone exchange's prompts."""
    with gzip.open(packages / _TRANSCRIPTS, "rt") as lines:
        for line in lines:
            name, separator, text = line.strip().partition(":")
            sound = packages / _PROMPTS / f"{name}.wav"
            # Spelled letters, foreign words and notes in brackets are not words that were said.
            if not separator or name.startswith((";", "letters", "phonetic")) or re.search(r"[\[a-zA-Z]", text):
                continue
            if not (words := spoken_words(text)) or not sound.exists():
                continue
            rate, samples = wavfile.read(sound)
            if rate == SAMPLE_RATE and len(samples) > 1600:
                yield Recording("asterisk", " ".join(words), samples.astype(np.float32))


def synthetic(speech: Path) -> Iterator[Recording]:
    """What `voices.synthesise` left in a file, as recordings."""
    sound = np.memmap(f"{speech}.i16", dtype=np.int16, mode="r")
    with open(f"{speech}.jsonl") as lines:
        for entry in map(json.loads, lines):
            samples = sound[entry["first_sample"] : entry["first_sample"] + entry["samples"]]
            yield Recording(entry["speaker"], entry["text"], samples.astype(np.float32))


def bands(recordings: Iterator[Recording] | Sequence[Recording]) -> Iterator[tuple[str, str, Bands]]:
    """Recordings as items of the store."""
    for one in recordings:
        yield one.speaker, one.text, log_mel(torch.from_numpy(one.samples)).numpy()
