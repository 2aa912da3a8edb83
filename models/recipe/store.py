"""Speech as log-mel bands on disk: one flat half-precision file and one line per utterance.

People's and synthetic speech lie in the same store in the same form, so everything after it treats them alike.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from ivr.speech.lexicon.phones import OUTPUT_OF_PHONE
from ivr.speech.lexicon.pronounce import Unpronounceable, sentence_phones
from scipy.signal import resample_poly

from recipe.front_end import BANDS, bands_of_cepstra, log_mel, mel_filters
from recipe.telephone import spoil

HELD_OUT_SPEAKERS = 28
_LONGEST_FRAMES = 1600


@dataclass(frozen=True, slots=True)
class Utterance:
    """Bands of one utterance: `frames` rows of the store from `first_frame`; `labels` are network outputs."""

    speaker: str
    text: str
    first_frame: int
    frames: int
    labels: tuple[int, ...]


Bands = np.ndarray


def labels_of(text: str) -> tuple[int, ...]:
    return tuple(OUTPUT_OF_PHONE[phone] for word in sentence_phones(text.split()) for phone in word)


def write(file: Path, spoken: Iterable[tuple[str, str, Bands]]) -> None:
    """Write (speaker, text, bands) items to `file`.f16 and `file`.jsonl, leaving out what cannot be a label."""
    at = 0
    with open(f"{file}.f16.part", "wb") as numbers, open(f"{file}.jsonl.part", "w") as index:
        for speaker, text, bands in spoken:
            try:
                too_fast = len(labels_of(text)) * 3.3 + 6 > len(bands)
            except Unpronounceable:
                continue
            if too_fast or len(bands) > _LONGEST_FRAMES:
                continue
            numbers.write(bands.astype(np.float16).tobytes())
            entry = {"speaker": speaker, "text": text, "first_frame": at, "frames": len(bands)}
            index.write(json.dumps(entry, ensure_ascii=False) + "\n")
            at += len(bands)
    os.replace(f"{file}.f16.part", f"{file}.f16")
    os.replace(f"{file}.jsonl.part", f"{file}.jsonl")


def read(file: Path) -> tuple[Bands, list[Utterance]]:
    """The mapped bands, frames × BANDS, and the utterances in them."""
    numbers = np.memmap(f"{file}.f16", dtype=np.float16, mode="r").reshape(-1, BANDS)
    with open(f"{file}.jsonl") as lines:
        utterances = [Utterance(**entry, labels=labels_of(entry["text"])) for entry in map(json.loads, lines)]
    return numbers, utterances


def held_out(speakers: Iterable[str]) -> frozenset[str]:
    """The speakers kept for tests: chosen once by seed, from everyone who spoke."""
    names = sorted(set(speakers))
    random.Random(7).shuffle(names)
    return frozenset(names[:HELD_OUT_SPEAKERS])


def people(folder: Path, testing: bool) -> Iterator[tuple[str, str, Bands]]:
    """Real people's speech kept as cepstra (features.i8, features.json, utterances.jsonl): of test speakers or not."""
    scale = json.loads((folder / "features.json").read_text())
    raw = np.memmap(folder / "features.i8", dtype=np.int8, mode="r").reshape(-1, scale["dims"])
    step, low = np.float32(scale["step"]), np.float32(scale["lo"])
    with open(folder / "utterances.jsonl") as lines:
        entries = [json.loads(line) for line in lines]
    for_tests = held_out(entry["speaker"] for entry in entries)
    for entry in entries:
        if (entry["speaker"] in for_tests) == testing:
            part = raw[entry["first_frame"] : entry["first_frame"] + entry["frames"]]
            yield entry["speaker"], entry["text"], bands_of_cepstra((part.astype(np.float32) + 127) * step + low)


def synthetic(file: Path, seed: int) -> Iterator[tuple[str, str, Bands]]:
    """Every synthetic utterance once, at a random speed and vocal tract, three in four through a telephone line."""
    chance = np.random.default_rng(seed)
    sound = np.memmap(f"{file}.i16", dtype=np.int16, mode="r")
    warps = {warp: mel_filters(warp) for warp in (0.82, 0.88, 0.94, 1.0, 1.06, 1.12, 1.18)}
    with open(f"{file}.jsonl") as lines:
        for entry in map(json.loads, lines):
            samples = sound[entry["first_sample"] : entry["first_sample"] + entry["samples"]].astype(np.float32)
            samples = resample_poly(samples, 20, int(chance.integers(17, 24)))
            if chance.random() < 0.75:
                samples = spoil(samples, chance)
            filters = warps[float(chance.choice(list(warps)))]
            yield entry["speaker"], entry["text"], log_mel(torch.from_numpy(samples).float(), filters).numpy()
