"""The acoustic network: convolutions over time from 15 bands, 100 frames/s, to 43 phone scores, 33 frames/s.

It sees 0.67 s back but only 0.25 s ahead, so that words appear in partial results while the caller still speaks.
Everything in it can be written as a Kaldi nnet3 network (export.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from ivr.speech.lexicon.phones import PHONES
from torch import Tensor, nn

from recipe.front_end import BANDS

OUTPUTS = len(PHONES) + 1
SUBSAMPLING = 3
SKIP = 0.75
_EDGE = 4  # frames that the first two convolutions see on each side


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network. Each block looks `dilation` steps of 30 ms ahead and back, or, if negative, back twice."""

    entry: int = 256
    width: int = 512
    neck: int = 128
    dilations: Sequence[int] = (1, 1, 1, -2, 1, 1, -2, 1, 1, -3)
    floor: float = 4.0

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Block(nn.Module):
    """A narrow look around, spread over the full width, added to what came in."""

    def __init__(self, shape: Shape, dilation: int) -> None:
        super().__init__()
        self.back = abs(dilation) * (1 if dilation > 0 else 2)
        self.ahead = max(dilation, 0)
        self.look = nn.Conv1d(shape.width, shape.neck, 3, dilation=abs(dilation), bias=False)
        self.spread = nn.Conv1d(shape.neck, shape.width, 1, bias=False)
        self.norm = nn.BatchNorm1d(shape.width, momentum=0.03)

    def forward(self, values: Tensor) -> Tensor:
        heard: Tensor = torch.relu(self.norm(self.spread(self.look(values))))
        return heard + SKIP * values[:, :, self.back : values.shape[2] - self.ahead]


class Network(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.entry = nn.Conv1d(BANDS, shape.entry, 5, bias=False)
        self.entry_norm = nn.BatchNorm1d(shape.entry, momentum=0.03)
        self.reduce = nn.Conv1d(shape.entry, shape.width, 5, stride=SUBSAMPLING, bias=False)
        self.reduce_norm = nn.BatchNorm1d(shape.width, momentum=0.03)
        blocks = nn.ModuleList(Block(shape, dilation) for dilation in shape.dilations)
        self.blocks = cast(Sequence[Block], blocks)  # a ModuleList does not tell what it is a list of
        self.output = nn.Conv1d(shape.width, OUTPUTS, 1)
        self.middle = nn.Conv1d(shape.width, OUTPUTS, 1)  # a second, earlier guess: only training uses it

    @property
    def left_frames(self) -> int:
        return _EDGE + SUBSAMPLING * sum(block.back for block in self.blocks)

    @property
    def right_frames(self) -> int:
        return _EDGE + SUBSAMPLING * sum(block.ahead for block in self.blocks)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of utterances × frames × BANDS, utterances × frames/3 × OUTPUTS: final ones and the middle's."""
        values = (torch.relu(bands - self.shape.floor) * 0.2).transpose(1, 2)
        values = nn.functional.pad(values, (self.left_frames, self.right_frames), mode="replicate")
        values = torch.relu(self.entry_norm(self.entry(values)))
        values = torch.relu(self.reduce_norm(self.reduce(values)))
        half = len(self.blocks) // 2
        for block in self.blocks[:half]:
            values = block(values)
        back = sum(block.back for block in self.blocks[half:])
        ahead = sum(block.ahead for block in self.blocks[half:])
        middle = self.middle(values[:, :, back : values.shape[2] - ahead])
        for block in self.blocks[half:]:
            values = block(values)
        return self.output(values).transpose(1, 2), middle.transpose(1, 2)


def load(file: Path) -> Network:
    """The averaged network of a checkpoint or of a finished training."""
    state = torch.load(file, weights_only=True)
    network = Network(Shape(**state["shape"]))
    network.load_state_dict(state["average"] if "average" in state else state["network"])
    return network.eval()
