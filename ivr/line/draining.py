"""Whether new callers are turned away because the machine is to be stopped.

Asterisk keeps it, so that the controller that takes over knows, with or without a store; it ends with Asterisk, and a
machine that was started anew takes calls.
"""

from __future__ import annotations

import structlog

from ivr.errors import IvrError
from ivr.line.ari import Ari

log = structlog.get_logger()

_VARIABLE = "IVR_DRAINING"
_PATH = "asterisk/variable"


class Draining:
    """`on` while new callers are turned away. Asterisk being away makes no wish fail, only forgettable."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self.on = False

    async def restore(self) -> None:
        """A controller has just begun: what was wished of the one before holds on."""
        try:
            self.on = (await self._ari.request("GET", _PATH, variable=_VARIABLE))["value"] == "1"
        except IvrError as error:
            log.warning("draining_unknown", reason=error.what)

    async def wish(self, on: bool) -> None:
        """Turn new callers away from now on, or take them again."""
        self.on = on
        try:
            await self._ari.request("POST", _PATH, variable=_VARIABLE, value="1" if on else "")
        except IvrError as error:
            log.warning("draining_not_kept", reason=error.what)
