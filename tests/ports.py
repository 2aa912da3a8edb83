"""A port for a server of a test's own; who is connected to one."""

from __future__ import annotations

import socket
from pathlib import Path


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """One on the loopback that nobody has now, for TCP; for UDP with `SOCK_DGRAM`."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def connections(port: int) -> int:
    """To a server on the loopback, as long as it has not closed them; the other ends may be gone already."""
    rows = (row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:])
    established, left_by_the_other = "01", "08"
    return sum(row[1].endswith(f":{port:04X}") and row[3] in (established, left_by_the_other) for row in rows)
