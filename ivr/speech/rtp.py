"""RTP packets of one call to a gapless run of samples, whatever the network does to them.

Pure: bytes in, bytes out. Payload is 16-bit signed linear, mono, 8 kHz, big-endian on the wire (RFC 3551, L16) and
little-endian as returned, which is what the recogniser takes.
"""

from __future__ import annotations

from dataclasses import dataclass

_WINDOW_PACKETS = 5  # 100 ms: how long a late packet is waited for
_RESYNC_PACKETS = 250  # 5 s: a larger jump is a new sender, not a loss
_FOREIGN_PACKETS = 5  # so many in a row from another source and the stream has moved there
_SEQUENCES = 1 << 16


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet: `sequence` 0–65535, `source` is the SSRC, `payload` is whole samples, big-endian."""

    sequence: int
    source: int
    payload: bytes


def parse(datagram: bytes) -> Packet | None:
    """Read one datagram; None for whatever is not RTP version 2 with a whole number of samples."""
    if len(datagram) < 12 or datagram[0] >> 6 != 2 or 64 <= datagram[1] & 0x7F <= 95:  # the latter: RTCP
        return None
    start = 12 + 4 * (datagram[0] & 0x0F)
    if datagram[0] & 0x10:  # header extension: 2 bytes of profile, 2 bytes of length in words
        if len(datagram) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    end = len(datagram)
    if datagram[0] & 0x20:  # padding: its last byte counts it
        end -= datagram[-1] or len(datagram)
    if end <= start or (end - start) % 2:
        return None
    return Packet(int.from_bytes(datagram[2:4], "big"), int.from_bytes(datagram[8:12], "big"), datagram[start:end])


class Reassembly:
    """Puts packets in order, drops duplicates, fills what was lost with silence of the same length."""

    __slots__ = ("_expected", "_foreign", "_source", "_waiting", "lost_packets")

    def __init__(self) -> None:
        self._source: int | None = None
        self._expected = 0
        self._waiting: dict[int, bytes] = {}
        self._foreign = 0
        self.lost_packets = 0

    def accept(self, packet: Packet) -> bytes:
        """Return the samples (little-endian) that are in order now; empty while a late packet is waited for."""
        if packet.source != self._source and not self._adopt(packet):
            return b""
        ahead = (packet.sequence - self._expected) % _SEQUENCES
        if ahead >= _SEQUENCES - _RESYNC_PACKETS:
            return b""  # late or duplicate: its place has been filled
        if ahead > _RESYNC_PACKETS:
            self._waiting.clear()
            self._expected = packet.sequence
        self._waiting[packet.sequence] = packet.payload
        return self._in_order()

    def _adopt(self, packet: Packet) -> bool:
        """Follow a new source: the first ever at once, a later one only when it persists (the tap was rebuilt)."""
        self._foreign += 1
        if self._source is not None and self._foreign < _FOREIGN_PACKETS:
            return False
        self._source, self._expected, self._foreign = packet.source, packet.sequence, 0
        self._waiting.clear()
        return True

    def _in_order(self) -> bytes:
        self._foreign = 0
        ready: list[bytes] = []
        while self._waiting:
            payload = self._waiting.pop(self._expected, None)
            if payload is None:
                furthest = max((sequence - self._expected) % _SEQUENCES for sequence in self._waiting)
                if furthest < _WINDOW_PACKETS:
                    break
                payload = bytes(len(next(iter(self._waiting.values()))))
                self.lost_packets += 1
            ready.append(payload)
            self._expected = (self._expected + 1) % _SEQUENCES
        return _swapped(b"".join(ready))


def _swapped(samples: bytes) -> bytes:
    swapped = bytearray(len(samples))
    swapped[0::2] = samples[1::2]
    swapped[1::2] = samples[0::2]
    return bytes(swapped)
