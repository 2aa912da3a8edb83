"""OpenFst files written directly: constant transducers, and look-ahead ones for composition while recognising.

Writing them here spares the admin who adds a word from needing OpenFst's command-line tools.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

_FILE_MAGIC, _ADD_ON_MAGIC = 2125659606, 446681434
_CONST_VERSION, _LOOK_AHEAD_VERSION = 2, 1
_NO_STATE = -1

# OpenFst's property bits, all of them true of the transducers that this package builds.
_EXPANDED = 0x1
_WEIGHTED_CYCLIC_CONNECTED = 0x65A5_0000_0000
ACCEPTOR_SORTED = _EXPANDED | _WEIGHTED_CYCLIC_CONNECTED | 0x5555_0000
TRANSDUCER_OUTPUT_SORTED = _EXPANDED | _WEIGHTED_CYCLIC_CONNECTED | 0x656A_0000

_STATE = np.dtype(
    [("final", "<f4"), ("first", "<u4"), ("arcs", "<u4"), ("input_epsilons", "<u4"), ("output_epsilons", "<u4")]
)
_ARC = np.dtype([("input", "<i4"), ("output", "<i4"), ("weight", "<f4"), ("next", "<i4")])

Intervals = tuple[tuple[int, int], ...]  # half-open, ascending


@dataclass(slots=True)
class Transducer:
    """States from 0 (the start), arcs with input and output labels (0: none) and costs (negative logarithms)."""

    states: int = 1
    finals: dict[int, float] = field(default_factory=dict)
    _source: list[int] = field(default_factory=list)
    _input: list[int] = field(default_factory=list)
    _output: list[int] = field(default_factory=list)
    _cost: list[float] = field(default_factory=list)
    _next: list[int] = field(default_factory=list)

    def new_state(self) -> int:
        self.states += 1
        return self.states - 1

    def arc(self, source: int, input_label: int, output_label: int, cost: float, next_state: int) -> None:
        self._source.append(source)
        self._input.append(input_label)
        self._output.append(output_label)
        self._cost.append(cost)
        self._next.append(next_state)

    def const_bytes(self, properties: int) -> bytes:
        """As OpenFst's "const" file, arcs sorted by output label."""
        source, outputs = np.array(self._source), np.array(self._output)
        order = np.lexsort((outputs, source))
        arcs = np.empty(len(order), _ARC)
        arcs["input"], arcs["output"] = np.array(self._input)[order], outputs[order]
        arcs["weight"], arcs["next"] = np.array(self._cost)[order], np.array(self._next)[order]
        states = np.zeros(self.states, _STATE)
        states["final"] = np.inf
        states["final"][list(self.finals)] = list(self.finals.values())
        states["arcs"] = np.bincount(source, minlength=self.states)
        states["first"] = np.cumsum(states["arcs"]) - states["arcs"]
        for name, labels in (("input_epsilons", arcs["input"]), ("output_epsilons", arcs["output"])):
            states[name] = np.bincount(source[order][labels == 0], minlength=self.states)
        header = _header("const", _CONST_VERSION, properties, 0, self.states, len(arcs))
        return header + states.tobytes() + arcs.tobytes()


def look_ahead_bytes(const: bytes, properties: int, reached: Sequence[Intervals], final_label: int) -> bytes:
    """OpenFst's "olabel_lookahead" file: a const transducer and the output labels within reach of every state.

    `reached[state]` are the labels on the next arcs with an output, over arcs without one; `final_label` among them
    stands for the end.
    """
    packed: dict[Intervals, bytes] = {}
    for intervals in reached:
        if intervals not in packed:
            flat = [bound for interval in intervals for bound in interval]
            count = sum(end - begin for begin, end in intervals)
            packed[intervals] = struct.pack(f"<q{len(flat)}ii", len(intervals), *flat, count)
    no_input_side, output_side, reach_input, keep_numbers = 0, 1, 0, 0
    return b"".join(
        (
            _header("olabel_lookahead", _LOOK_AHEAD_VERSION, properties, _NO_STATE, 0, 0),
            struct.pack("<i", _ADD_ON_MAGIC),
            const,
            struct.pack("<?????i", True, no_input_side, output_side, reach_input, keep_numbers, final_label),
            struct.pack("<q", len(reached)),
            *(packed[intervals] for intervals in reached),
        )
    )


def _header(kind: str, version: int, properties: int, start: int, states: int, arcs: int) -> bytes:
    names = b"".join(struct.pack("<i", len(name)) + name.encode() for name in (kind, "standard"))
    return struct.pack("<i", _FILE_MAGIC) + names + struct.pack("<iiQqqq", version, 0, properties, start, states, arcs)
