"""The trained network as Kaldi's final.mdl: transition model and nnet3 network, in Kaldi's binary form."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from ivr.speech.lexicon.graph import transitions
from ivr.speech.lexicon.phones import KALDI_PHONES, OUTPUT_OF_PHONE, PLACE_NAMES, SILENCE
from torch import nn

from recipe.front_end import CEPSTRA, LISTENING_CONF, TO_BANDS
from recipe.network import OUTPUTS, SKIP, SUBSAMPLING, Block, Network

# Blank is so likely in a network trained by CTC that words would lose to silence: it is made dearer by this much,
# and the acoustic scale weighs the network against the language model. Both were chosen on the test sets.
BLANK_PENALTY = 1.5
MODEL_CONF = f"""--min-active=200
--max-active=1500
--beam=10.0
--lattice-beam=5.0
--acoustic-scale=0.9
--frame-subsampling-factor={SUBSAMPLING}
--endpoint.silence-phones={SILENCE}
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.75
--endpoint.rule4.min-trailing-silence=1.0
"""
ROW_STEPS = 65535  # between the least and the greatest number of a packed matrix


def write_model(network: Network, directory: Path) -> None:
    """am/, conf/ and the phone tables of a Vosk model directory; vocabulary.write_graph adds the rest."""
    for folder in ("am", "conf", "graph/phones"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    (directory / "am/final.mdl").write_bytes(b"\0B" + _transition_model() + _nnet3(network.eval()))
    (directory / "conf/mfcc.conf").write_text(LISTENING_CONF)
    (directory / "conf/model.conf").write_text(MODEL_CONF)
    numbered = list(enumerate(KALDI_PHONES, 1))
    rows = (f"{name} {number}\n" for number, name in numbered)
    (directory / "graph/phones.txt").write_text("<eps> 0\n" + "".join(rows))
    places = (f"{number} {PLACE_NAMES.get(name[-1], '') if '_' in name else 'nonword'}\n" for number, name in numbered)
    (directory / "graph/phones/word_boundary.int").write_text("".join(places))


def _token(text: str) -> bytes:
    return text.encode() + b" "


def _integer(value: int) -> bytes:
    return b"\x04" + struct.pack("<i", value)


def _float(value: float) -> bytes:
    return b"\x04" + struct.pack("<f", value)


def _double(value: float) -> bytes:
    return b"\x08" + struct.pack("<d", value)


def _integers(values: Sequence[int]) -> bytes:
    return b"\x04" + struct.pack(f"<i{len(values)}i", len(values), *values)


def _vector(values: Iterable[float]) -> bytes:
    row = np.array(list(values), dtype="<f4")
    return b"FV " + _integer(len(row)) + row.tobytes()


def _matrix(values: np.ndarray, packed: bool) -> bytes:
    """Row-major; packed to 16 bits a number between the matrix's least and greatest ("CM2")."""
    rows, columns = values.shape
    if not packed:
        return b"FM " + _integer(rows) + _integer(columns) + values.astype("<f4").tobytes()
    least = float(values.min())
    reach = float(values.max()) - least or 1e-5
    steps = np.round((values - least) / reach * ROW_STEPS).astype("<u2")
    return b"CM2 " + struct.pack("<ffii", least, reach, rows, columns) + steps.tobytes()


def _transition_model() -> bytes:
    """Silence is blank⁺; every other phone is phone⁺ blank*, entered anew for each."""
    others = range(SILENCE + 1, len(KALDI_PHONES) + 1)
    output = {number: OUTPUT_OF_PHONE[KALDI_PHONES[number - 1].rpartition("_")[0]] for number in others}
    half, third = _float(0.5), _float(1 / 3)
    parts = [_token("<TransitionModel>"), _token("<Topology>"), _integers(range(1, len(KALDI_PHONES) + 1))]
    parts += [_integers([-1, 0, *(1 for _ in others)]), _integer(2)]
    # Entries: number of states; for each state its output class and its arcs (state, probability); -1 marks the last.
    parts += [_integer(2), _integer(0), _integer(2), _integer(0), half, _integer(1), half, _integer(-1), _integer(0)]
    parts += [_integer(3), _integer(0), _integer(3), *(_integer(state) + third for state in range(3))]
    parts += [_integer(1), _integer(2), _integer(1), half, _integer(2), half, _integer(-1), _integer(0)]
    triples = [(SILENCE, 0, 0), *(row for number in others for row in ((number, 0, output[number]), (number, 1, 0)))]
    parts += [_token("</Topology>"), _token("<Triples>"), _integer(len(triples))]
    parts += [_integer(value) for triple in triples for value in triple]
    logarithms = [0.0, *np.log([0.5, 0.5])]
    for _ in others:
        logarithms += [*np.log([1 / 3] * 3), *np.log([0.5] * 2)]
    assert len(logarithms) == transitions(len(KALDI_PHONES)).leave_blank + 1
    parts += [_token("</Triples>"), _token("<LogProbs>"), _vector(logarithms), _token("</LogProbs>")]
    return b"".join(parts) + _token("</TransitionModel>")


class _Components:
    """Collects the nodes of the network's text description and their components' parameters."""

    def __init__(self) -> None:
        self.lines = [f"input-node name=input dim={CEPSTRA}"]
        self.parts: list[bytes] = []

    @property
    def description(self) -> bytes:
        return "\n".join(self.lines).encode() + b"\n\n"

    def add(self, name: str, source: str, component: bytes) -> str:
        self.lines.append(f"component-node name={name} component={name} input={source}")
        self.parts.append(_token("<ComponentName>") + _token(name) + component)
        return name

    def affine(self, name: str, source: str, weights: np.ndarray, bias: np.ndarray, packed: bool = True) -> str:
        linear = _token("<LinearParams>") + _matrix(weights, packed) + _token("<BiasParams>") + _vector(bias)
        component = _token("<FixedAffineComponent>") + linear + _token("</FixedAffineComponent>")
        return self.add(name, source, component)

    def rectified(self, name: str, source: str, width: int) -> str:
        return self.add(name, source, _nonlinear("RectifiedLinearComponent", width))

    def sum(self, name: str, source: str, width: int) -> str:
        scale = _token("<Dim>") + _integer(width) + _token("<BackpropScale>") + _float(1)
        return self.add(name, source, _token("<NoOpComponent>") + scale + _token("</NoOpComponent>"))


def _nonlinear(kind: str, width: int) -> bytes:
    """A component without parameters; the statistics that Kaldi's training would keep are empty."""
    statistics = (
        _token("<ValueAvg>") + _vector([]) + _token("<DerivAvg>") + _vector([]) + _token("<Count>") + _double(0)
        + _token("<OderivRms>") + _vector([]) + _token("<OderivCount>") + _double(0)
        + _token("<NumDimsSelfRepaired>") + _double(0) + _token("<NumDimsProcessed>") + _double(0)
    )  # fmt: skip
    return _token(f"<{kind}>") + _token("<Dim>") + _integer(width) + statistics + _token(f"</{kind}>")


def description(network: Network) -> bytes:
    """The nodes of the network and how they hang together, as the model file tells it."""
    return _components(network).description


def _components(network: Network) -> _Components:
    shape, parts = network.shape, _Components()
    floor_bias = np.full(TO_BANDS.shape[0], -0.2 * shape.floor)
    value = parts.affine("bands", "input", TO_BANDS * 0.2, floor_bias, packed=False)
    value = parts.rectified("floor", value, TO_BANDS.shape[0])
    for name, convolution, norm, width in (
        ("entry", network.entry, network.entry_norm, shape.entry),
        ("reduce", network.reduce, network.reduce_norm, shape.width),
    ):
        value = parts.affine(name, _appended(value, (-2, -1, 0, 1, 2)), *_folded(convolution, norm))
        value = parts.rectified(f"{name}-relu", value, width)
    for number, block in enumerate(network.blocks):
        value = _block(parts, f"block{number}", value, block, shape.width)
    bias = network.output.bias
    assert bias is not None
    value = parts.affine("output-affine", value, _flat(network.output), _numpy(bias), packed=False)
    parts.add("log-softmax", value, _nonlinear("LogSoftmaxComponent", OUTPUTS))
    parts.lines.append("output-node name=output input=log-softmax objective=linear")
    return parts


def _nnet3(network: Network) -> bytes:
    parts = _components(network)
    priors = np.exp([BLANK_PENALTY] + [0.0] * (OUTPUTS - 1))
    return b"".join(
        (
            _token("<Nnet3>") + b"\n" + parts.description,
            _token("<NumComponents>") + _integer(len(parts.parts)) + b"".join(parts.parts) + _token("</Nnet3>"),
            _token("<LeftContext>") + _integer(network.left_frames),
            _token("<RightContext>") + _integer(network.right_frames),
            _token("<Priors>") + _vector(priors),
        )
    )


def _block(parts: _Components, name: str, source: str, block: Block, width: int) -> str:
    step = SUBSAMPLING * block.look.dilation[0]
    offsets = (-step, 0, step) if block.ahead else (-2 * step, -step, 0)
    weights = _flat(block.look)
    narrow = parts.affine(f"{name}-look", _appended(source, offsets), weights, np.zeros(len(weights)))
    wide = parts.affine(f"{name}-spread", narrow, *_folded(block.spread, block.norm))
    heard = parts.rectified(f"{name}-relu", wide, width)
    return parts.sum(name, f"Sum({heard}, Scale({SKIP}, {source}))", width)


def _appended(source: str, offsets: Sequence[int]) -> str:
    return f"Append({', '.join(source if at == 0 else f'Offset({source}, {at})' for at in offsets)})"


def _numpy(values: torch.Tensor) -> np.ndarray:
    return np.asarray(values.detach().double().numpy())


def _flat(convolution: nn.Conv1d) -> np.ndarray:
    """outputs × (offset, input), the order of Append."""
    weights = _numpy(convolution.weight)
    return weights.transpose(0, 2, 1).reshape(len(weights), -1)


def _folded(convolution: nn.Conv1d, norm: nn.BatchNorm1d) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of a convolution with the normalisation after it."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = _numpy(norm.weight) / np.sqrt(_numpy(norm.running_var) + norm.eps)
    return _flat(convolution) * gain[:, None], _numpy(norm.bias) - gain * _numpy(norm.running_mean)
