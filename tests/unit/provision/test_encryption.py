"""Nothing listens beyond loopback in plain text, and what is refused says how to set it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from ivr.config import NetworkSettings
from ivr.errors import SetupFailed
from ivr.provision.encryption import Encryption, encryption
from ivr.provision.render import Trunk, UserAgent, render_agent, render_hotline
from ivr.store import connect
from tests.certificate import self_signed
from tests.unit.provision.test_render import ASTERISK, HOTLINE, TEMPLATES, sections


@pytest.fixture
def files(tmp_path: Path) -> Path:
    self_signed(tmp_path / "line.crt", tmp_path / "line.key")
    return tmp_path


def network(**settings: object) -> NetworkSettings:
    return NetworkSettings.model_validate(settings)


ENCRYPTED = {"certificate": "line.crt", "private_key": "line.key"}


@pytest.mark.parametrize("place", ["telephones", "web"])
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "2001:db8::1"])  # noqa: S104 - to be refused
def test_beyond_loopback_only_with_a_certificate(place: str, address: str, files: Path) -> None:
    with pytest.raises(SetupFailed) as refused:
        encryption(network(**{place: address}), files)
    assert str(refused.value) == (
        f"config/ivr.yaml: network.{place}: nothing listens on {address} without TLS → set network.certificate and"
        " network.private_key (docs/encryption.md), or the address 127.0.0.1"
    )
    assert encryption(network(**{place: address}, **ENCRYPTED), files) is not None


def test_loopback_needs_none() -> None:
    assert encryption(NetworkSettings(), Path()) is None
    assert encryption(network(telephones="::1", web="127.0.0.2"), Path()) is None


def test_files_that_do_not_serve_are_sentences(files: Path, tmp_path: Path) -> None:
    def complaint(**settings: str) -> str:
        with pytest.raises(SetupFailed) as refused:
            encryption(network(**{**ENCRYPTED, **settings}), files)
        return str(refused.value)

    assert "network.private_key is no file" in complaint(private_key="nowhere.key")
    self_signed(files / "other.crt", files / "other.key")
    assert "do not serve: KEY_VALUES_MISMATCH" in complaint(private_key="other.key")
    (files / "line.key").chmod(0o640)
    assert "chmod 600" in complaint()
    with pytest.raises(SetupFailed, match="need each other"):
        encryption(network(certificate="line.crt"), files)


def test_with_a_certificate_there_is_no_plain_way_in(files: Path, tmp_path: Path) -> None:
    hotline = replace(
        HOTLINE,
        telephones=ip_address("0.0.0.0"),  # noqa: S104 - everywhere is what is asked for
        encryption=Encryption(files / "line.crt", files / "line.key"),
        trunk=Trunk(("192.0.2.0/24",)),
    )
    etc = render_hotline(TEMPLATES, ASTERISK, tmp_path / "asterisk", hotline).parent
    pjsip = sections(etc / "pjsip.conf")

    transports = {name: lines for name, lines in pjsip.items() if "type = transport" in lines}
    assert list(transports) == ["tls", "ws"]
    assert "bind = 127.0.0.1" in transports["ws"]  # operators' browsers on this machine
    assert {"protocol = tls", "bind = 0.0.0.0:11060", "method = tlsv1_3"} <= set(transports["tls"])
    assert "media_encryption = sdes" in pjsip["telephone"]
    assert not [line for line in pjsip["telephone"] if "media_address" in line]
    assert "match = 192.0.2.0/24" in pjsip["trunk"]
    assert "load = res_srtp.so" in (etc / "modules.conf").read_text()
    assert "bindaddr = 127.0.0.1" in (etc / "http.conf").read_text()


def test_an_agent_meets_an_encrypted_hotline_in_kind(tmp_path: Path) -> None:
    files = Encryption(Path("/line.crt"), Path("/line.key"), "1.2")
    agent = UserAgent(11060, 11088, 11038, 12000, 12100, "secret", 11070, encryption=files)
    pjsip = sections(render_agent(TEMPLATES, ASTERISK, tmp_path, agent).parent / "pjsip.conf")

    assert [name for name, lines in pjsip.items() if "type = transport" in lines] == ["tls"]
    assert "media_encryption = sdes" in pjsip["hotline"]
    assert "method = tlsv1_2" in pjsip["tls"]


def test_the_store_of_another_machine_is_spoken_to_by_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupFailed) as refused:
        connect("redis://:secret@store.example:6379/0")
    assert "the store at store.example would be spoken to without TLS → write rediss://" in str(refused.value)
    assert "secret" not in str(refused.value)
    for url in ("rediss://store.example/0", "redis://127.0.0.1/0", "redis://[::1]/0", "unix:///run/valkey.sock"):
        connect(url)
    monkeypatch.setenv("IVR_STORE_WITHOUT_TLS", "yes")
    connect("redis://store.example/0")
