"""RTP to samples: order, loss, duplicates, foreign and broken packets."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from ivr.speech import rtp


def packet(
    sequence: int, value: int, *, source: int = 7, first: int = 0x80, extra: bytes = b"", count: int = 160
) -> bytes:
    header = struct.pack(">BBHII", first, 96, sequence % 65536, sequence * 160 % 2**32, source)
    return header + extra + struct.pack(">h", value) * count


def played(datagrams: list[bytes]) -> list[int]:
    """The value of each 160 samples that come out."""
    reassembly = rtp.Reassembly()
    out = b"".join(reassembly.accept(one) for one in map(rtp.parse, datagrams) if one)
    return [value for (value,) in struct.iter_unpack("<h", out)][::160]


def test_samples_come_out_in_the_machine_order() -> None:
    assert played([packet(1, 0x0102)]) == [0x0102]


def test_late_packets_find_their_place() -> None:
    assert played([packet(n, n) for n in (1, 3, 2, 5, 4, 6)]) == [1, 2, 3, 4, 5, 6]


def test_duplicates_are_dropped() -> None:
    assert played([packet(n, n) for n in (1, 1, 2, 2, 1, 3)]) == [1, 2, 3]


def test_what_is_lost_becomes_silence_of_the_same_length() -> None:
    assert played([packet(n, n) for n in (1, 2, 4, 5, 6, 7, 8, 9)]) == [1, 2, 0, 4, 5, 6, 7, 8, 9]


def test_a_packet_later_than_the_window_is_too_late() -> None:
    assert played([packet(n, n) for n in (1, 3, 4, 5, 6, 7, 8, 2, 9)]) == [1, 0, 3, 4, 5, 6, 7, 8, 9]


def test_sequence_numbers_wrap_around() -> None:
    assert played([packet(n, n % 100) for n in (65534, 65536, 65535, 65537)]) == [34, 35, 36, 37]


def test_a_jump_begins_anew() -> None:
    assert played([packet(1, 1), packet(30_000, 2), packet(30_001, 3)]) == [1, 2, 3]


def test_header_with_sources_extension_and_padding_is_skipped() -> None:
    sources = struct.pack(">II", 1, 2)
    extension = struct.pack(">HHI", 0xBEDE, 1, 0xFFFFFFFF)
    padded = packet(1, 5, first=0x80 | 0x20 | 0x10 | 2, extra=sources + extension) + b"\0\0\0\4"
    assert played([padded]) == [5]


def test_another_source_is_ignored_until_it_stays() -> None:
    ours = [packet(n, 1) for n in range(3)]
    theirs = [packet(900 + n, 2, source=9) for n in range(8)]
    assert played([ours[0], theirs[0], ours[1], theirs[1], ours[2]]) == [1, 1, 1]
    assert played([*ours, *theirs]) == [1, 1, 1, 2, 2, 2, 2]


def test_control_packets_and_other_versions_are_not_audio() -> None:
    assert rtp.parse(packet(1, 1, first=0x40)) is None
    assert rtp.parse(struct.pack(">BBHI", 0x80, 200, 6, 7) + bytes(40)) is None
    assert rtp.parse(packet(1, 1)[:12]) is None
    assert rtp.parse(packet(1, 1)[:-1]) is None


@given(st.lists(st.binary(max_size=400)))
def test_no_bytes_break_it(datagrams: list[bytes]) -> None:
    reassembly = rtp.Reassembly()
    for datagram in datagrams:
        found = rtp.parse(datagram)
        if found:
            assert len(reassembly.accept(found)) % 2 == 0


@given(st.lists(st.integers(0, 65535), max_size=60))
def test_no_order_makes_more_sound_than_time_has_passed(sequences: list[int]) -> None:
    reassembly = rtp.Reassembly()
    for count, sequence in enumerate(sequences, 1):
        found = rtp.parse(packet(sequence, 1))
        assert found is not None
        # a jump of at most 5 s is filled; nothing may grow without bound
        assert len(reassembly.accept(found)) <= 320 * (251 + count)
