"""Which telephone of an operator rings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from ivr.errors import AsteriskUnavailable
from ivr.line.ari import Frame
from ivr.line.softphone import Softphones


class Asterisk:
    """Knows these SIP accounts; None: does not answer."""

    def __init__(self, states: Mapping[str, str] | None) -> None:
        self._states = states

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int) -> Any:
        if self._states is None:
            raise AsteriskUnavailable("no answer")
        if method == "PUT":
            return None  # a password
        assert (method, path) == ("GET", "endpoints/PJSIP")
        return [{"resource": name, "state": state} for name, state in self._states.items()]

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[Frame]]:
        raise NotImplementedError


async def test_browsers_go_on_ringing_with_another_controller() -> None:
    softphones = Softphones(Asterisk({"anna": "online", "anna-browser": "online", "boris-browser": "offline"}))
    await softphones.restore()
    assert softphones.telephone("anna") == "anna-browser"
    assert softphones.telephone("boris") == "boris"


async def test_an_asterisk_that_does_not_answer_is_no_end() -> None:
    softphones = Softphones(Asterisk(None))
    await softphones.restore()
    assert softphones.telephone("anna") == "anna"


async def test_the_newer_page_rings_and_the_older_one_does_not_take_it_back() -> None:
    softphones = Softphones(Asterisk({}))
    assert not softphones.elsewhere("anna", "first"), "after a start nobody is known to have it"
    await softphones.issue("anna", "first")
    assert not softphones.elsewhere("anna", "first")
    await softphones.issue("anna", "second")
    assert softphones.elsewhere("anna", "first")
    assert not softphones.elsewhere("anna", "second")
    assert not softphones.elsewhere("boris", "first")
