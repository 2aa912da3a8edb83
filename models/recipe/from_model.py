"""A finished model directory back as a network to train on: the way of nnet3.py, backwards.

Its checkpoints may be gone; the model itself is always at hand. The network gives what the model gives (`verify`), but
its normalisations are folded into the weights: `unfolded` measures them anew on speech, without changing what comes
out. Lost for good are the middle's guess, which only training has, and the optimizers' memory.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from recipe import nnet3
from recipe.batches import Batch
from recipe.network import Network, Shape

# Of the weights before a normalisation only the direction counts; their size decides how fast they turn. This is
# about the size that AdamW had given them; Muon's are told by the weights beside them, which nothing is folded into.
_USUAL_SIZE = 0.1
_TRAINING = "training.json"
_LEAST_DEVIATION = 1e-3


class AnotherNetwork(ValueError):
    """The model directory was not made of a network of this recipe's shape."""


def write_heard(checkpoint: Path, directory: Path) -> None:
    """Note in the model directory how much the checkpoint's network has heard."""
    state = torch.load(checkpoint, weights_only=True)
    (directory / _TRAINING).write_text(json.dumps({"steps": state["step"], "frames": state["frames"]}) + "\n")


def heard_before(directory: Path) -> tuple[int, int]:
    """Training steps and frames (10 ms) that the model's network has behind it."""
    told = json.loads((directory / _TRAINING).read_text())
    return told["steps"], told["frames"]


def read_model(directory: Path) -> Network:
    """The network of a model directory. Raises AnotherNetwork."""
    file = directory / "am/final.mdl"
    content = file.read_bytes()
    network = Network(Shape())
    if nnet3.description(network) not in content:
        raise AnotherNetwork(f"{file}: not a network of this recipe's shape ({Shape()}); give a model made by it")
    _read_normalised(content, "entry", network.entry, network.entry_norm)
    _read_normalised(content, "reduce", network.reduce, network.reduce_norm)
    for number, block in enumerate(network.blocks):
        _set(block.look.weight, _unflat(_affine(content, f"block{number}-look")[0], block.look))
        _read_normalised(content, f"block{number}-spread", block.spread, block.norm)
    weights, bias = _affine(content, "output-affine")
    assert network.output.bias is not None
    _set(network.output.weight, _unflat(weights, network.output))
    _set(network.output.bias, bias)
    return network.eval()


def unfolded(network: Network, batches: Iterable[list[Batch]]) -> None:
    """Give a network just read the normalisations of one in training, as measured on some batches."""
    norms = [
        (network.entry, network.entry_norm, _USUAL_SIZE),
        (network.reduce, network.reduce_norm, _USUAL_SIZE),
        *((block.spread, block.norm, float(block.look.weight.square().mean().sqrt())) for block in network.blocks),
    ]
    heard: dict[nn.BatchNorm1d, list[Tensor]] = {norm: [] for _, norm, _ in norms}

    def note(norm: nn.BatchNorm1d, given: tuple[Tensor]) -> None:
        values = given[0]
        heard[norm].append(torch.stack([values.mean(0), values.square().mean(0)]).double())

    hooks = [norm.register_forward_pre_hook(note) for norm in heard]
    network.eval()
    with torch.no_grad():
        for part in (part for parts in batches for part in parts):
            network(part.bands)
        for hook in hooks:
            hook.remove()
        for convolution, norm, size in norms:
            mean, square = torch.stack(heard[norm]).mean(0)
            deviation = (square - mean.square()).clamp(min=_LEAST_DEVIATION**2).sqrt()
            enlarged = size / convolution.weight.square().mean((1, 2)).sqrt().clamp(min=1e-6).double()
            assert norm.running_mean is not None and norm.running_var is not None
            convolution.weight.mul_(enlarged[:, None, None])
            norm.running_mean.copy_(mean * enlarged)
            norm.running_var.copy_((deviation * enlarged).square())
            norm.bias.add_(mean)
            norm.weight.copy_((norm.running_var.double() + norm.eps).sqrt() / enlarged)


def _read_normalised(content: bytes, name: str, convolution: nn.Conv1d, norm: nn.BatchNorm1d) -> None:
    """Weights and bias as they are, the normalisation doing nothing else."""
    weights, bias = _affine(content, name)
    _set(convolution.weight, _unflat(weights, convolution))
    _set(norm.bias, bias)
    _set(norm.weight, np.full(len(bias), np.sqrt(1 + norm.eps)))


def _affine(content: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of a FixedAffineComponent."""
    head = f"<ComponentName> {name} <FixedAffineComponent> <LinearParams> ".encode()
    at = content.index(head) + len(head)
    if content.startswith(b"CM2 ", at):
        least, reach, rows, columns = struct.unpack_from("<ffii", content, at + 4)
        steps = np.frombuffer(content, "<u2", rows * columns, at + 20).astype(np.float64)
        weights, at = least + reach / nnet3.ROW_STEPS * steps, at + 20 + 2 * rows * columns
    else:
        rows, columns = (struct.unpack_from("<i", content, at + place)[0] for place in (4, 9))
        weights, at = np.frombuffer(content, "<f4", rows * columns, at + 13), at + 13 + 4 * rows * columns
    head = b"<BiasParams> FV \x04"
    assert content.startswith(head, at), f"{name}: no bias after the weights"
    at += len(head)
    (size,) = struct.unpack_from("<i", content, at)
    return weights.reshape(rows, columns), np.frombuffer(content, "<f4", size, at + 4)


def _unflat(weights: np.ndarray, convolution: nn.Conv1d) -> np.ndarray:
    """outputs × (offset, input) as torch keeps them: outputs × input × offset."""
    outputs, inputs, offsets = convolution.weight.shape
    return weights.reshape(outputs, offsets, inputs).transpose(0, 2, 1)


def _set(parameter: Tensor, values: np.ndarray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.array(values)))
