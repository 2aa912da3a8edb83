"""Which Debian archive this machine already trusts, read from its own apt sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.errors import SetupFailed

_RELEASE_NAMES = {"stable", "oldstable", "testing", "unstable", "sid"}
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_ONE_LINE = re.compile(r"deb(?:\s+\[(?P<options>[^]]*)\])?\s+(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")


@dataclass(frozen=True, slots=True)
class Source:
    """One line of apt's sources; `signed_by` is a keyring's path, empty when the line names none."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str


@dataclass(frozen=True, slots=True)
class Archive:
    """Where packages come from, and the keyring that vouches for them."""

    uri: str
    keyring: str


def find_archive(etc: Path, environment: Mapping[str, str]) -> Archive:
    """The archive of this machine's Debian release under `etc`; `IVR_DEBIAN_ARCHIVE` in `environment` overrules it."""
    codename = _codename(etc)
    named = environment.get("IVR_DEBIAN_ARCHIVE")
    if named:
        return Archive(named, _KEYRING)
    for source in read_sources(etc):
        if "main" in source.components and _RELEASE_NAMES.union({codename}).intersection(source.suites):
            return Archive(source.uri.rstrip("/"), source.signed_by or _KEYRING)
    raise SetupFailed(
        "this machine's apt sources name no Debian archive to take packages from",
        hint="install asterisk (20 or newer), rhvoice and rhvoice-russian, or name an archive in IVR_DEBIAN_ARCHIVE=",
    )


def read_sources(etc: Path) -> Iterator[Source]:
    """Every enabled binary source in `etc/apt`, of both formats, in apt's own order."""
    parts = sorted((etc / "apt" / "sources.list.d").glob("*"))
    for path in (etc / "apt" / "sources.list", *parts):
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        if path.suffix == ".sources":
            yield from parse_stanzas(text)
        elif path.suffix == ".list":
            yield from parse_lines(text)


def parse_lines(text: str) -> Iterator[Source]:
    """Sources of the one-line format: `deb [signed-by=KEYRING] URI SUITE COMPONENT…`."""
    for line in text.splitlines():
        found = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if found:
            options = dict(option.partition("=")[::2] for option in (found["options"] or "").split())
            components = tuple(found["components"].split())
            yield Source(found["uri"], (found["suite"],), components, options.get("signed-by", ""))


def parse_stanzas(text: str) -> Iterator[Source]:
    """Sources of the stanza format (`Types:`, `URIs:`, `Suites:`, …)."""
    for stanza in re.split(r"\n\s*\n", re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)):
        fields: dict[str, str] = {}
        for name, value in re.findall(r"^([\w-]+):((?:.*\n?)(?:[ \t].*\n?)*)", stanza, flags=re.MULTILINE):
            fields[name.lower()] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        # a key written into the stanza itself is the archive's usual one in armour
        signed_by = fields.get("signed-by", "")
        keyring = signed_by if signed_by.startswith("/") and "\n" not in signed_by else ""
        suites, components = tuple(fields.get("suites", "").split()), tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            yield Source(uri, suites, components, keyring)


def _codename(etc: Path) -> str:
    try:
        release = (etc / "os-release").read_text()
    except OSError:
        return ""
    fields = dict(line.partition("=")[::2] for line in release.splitlines())
    # derivatives keep their own packages under their own names; their archive carries none of Debian's suites
    return fields.get("VERSION_CODENAME", "").strip('"') if fields.get("ID", "").strip('"') == "debian" else ""
