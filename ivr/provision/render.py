"""Asterisk's configuration files, rendered from the templates in `asterisk/` into a private folder.

Two flavours: the hotline itself, and the user agent that plays callers and operators in tests and try-outs.
"""

from __future__ import annotations

import re
import resource
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import jinja2

from ivr.errors import SetupFailed
from ivr.provision import sockets
from ivr.provision.asterisk import Asterisk
from ivr.provision.encryption import Encryption
from ivr.provision.ports import ADDRESS, Ports

QUALIFY_SECONDS = 10
REGISTRATION_SECONDS = 120
RTP_TIMEOUT_SECONDS = 60
BROWSER_QUALIFY_SECONDS = 5
BROWSER_RTP_TIMEOUT_SECONDS = 15

_LOOPBACK = ip_address(ADDRESS)
_MOST_OPEN_FILES = 65536
_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107; Asterisk's socket is `asterisk.ctl`
_FOLDERS = ("etc", "lib", "db", "keys", "agi", "spool/tmp", "spool/recording", "spool/monitor", "log", "cache")
# files that Asterisk wants to see, though there is nothing to say in them
_SILENT = (
    "acl",
    "aeap",
    "ccss",
    "cel",
    "codecs",
    "dsp",
    "features",
    "stasis",
    "udptl",
    "websocket_client",
)
_ACCOUNT_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}")
_RESERVED_NAMES = {"global", "udp", "tcp", "telephone", "trunk", "operator", "operator-password", "operator-telephone"}
_RESERVED_NAMES |= {"tls", "ws", "browser", "browser-contact", "headset", "visitor"}
_LENT = re.compile(r"(headset|visitor)-[0-9]+")
_NUMBER = re.compile(r"\+?[0-9]{1,15}")
_UNREADABLE = re.compile(r"[;,&$|(){}\[\]\"'\\\r\n]")


@dataclass(frozen=True, slots=True)
class OperatorAccount:
    """An operator's telephone: SIP user `name` (which is also the PJSIP endpoint), internal `number`, `password`."""

    name: str
    number: str
    password: str


@dataclass(frozen=True, slots=True)
class Trunk:
    """The provider's line: calls from these addresses (or networks, `10.0.0.0/24`) are callers'."""

    addresses: tuple[str, ...] = (ADDRESS,)
    outgoing: str = ""
    """host:port that takes our calls to outside telephones; "": we ring nobody there."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """What callers hear without a plan, as WAV files (8 kHz): when the controller is away around the ringing of the
    operators, and when all lines are `busy`."""

    please_wait: Path
    goodbye: Path
    busy: Path
    ring_seconds: int = 60
    tries: int = 6
    """How often to look again, 5 s apart, for an operator who is free."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """Everything that the hotline's Asterisk is told; `music` is a folder of WAV files (8 kHz, mono).

    `own_dialplan`: an `extensions.conf` that the admin writes, read after ours; it need not exist.
    """

    ports: Ports
    ari_password: str
    operators: tuple[OperatorAccount, ...]
    fallback: Fallback
    music: Path
    trunk: Trunk = Trunk()
    own_dialplan: Path | None = None
    telephones: IPv4Address | IPv6Address = _LOOPBACK
    """Where SIP and sound are taken; the rest stays on loopback."""
    headsets: tuple[str, ...] = ()
    """Accounts that are lent to pages of supervisors."""
    visitors: tuple[str, ...] = ()
    """Accounts that are lent to callers from the public page."""
    encryption: Encryption | None = None
    """With it telephones and trunk speak TLS and SRTP, and nothing else."""


@dataclass(frozen=True, slots=True)
class UserAgent:
    """Everything that the user agent's Asterisk is told; `hotline_sip_port` is where its calls go."""

    sip_port: int
    http_port: int
    ami_port: int
    rtp_start: int
    rtp_end: int
    ari_password: str
    hotline_sip_port: int
    encryption: Encryption | None = None
    """The hotline's, which then speaks TLS and SRTP only."""


def render_hotline(templates: Path, asterisk: Asterisk, folder: Path, hotline: Hotline) -> Path:
    """Write the hotline's configuration into `folder/etc` and return its `asterisk.conf`.

    `templates`: the checkout's `asterisk/`. Raises `SetupFailed` for an operator's name or number, or a path, that
    Asterisk could not read.
    """
    for operator in hotline.operators:
        taken = operator.name in _RESERVED_NAMES or _LENT.fullmatch(operator.name)
        if taken or not _ACCOUNT_NAME.fullmatch(operator.name):
            raise SetupFailed(
                f'"{operator.name}" cannot be the name of an operator',
                hint="use 2 to 40 Latin small letters, digits, - or _, beginning with a letter",
            )
        if not _NUMBER.fullmatch(operator.number):
            raise SetupFailed(
                f'"{operator.number}" is not a number for the operator {operator.name}', hint="use digits"
            )
    values = {
        "sip_port": hotline.ports.sip,
        "http_port": hotline.ports.asterisk,
        "rtp_start": hotline.ports.rtp_start,
        "rtp_end": hotline.ports.rtp_end,
        "ari_password": hotline.ari_password,
        "operators": [asdict(operator) for operator in hotline.operators],
        "headsets": hotline.headsets,
        "visitors": hotline.visitors,
        "trunk": asdict(hotline.trunk),
        "fallback": {
            "please_wait": hotline.fallback.please_wait.with_suffix(""),
            "goodbye": hotline.fallback.goodbye.with_suffix(""),
            "busy": hotline.fallback.busy.with_suffix(""),
            "ring_seconds": hotline.fallback.ring_seconds,
            "tries": hotline.fallback.tries,
        },
        "music": hotline.music,
        "agi_port": hotline.ports.agi,
        "own_dialplan": hotline.own_dialplan,
        "qualify_seconds": QUALIFY_SECONDS,
        "registration_seconds": REGISTRATION_SECONDS,
        "rtp_timeout_seconds": RTP_TIMEOUT_SECONDS,
        "browser_qualify_seconds": BROWSER_QUALIFY_SECONDS,
        "browser_rtp_timeout_seconds": BROWSER_RTP_TIMEOUT_SECONDS,
        "browsers": True,
        "host_addresses": sockets.own_addresses() if hotline.telephones.is_loopback else (),
        **_way_in(hotline),
    }
    return _render(templates, "hotline", asterisk, folder, values)


def _way_in(hotline: Hotline) -> dict[str, Any]:
    """For pjsip.conf. Everywhere at once is no address that a telephone could send sound to: Asterisk then finds it."""
    address = hotline.telephones
    return {
        "sip_address": str(address),
        "media_address": None if address.is_unspecified else str(address),
        **_encrypted(hotline.encryption),
    }


def _encrypted(encryption: Encryption | None) -> dict[str, Any]:
    named = encryption and {**asdict(encryption), "method": encryption.method}
    return {"encryption": named, "secure": encryption is not None}


def render_agent(templates: Path, asterisk: Asterisk, folder: Path, agent: UserAgent) -> Path:
    """Write the user agent's configuration into `folder/etc` and return its `asterisk.conf`."""
    values = {**asdict(agent), **_encrypted(agent.encryption), "host_addresses": (), "browsers": False}
    values["hotline"] = f"{ADDRESS}:{agent.hotline_sip_port}"
    return _render(templates, "agent", asterisk, folder, values)


def start_command(asterisk: Asterisk, configuration: Path) -> tuple[str, ...]:
    """Arguments that run Asterisk in the foreground; to be started with `asterisk.environment` on top of ours."""
    return (*asterisk.command, "-C", str(configuration), "-f", "-n")


def console_command(asterisk: Asterisk, configuration: Path, words: str) -> tuple[str, ...]:
    """Arguments that give the running Asterisk one console command, such as `core stop gracefully`."""
    return (*asterisk.command, "-C", str(configuration), "-r", "-x", words)


def _render(templates: Path, flavour: str, asterisk: Asterisk, folder: Path, values: Mapping[str, Any]) -> Path:
    folder = folder.resolve()
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    etc = folder / "etc"
    loader = jinja2.FileSystemLoader(templates)
    environment = jinja2.Environment(  # noqa: S701 (configuration files, not HTML)
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    every = {
        **values,
        "asterisk": {"modules": asterisk.modules, "data": asterisk.data},
        "modules": {path.stem for path in asterisk.modules.glob("*.so")},
        "folder": folder,
        "run": _run_folder(folder),
        "address": ADDRESS,
        "open_files": min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], _MOST_OPEN_FILES),
    }
    _require_readable(every)
    for path in (*sorted((templates / "common").glob("*.j2")), *sorted((templates / flavour).glob("*.j2"))):
        text = environment.get_template(str(path.relative_to(templates))).render(every)
        _write(etc / path.stem, text)
    for name in _SILENT:
        _write(etc / f"{name}.conf", "; nothing is set here: Asterisk only wants to see this file\n")
    _write(etc / "cdr.conf", "; the hotline keeps its own journal\n[general]\nenable = no\n")
    return etc / "asterisk.conf"


def _write(path: Path, text: str) -> None:
    """Readable by us alone: passwords are in it."""
    path.touch(mode=0o600)
    path.write_text(text)


def _run_folder(folder: Path) -> Path:
    """Where the console's socket lies; a path too long for a socket is replaced by a short one of our own."""
    run = folder / "run"
    if len(str(run / "asterisk.ctl")) > _LONGEST_SOCKET_PATH:
        run = Path(tempfile.gettempdir()) / f"ivr-{sha256(str(folder).encode()).hexdigest()[:16]}"
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    return run


def _require_readable(value: object) -> None:
    """Refuse what would end a value, or begin an expression, in a file that Asterisk reads."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            _require_readable(item)
    elif isinstance(value, str | Path) and (found := _UNREADABLE.search(str(value))):
        raise SetupFailed(
            f"Asterisk cannot read a value with {found[0]!r} in it: {value}",
            hint="move the checkout to a path of plain letters" if isinstance(value, Path) else "use plain characters",
        )
