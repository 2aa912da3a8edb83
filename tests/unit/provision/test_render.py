from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.provision.asterisk import Asterisk
from ivr.provision.ports import Ports
from ivr.provision.render import (
    Fallback,
    Hotline,
    OperatorAccount,
    Trunk,
    UserAgent,
    render_agent,
    render_hotline,
    start_command,
)

TEMPLATES = Path(__file__).parents[3] / "asterisk"
ASTERISK = Asterisk(("asterisk",), {}, "22.1.0", Path("/opt/asterisk/modules"), Path("/opt/asterisk/data"))
HOTLINE = Hotline(
    ports=Ports(11060, 11088, 11573, 11080, 11443, 11379, 11400, rtp_start=12000, rtp_end=14047),
    ari_password="secret-of-ari",
    operators=(OperatorAccount("anna", "101", "secret-of-anna"), OperatorAccount("boris", "102", "secret-of-boris")),
    fallback=Fallback(Path("/prompts/wait.wav"), Path("/prompts/goodbye.wav"), Path("/prompts/busy.wav")),
    music=Path("/music"),
)  # fmt: skip


def sections(path: Path) -> dict[str, list[str]]:
    """The settings of an Asterisk file by section; sections of one name are joined."""
    found: dict[str, list[str]] = {}
    settings: list[str] = []
    for line in (text.partition(";")[0].strip() for text in path.read_text().splitlines()):
        if header := re.match(r"\[([^]]+)\]", line):
            settings = found.setdefault(header[1], [])
        elif line:
            settings.append(line)
    return found


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    return render_hotline(TEMPLATES, ASTERISK, tmp_path / "asterisk", HOTLINE).parent


def test_every_port_is_bound_to_loopback_only(etc: Path) -> None:
    bound = [line for path in etc.glob("*.conf") for line in path.read_text().splitlines() if line.startswith("bind")]
    assert [line for line in bound if "127.0.0.1" in line or line == "bindport = 11088"] == [
        line for line in bound if not line.startswith("bind_rtp")
    ]
    assert "rtpstart = 12000" in sections(etc / "rtp.conf")["general"]


def test_operators_register_with_their_passwords_and_can_dial_two_codes(etc: Path) -> None:
    pjsip = sections(etc / "pjsip.conf")
    assert "password = secret-of-anna" in pjsip["anna"]
    assert "auth = anna" in pjsip["anna"]
    codes = [line for line in sections(etc / "extensions.conf")["from-operator"] if line.startswith("exten")]
    assert [code.split(",")[0] for code in codes] == ["exten => *1", "exten => *0"]


def test_callers_from_the_page_have_no_password_and_one_extension(tmp_path: Path) -> None:
    configuration = render_hotline(TEMPLATES, ASTERISK, tmp_path, replace(HOTLINE, visitors=("visitor-1", "visitor-2")))
    pjsip, extensions = (sections(configuration.parent / f"{name}.conf") for name in ("pjsip", "extensions"))
    assert pjsip["visitor-1"] == ["auth = visitor-1"], "no password, and no address at which it could be rung"
    assert {"context = from-visitor", "allow_transfer = no", "allow_subscribe = no"} <= set(pjsip["visitor"])
    reached = [line.split(",")[0] for line in extensions["from-visitor"] if line.startswith(("exten", "include"))]
    assert reached == ["exten => call"]
    for name in ("visitor", "visitor-1"):
        taken = replace(HOTLINE, operators=(OperatorAccount(name, "101", "secret"),))
        with pytest.raises(SetupFailed):
            render_hotline(TEMPLATES, ASTERISK, tmp_path, taken)


def test_the_fallback_rings_every_operator_who_is_free(etc: Path) -> None:
    fallback = "\n".join(sections(etc / "extensions.conf")["fallback"])
    for name in ("anna", "boris"):
        assert f'$["${{DEVICE_STATE(PJSIP/{name})}}" = "NOT_INUSE"]?&PJSIP/{name}:' in fallback
    assert "Dial(${FREE:1},60," in fallback
    assert fallback.index("/prompts/wait)") < fallback.index("Dial(") < fallback.index("/prompts/goodbye)")


def test_without_operators_the_fallback_says_goodbye(tmp_path: Path) -> None:
    configuration = render_hotline(TEMPLATES, ASTERISK, tmp_path, replace(HOTLINE, operators=()))
    fallback = "\n".join(sections(configuration.parent / "extensions.conf")["fallback"])
    assert "Dial(" not in fallback
    assert "/prompts/goodbye)" in fallback


def test_the_admins_own_dialplan_is_read_last_and_outside_of_ours(tmp_path: Path) -> None:
    own = tmp_path / "extensions.conf"
    configuration = render_hotline(TEMPLATES, ASTERISK, tmp_path / "a", replace(HOTLINE, own_dialplan=own))
    extensions = sections(configuration.parent / "extensions.conf")
    assert list(extensions)[-1] == "own"
    assert extensions["own"] == [f'#tryinclude "{own}"']
    assert extensions["globals"] == ["HOTLINE = agi://127.0.0.1:11573"]


def test_the_provider_is_known_by_its_addresses(tmp_path: Path) -> None:
    trunk = Trunk(("192.0.2.7", "198.51.100.0/24"))
    configuration = render_hotline(TEMPLATES, ASTERISK, tmp_path, replace(HOTLINE, trunk=trunk))
    matches = [line for line in sections(configuration.parent / "pjsip.conf")["trunk"] if line.startswith("match")]
    assert matches == ["match = 192.0.2.7", "match = 198.51.100.0/24"]
    pjsip = sections(configuration.parent / "pjsip.conf")
    assert "identify_by = ip" in pjsip["trunk"], "whoever only calls themselves so is nobody"


def test_nobody_else_can_read_the_passwords(etc: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in etc.iterdir()} == {0o600}
    assert etc.stat().st_mode & 0o777 == 0o700


def test_rendering_again_changes_nothing(tmp_path: Path) -> None:
    def render() -> dict[str, str]:
        etc = render_hotline(TEMPLATES, ASTERISK, tmp_path, HOTLINE).parent
        return {path.name: path.read_text() for path in etc.iterdir()}

    assert render() == render()


@pytest.mark.parametrize(
    "name", ["", "a", "Anna", "анна", "anna b", "anna]\n[x", "trunk", "operator", "1anna", "a" * 41]
)
def test_names_that_asterisk_would_misread_are_refused(tmp_path: Path, name: str) -> None:
    operators = (OperatorAccount(name, "101", "secret"),)
    with pytest.raises(SetupFailed, match="cannot be the name of an operator"):
        render_hotline(TEMPLATES, ASTERISK, tmp_path, replace(HOTLINE, operators=operators))


@pytest.mark.parametrize("number", ["", "10;1", "1 0 1", "1\n2", "сто один", "1" * 16])
def test_numbers_that_asterisk_would_misread_are_refused(tmp_path: Path, number: str) -> None:
    operators = (OperatorAccount("anna", number, "secret"),)
    with pytest.raises(SetupFailed, match="is not a number"):
        render_hotline(TEMPLATES, ASTERISK, tmp_path, replace(HOTLINE, operators=operators))


@pytest.mark.parametrize("folder", ["a;b", "a,b", "a&b", "a${b}", "a[b]"])
def test_a_path_that_asterisk_would_misread_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(SetupFailed, match="move the checkout"):
        render_hotline(TEMPLATES, ASTERISK, tmp_path / folder, HOTLINE)


def test_a_path_too_long_for_a_socket_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    run = next(
        line.partition("=> ")[2]
        for line in render_hotline(TEMPLATES, ASTERISK, folder, HOTLINE).read_text().splitlines()
        if line.startswith("astrundir")
    )
    assert len(run) < 90
    assert Path(run).is_dir()
    Path(run).rmdir()


def test_modules_that_asterisk_20_lacks_are_not_loaded(tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()

    def loaded() -> str:
        configuration = render_hotline(TEMPLATES, replace(ASTERISK, modules=modules), tmp_path / "etc", HOTLINE)
        return (configuration.parent / "modules.conf").read_text()

    assert "load = res_websocket_client.so" not in loaded()
    (modules / "res_websocket_client.so").touch()
    assert "load = res_websocket_client.so" in loaded()


def test_the_user_agent_knows_only_the_hotline(tmp_path: Path) -> None:
    agent = UserAgent(15060, 15088, 15038, 16000, 17000, "secret", hotline_sip_port=11060)
    configuration = render_agent(TEMPLATES, ASTERISK, tmp_path, agent)
    assert "contact = sip:127.0.0.1:11060" in sections(configuration.parent / "pjsip.conf")["hotline"]
    assert start_command(ASTERISK, configuration) == ("asterisk", "-C", str(configuration), "-f", "-n")
