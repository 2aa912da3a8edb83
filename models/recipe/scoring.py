"""Counting errors: edit distance, and the phones a network hears without any dictionary."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from recipe.augment import as_heard
from recipe.batches import Kind
from recipe.network import Network


def edit_distance(expected: Sequence[object], heard: Sequence[object]) -> int:
    """The fewest insertions, deletions and substitutions that turn one into the other."""
    row = list(range(len(heard) + 1))
    for at, wanted in enumerate(expected):
        diagonal, row[0] = row[0], at + 1
        for column, got in enumerate(heard):
            diagonal, row[column + 1] = (
                row[column + 1],
                min(row[column + 1] + 1, row[column] + 1, diagonal + (wanted != got)),
            )
    return row[-1]


def greedy(scores: torch.Tensor) -> list[int]:
    """Labels of frames × OUTPUTS scores: the best of each frame, repeats and blanks removed."""
    best = scores.argmax(-1).tolist()
    return [label for label, before in zip(best, [0, *best], strict=False) if label not in (0, before)]


def phone_error(network: Network, kind: Kind, every: int = 1) -> float:
    """Share of phones wrong, in per cent, over every n-th utterance as recorded."""
    network.eval()
    errors = total = 0
    with torch.no_grad():
        for number in range(0, len(kind.utterances), every):
            bands = as_heard(kind.bands(number))
            bands = torch.cat([bands[:1].expand(20, -1), bands, bands[-1:].expand(20, -1)])
            expected = kind.utterances[number].labels
            errors += edit_distance(expected, greedy(network(bands[None])[0][0]))
            total += len(expected)
    network.train()
    return 100 * errors / total
