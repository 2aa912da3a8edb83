"""Which ports of this machine are in use, and by whom, as the kernel tells in /proc."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

_LISTENING = "0A"
_PROC = Path("/proc")


def ephemeral_start(proc: Path = _PROC) -> int:
    """The first port that the kernel hands out by itself; ports from there on may be taken at any moment."""
    try:
        return int((proc / "sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32768


def used_ports(proc: Path = _PROC) -> dict[int, str]:
    """Ports with a UDP socket or a listening TCP one, each with the socket's inode number."""
    return {port: inode for table in ("udp", "udp6", "tcp", "tcp6") for port, inode in _read_table(proc, table)}


def own_addresses(proc: Path = _PROC) -> tuple[str, ...]:
    """This machine's IPv4 addresses but those of the loopback; none when the kernel does not tell us."""
    found, candidate = set[str](), ""
    try:
        lines = (proc / "net/fib_trie").read_text().splitlines()
    except OSError:
        return ()
    for line in lines:
        bare = line.strip()
        if bare.startswith("|-- "):
            candidate = bare.removeprefix("|-- ")
        elif bare == "/32 host LOCAL" and not candidate.startswith("127."):
            found.add(candidate)
    return tuple(sorted(found))


def holder(port: int, proc: Path = _PROC) -> str:
    """Who has `port` open: `asterisk (process 4711)`; empty when the kernel does not tell us."""
    target = f"socket:[{used_ports(proc).get(port)}]"
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(file.readlink()) == target for file in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:
            continue  # ended meanwhile, or another user's
    return ""


def is_free(port: int, address: str) -> bool:
    """Whether both UDP and TCP of `port` can be bound now."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                # connections that just ended do not keep a server from listening again
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    return False
                raise
    return True


def _read_table(proc: Path, table: str) -> Iterator[tuple[int, str]]:
    try:
        lines = (proc / "net" / table).read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if table.startswith("udp") or fields[3] == _LISTENING:
            yield int(fields[1].rpartition(":")[2], 16), fields[9]
