"""Telephones that come and go while nobody listens are told of as soon as somebody does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ivr.line.asterisk import Line
from ivr.line.events import ContactsChanged
from ivr.line.fake import FakeAsterisk, Telephone
from ivr.virtual_time import run_virtually


def told(meanwhile: Callable[[FakeAsterisk], None]) -> list[ContactsChanged]:
    """What the line tells after it has lost its socket; anna and a stranger were there before."""

    async def scene() -> list[ContactsChanged]:
        changes: list[ContactsChanged] = []
        asterisk = FakeAsterisk({"anna": Telephone(), "stranger": Telephone()})
        line = Line(asterisk, "ivr", lambda _: None, lambda _: None, changes.append, telephones=["anna", "boris"])
        reading = asyncio.create_task(line.run())
        await line.online.wait()
        assert changes == [ContactsChanged("anna", reachable=True)]
        changes.clear()
        asterisk.telephones.pop("stranger")
        meanwhile(asterisk)
        await asyncio.sleep(1)
        await line.online.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return changes

    return run_virtually(scene())


def one_for_the_other(asterisk: FakeAsterisk) -> None:
    asterisk.telephones = {"boris": Telephone()}
    asterisk.drop_socket()


def a_new_asterisk(asterisk: FakeAsterisk) -> None:
    asterisk.telephones = {}
    asterisk.die()


@pytest.mark.parametrize(
    ("meanwhile", "changes"),
    [
        (FakeAsterisk.drop_socket, set()),
        (one_for_the_other, {ContactsChanged("anna", reachable=False), ContactsChanged("boris", reachable=True)}),
        (a_new_asterisk, set()),  # it has yet to ask anna whether she is there
    ],
)
def test_what_was_missed_is_told(meanwhile: Callable[[FakeAsterisk], None], changes: set[ContactsChanged]) -> None:
    assert set(told(meanwhile)) == changes
