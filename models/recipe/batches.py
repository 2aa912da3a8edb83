"""Batches as a function of the step number alone, so that training resumes exactly and days later."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from recipe.augment import as_heard, augmented, masked, without_speech
from recipe.front_end import BANDS
from recipe.store import Bands, Utterance
from recipe.telephone import Chance

_NEIGHBOURS = 150
# Batches come in few shapes: a program for each new one is compiled, which takes as long as the step itself.
_LENGTHS_FRAMES = 60
# From easy to hard: a network that hears nothing but long and spoiled speech at first never begins to learn.
_SHORTEST_FRAMES, _ALL_LENGTHS_FROM_STEP = 260, 800
_CLEAN_UNTIL_STEP, _SPOILED_FROM_STEP, _SPOILED_SHARE = 200, 1500, 0.8


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded bands, utterances × frames × BANDS, and the true number of frames and labels of each."""

    bands: Tensor
    frames: Tensor
    labels: Tensor
    label_counts: Tensor


class Kind:
    """Utterances of one kind, sorted by length, with the bands they are parts of."""

    def __init__(self, parts: Sequence[tuple[Bands, Sequence[Utterance]]]) -> None:
        pairs = [(utterance, number) for number, (_, some) in enumerate(parts) for utterance in some]
        pairs.sort(key=lambda pair: pair[0].frames)
        self._files = [bands for bands, _ in parts]
        self.utterances = [utterance for utterance, _ in pairs]
        self._file_of = [number for _, number in pairs]
        self.lengths = [utterance.frames for utterance in self.utterances]

    def near(self, frames: int, chance: Chance) -> int:
        """A random utterance about as long as `frames`."""
        middle = bisect_left(self.lengths, frames)
        low, high = max(0, middle - _NEIGHBOURS), min(len(self.lengths), middle + _NEIGHBOURS)
        return int(chance.integers(low, high))

    def bands(self, number: int) -> Tensor:
        utterance = self.utterances[number]
        part = self._files[self._file_of[number]][utterance.first_frame : utterance.first_frame + utterance.frames]
        return torch.from_numpy(part.astype(np.float32))


class Batches(Dataset[list[Batch]]):
    """Batch number `step`: utterances of similar length, people's and synthetic ones in a fixed proportion.

    It comes in `parts` of about equal work, one for each core.
    """

    def __init__(
        self, people: Kind, synthetic: Kind, share_of_people: float, frames_a_batch: int, seed: int, parts: int
    ) -> None:
        self._people, self._synthetic, self._parts = people, synthetic, parts
        self._share, self._budget, self._seed = share_of_people, frames_a_batch, seed
        # Long utterances fill a batch by few, so their batches must come more often for all to be heard equally.
        self._reach = np.cumsum(people.lengths)

    def __getitem__(self, step: int) -> list[Batch]:
        chance = np.random.default_rng((self._seed, step))
        torch.manual_seed(self._seed * 10**9 + step)
        target = self._people.lengths[int(np.searchsorted(self._reach, chance.uniform(0, self._reach[-1])))]
        if step < _ALL_LENGTHS_FROM_STEP:
            target = min(target, _SHORTEST_FRAMES + step)
        ramp = (step - _CLEAN_UNTIL_STEP) / (_SPOILED_FROM_STEP - _CLEAN_UNTIL_STEP)
        spoiled = _SPOILED_SHARE * min(max(ramp, 0.0), 1.0)
        bands: list[Tensor] = []
        labels: list[tuple[int, ...]] = []
        longest = 0
        while True:
            kind = self._people if chance.random() < self._share else self._synthetic
            number = kind.near(target, chance)
            one = kind.bands(number)
            if chance.random() < spoiled:
                someone_else = chance.random() < 0.1
                babble = self._synthetic.bands(self._synthetic.near(target, chance)) if someone_else else None
                one = masked(augmented(one, chance, babble), chance)
            else:
                one = as_heard(one)
            spoken = kind.utterances[number].labels
            if len(one) / 3 < len(spoken) * 1.1 + 3:
                continue
            longest = max(longest, len(one))
            if bands and longest * (len(bands) + 1) > self._budget:
                break
            bands.append(one)
            labels.append(spoken)
        if chance.random() < 0.5:
            bands.append(without_speech(chance)[:longest])
            labels.append(())
        return [_padded(bands[part :: self._parts], labels[part :: self._parts]) for part in range(self._parts)]


def _padded(bands: Sequence[Tensor], labels: Sequence[tuple[int, ...]]) -> Batch:
    longest = math.ceil(max(len(one) for one in bands) / _LENGTHS_FRAMES) * _LENGTHS_FRAMES
    table = torch.empty(len(bands), longest, BANDS)
    for row, one in enumerate(bands):
        table[row, : len(one)] = one
        table[row, len(one) :] = one[-1]
    return Batch(
        bands=table,
        frames=torch.tensor([len(one) for one in bands]),
        labels=torch.tensor([label for spoken in labels for label in spoken]),
        label_counts=torch.tensor([len(spoken) for spoken in labels]),
    )
