from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.errors import SetupFailed
from ivr.provision import ports, sockets


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process has open."""
    with socket.socket() as server:
        server.bind((ports.ADDRESS, 0))
        server.listen()
        yield server.getsockname()[1]


@given(st.integers())
@settings(max_examples=20)
def test_chosen_ports_are_apart_and_below_the_kernels_own(seed: int) -> None:
    chosen = ports.choose(random.Random(seed))
    rtp = range(chosen.rtp_start, chosen.rtp_end + 1)
    speech = range(chosen.speech, chosen.speech + 64)
    single = [chosen.sip, chosen.asterisk, chosen.agi, chosen.web, chosen.door, chosen.store]
    everything = [*single, *rtp, *speech]
    assert len(set(everything)) == len(everything)
    assert min(everything) > 10080, "no browser opens a page there"
    assert max(everything) < sockets.ephemeral_start()
    assert len(rtp) >= 2000


def test_ports_are_chosen_once(tmp_path: Path) -> None:
    path = tmp_path / "var" / "ports.json"
    assert ports.load(path, {}) == ports.load(path, {})


def test_programs_that_start_at_once_choose_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together, choose = threading.Barrier(4, timeout=1.0), ports.choose

    def slowly(*given: Any) -> ports.Ports:
        with suppress(threading.BrokenBarrierError):  # it is alone, as it should be
            together.wait()
        return choose(*given)

    monkeypatch.setattr(ports, "choose", slowly)
    with ThreadPoolExecutor(4) as programs:
        chosen = {*programs.map(lambda _: ports.load(tmp_path / "ports.json", {}), range(4))}
    assert len(chosen) == 1


def test_an_upgrade_that_needs_another_port_keeps_those_there_are(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    before = asdict(ports.load(file, {}))
    del before["door"]
    file.write_text(json.dumps(before))
    after = ports.load(file, {})
    assert before.items() <= asdict(after).items()
    assert after.door not in before.values()
    assert ports.load(file, {}) == after


def test_two_checkouts_choose_apart(tmp_path: Path) -> None:
    one, other = ports.load(tmp_path / "a.json", {}), ports.load(tmp_path / "b.json", {})
    assert set(asdict(one).values()).isdisjoint(asdict(other).values())


def test_a_variable_overrules_and_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    chosen = ports.load(path, {})
    assert ports.load(path, {"IVR_PORT_SIP": "5060"}).sip == 5060
    assert ports.load(path, {}) == chosen


@pytest.mark.parametrize("value", ["", "80", "65536", "sip", "-5060", "٥٠٦٠"])
def test_a_variable_that_is_no_port_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(SetupFailed, match="IVR_PORT_WEB"):
        ports.load(tmp_path / "ports.json", {"IVR_PORT_WEB": value})


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"sip": 1}', json.dumps({"x": 1})])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ports.json"
    path.write_text(content)
    with pytest.raises(SetupFailed, match=r"ports\.json.*delete the file"):
        ports.load(path, {})


def test_a_taken_port_is_said_with_its_purpose_and_holder(tmp_path: Path, taken: int) -> None:
    chosen = ports.load(tmp_path / "ports.json", {"IVR_PORT_SIP": str(taken)})
    with pytest.raises(SetupFailed) as failure:
        chosen.require_free("sip")
    sentence = str(failure.value)
    assert f"port {taken}, meant for telephones" in sentence
    assert "(process " in sentence
    assert "IVR_PORT_SIP=" in sentence


def test_only_the_ports_asked_for_must_be_free(tmp_path: Path, taken: int) -> None:
    chosen = ports.load(tmp_path / "ports.json", {"IVR_PORT_STORE": str(taken)})
    chosen.require_free("sip", "web")


def test_a_port_in_use_for_udp_alone_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((ports.ADDRESS, 0))
        assert not sockets.is_free(server.getsockname()[1], ports.ADDRESS)
        assert server.getsockname()[1] in sockets.used_ports()


def test_a_machine_that_tells_nothing_is_no_obstacle(tmp_path: Path) -> None:
    assert sockets.used_ports(tmp_path) == {}
    assert sockets.holder(5060, tmp_path) == ""
    assert sockets.ephemeral_start(tmp_path) == 32768
