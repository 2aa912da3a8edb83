"""Muon: momentum made orthogonal, so that every direction of a weight matrix learns at the same pace.

After K. Jordan and others, "Muon: an optimizer for hidden layers" (2024). The update is scaled to the size of AdamW's,
so both take the same learning rate (J. Liu and others, "Muon is scalable for LLM training", 2025).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

_MOMENTUM = 0.95
# An odd polynomial that drives singular values from (0, 1] to about 1 in five rounds.
_LINEAR, _CUBIC, _QUINTIC, _ROUNDS = 3.4445, -4.7750, 2.0315, 5
_SIZE_OF_ADAMW = 0.2


def orthogonal(matrices: Tensor) -> Tensor:
    """Nearly the nearest matrices with orthonormal rows; a batch × rows × columns with rows ≤ columns, in bfloat16."""
    near = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ROUNDS):
        square = near @ near.mT
        polynomial = torch.baddbmm(square, square, square, beta=_CUBIC, alpha=_QUINTIC)
        near = torch.baddbmm(near, polynomial, near, beta=_LINEAR)
    return near


class Muon(Optimizer):
    """For weights of convolutions and linear layers: everything after the first dimension counts as columns."""

    def __init__(self, weights: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(weights, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                alike[tuple(weight.shape)].append(weight)
            for weights in alike.values():
                self._learn(weights, group["lr"], group["weight_decay"])

    def _learn(self, weights: list[Tensor], rate: float, decay: float) -> None:
        """One step of weights of one shape, together."""
        matrices = torch.stack([self._momentum(weight).flatten(1).bfloat16() for weight in weights])
        tall = matrices.shape[1] > matrices.shape[2]
        updates = orthogonal(matrices.mT if tall else matrices)
        updates = updates.mT if tall else updates
        size = _SIZE_OF_ADAMW * max(matrices.shape[1:]) ** 0.5
        for weight, update in zip(weights, updates, strict=True):
            weight.mul_(1 - rate * decay).add_(update.reshape(weight.shape), alpha=-rate * size)

    def _momentum(self, weight: Tensor) -> Tensor:
        """The gradient led by the running average of those before (Nesterov)."""
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"]
        momentum.lerp_(weight.grad, 1 - _MOMENTUM)
        return weight.grad.lerp(momentum, _MOMENTUM)
