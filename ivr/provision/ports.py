"""The ports of this checkout: chosen at random once, remembered in `var/ports.json`, so that two checkouts coexist."""

from __future__ import annotations

import json
import random
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from ivr.errors import SetupFailed
from ivr.locks import alone
from ivr.provision import sockets

ADDRESS = "127.0.0.1"

# what each port is for, in the words of the sentence that says it is taken
PURPOSES: Mapping[str, str] = {
    "sip": "telephones and the provider's calls (SIP)",
    "asterisk": "Asterisk's own HTTP server (ARI)",
    "agi": "FastAGI",
    "web": "the web pages",
    "door": "browsers' telephones (with a certificate)",
    "store": "the embedded store",
    "speech": "the speech workers",
}

_FIRST_PORT = 10082  # above the last one on which browsers open no page (fetch.spec.whatwg.org, "port blocking")
_RTP_WIDTH = 2048  # two for each stream of sound; a call with its operator and its recognition has three
_SPEECH_WIDTH = 64  # one for each worker


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each purpose, all on loopback; `speech` is the first of 64, `rtp_start` to `rtp_end` carry sound."""

    sip: int
    asterisk: int
    agi: int
    web: int
    door: int
    store: int
    speech: int
    rtp_start: int
    rtp_end: int

    def require_free(self, *names: str) -> None:
        """Raise `SetupFailed` for the first of these ports (all, when none is named) that something else has open."""
        for name in names or tuple(PURPOSES):
            port = int(getattr(self, name))
            if not sockets.is_free(port, ADDRESS):
                holder = sockets.holder(port)
                raise SetupFailed(
                    f"port {port}, meant for {PURPOSES[name]}, is taken{' by ' + holder if holder else ''}",
                    hint=f"stop that program, set {variable(name)}=…, or delete var/ports.json to choose new ports",
                )


def variable(name: str) -> str:
    """The environment variable that overrules a port: `IVR_PORT_SIP`."""
    return f"IVR_PORT_{name.upper()}"


def load(path: Path, environment: Mapping[str, str]) -> Ports:
    """The ports remembered in `path`, or new ones written there; variables such as `IVR_PORT_SIP` overrule them."""
    known = _read(path)
    if _missing(known):
        # the programs of a new checkout may all start at once: one of them chooses, the others find its choice
        with alone(path):
            known = _read(path)
            if missing := _missing(known):
                taken = {*known.values(), *range(known.get("rtp_start", 0), known.get("rtp_end", 0))}
                new = asdict(choose(random.SystemRandom(), taken))
                known |= {name: new[name] for name in missing}
                fresh = path.with_suffix(".new")
                fresh.write_text(json.dumps(known, indent=2))
                fresh.replace(path)
    return replace(Ports(**known), **_overruled(environment))


def choose(chance: random.Random, taken: Iterable[int] = ()) -> Ports:
    """Ports below those that the kernel hands out by itself, neither `taken` nor in use now, at random places."""
    end = sockets.ephemeral_start()
    used = {*sockets.used_ports(), *taken}
    # the widest first; between its ports Asterisk finds a way around one that is in use
    rtp = _take(_RTP_WIDTH, used, end, chance)
    speech = _take(_SPEECH_WIDTH, used, end, chance)
    single = {name: _take(1, used, end, chance) for name in PURPOSES if name != "speech"}
    return Ports(**single, speech=speech, rtp_start=rtp, rtp_end=rtp + _RTP_WIDTH - 1)


def _take(width: int, used: set[int], end: int, chance: random.Random) -> int:
    """Choose the first of `width` neighbouring ports of which the fewest are in use, and mark them as used."""
    in_use = sorted(used)
    starts = range(_FIRST_PORT, end - width, 2)  # even, as RTP wants it
    crowds = [bisect_left(in_use, first + width) - bisect_left(in_use, first) for first in starts]
    fewest = min(crowds)
    if fewest > width // 2:
        raise SetupFailed(f"no free ports between {_FIRST_PORT} and {end}", hint="set IVR_PORT_SIP=… and its siblings")
    first = chance.choice([start for start, crowd in zip(starts, crowds, strict=True) if crowd == fewest])
    used.update(range(first, first + width))
    return first


def _missing(known: Mapping[str, int]) -> set[str]:
    """All for a new file, some for one from before an upgrade."""
    return {field.name for field in fields(Ports)} - known.keys()


def _read(path: Path) -> dict[str, int]:
    """Ports by name, perhaps not all; {} when there is no file."""
    try:
        known = {name: int(port) for name, port in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        known = {}
    names = {field.name for field in fields(Ports)}
    if not known or not known.keys() <= names or not all(1024 <= port <= 65535 for port in known.values()):
        raise SetupFailed(
            "the ports of this checkout cannot be read",
            where=str(path),
            hint="delete the file, and new ones are chosen",
        )
    return known


def _overruled(environment: Mapping[str, str]) -> dict[str, int]:
    chosen = {}
    for field in fields(Ports):
        value = environment.get(variable(field.name))
        if value is not None:
            if not (value.isascii() and value.isdigit() and 1024 <= int(value) <= 65535):
                raise SetupFailed(
                    f'{variable(field.name)} is "{value}", which is no port', hint="give a number from 1024 to 65535"
                )
            chosen[field.name] = int(value)
    return chosen
