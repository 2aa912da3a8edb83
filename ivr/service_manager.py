"""What a systemd that has started this process is told (sd_notify(3)); nothing without one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

_TOLD_PER_WATCHDOG = 3


def tell(state: str) -> None:
    """`READY=1` and the like."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telling, contextlib.suppress(OSError):
            telling.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


async def tell_alive() -> None:
    """Say as long as the loop turns that it does, in time for the unit's `WatchdogSec=`; return when it has none."""
    watchdog = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
    while watchdog:
        tell("WATCHDOG=1")
        await asyncio.sleep(watchdog / _TOLD_PER_WATCHDOG)
