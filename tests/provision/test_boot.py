"""The rendered configuration, read by the real Asterisk; strangers, operators and callers as it treats them."""

from __future__ import annotations

import asyncio
import random
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.line.ari import AriClient, wait_for_ari
from ivr.provision import ports, render
from ivr.provision.asterisk import find_installed
from ivr.provision.setup import Provisions
from tests.provision.conftest import PASSWORD, TEMPLATES, Booted, boot, running
from tests.provision.sip import Telephone

pytestmark = pytest.mark.telephone


def test_boots_without_a_complaint(provisions: Provisions, tmp_path: Path) -> None:
    with boot(provisions, tmp_path) as booted:
        assert booted.complaints == []
    assert booted.complaints == []


def test_an_installed_asterisk_serves(provisions: Provisions, tmp_path: Path) -> None:
    """The private one, laid out as distributions install it."""
    private = provisions.asterisk
    for folder, target in (("lib/asterisk/modules", private.modules), ("share/asterisk", private.data)):
        (tmp_path / folder).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / folder).symlink_to(target)
    program = tmp_path / "sbin" / "asterisk"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(private.command)} "$@"\n')
    program.chmod(0o755)
    installed = find_installed({"ASTERISK": str(program)})
    assert installed is not None
    assert installed.version == private.version
    with boot(replace(provisions, asterisk=installed), tmp_path) as booted:
        assert booted.complaints == []


def test_two_checkouts_boot_side_by_side(provisions: Provisions, hotline: Booted, tmp_path: Path) -> None:
    with boot(provisions, tmp_path) as other:
        assert other.complaints == []
        with Telephone("anna", hotline.ports.sip) as one, Telephone("anna", other.ports.sip) as two:
            assert one.register(PASSWORD) == 200
            assert two.register(PASSWORD) == 200


def test_an_operator_registers_with_the_right_password_only(hotline: Booted) -> None:
    with Telephone("boris", hotline.ports.sip) as telephone:
        assert telephone.register(None) == 401
        assert telephone.register("wrong") in (401, 403)
        assert telephone.register(PASSWORD) == 200


def test_an_operator_can_dial_nothing_but_the_codes(hotline: Booted) -> None:
    with Telephone("boris", hotline.ports.sip) as telephone:
        assert telephone.invite("88005553535", None) == 401
        assert telephone.invite("88005553535", PASSWORD) == 404
        assert telephone.invite("*2", PASSWORD) == 404
        # no controller takes the code, but it is known
        assert telephone.invite("*1", PASSWORD) not in (401, 403, 404)


def test_strangers_are_refused(hotline: Booted) -> None:
    with Telephone("79161234567", hotline.ports.sip, address="127.0.0.2") as stranger:
        assert stranger.invite("88005553535", None) == 401
        assert stranger.register("anything") in (401, 403)


def test_callers_from_the_provider_reach_the_hotline_and_nothing_else(hotline: Booted) -> None:
    with Telephone("79161234567", hotline.ports.sip) as caller:
        assert caller.invite("88005553535", None) == 200
        assert caller.invite("+78005553535", None) == 200
        assert caller.invite("hotline", None) == 200
        # a caller's number is not an account
        assert caller.register("anything") not in (200, 100)


async def test_without_a_controller_callers_are_answered_and_operators_ring(
    provisions: Provisions, hotline: Booted, tmp_path: Path
) -> None:
    own = ports.choose(random.SystemRandom())
    agent = render.UserAgent(own.sip, own.asterisk, own.agi, own.rtp_start, own.rtp_end, PASSWORD, hotline.ports.sip)
    configuration = render.render_agent(TEMPLATES, provisions.asterisk, tmp_path, agent)
    address = f"http://{ports.ADDRESS}:{own.asterisk}"
    with running(provisions, configuration), Telephone("anna", hotline.ports.sip) as operator:
        await wait_for_ari(address, "agent", PASSWORD, 20.0)
        assert operator.register(PASSWORD) == 200
        async with AriClient(address, "agent", PASSWORD, "agent") as ari, ari.events() as frames:
            target = "PJSIP/88005553535@hotline"
            await ari.request("POST", "channels/caller", endpoint=target, app="agent", callerId="79161234567")
            async with asyncio.timeout(10):
                async for frame in frames:
                    if frame["type"] == "StasisStart":
                        break
            # answered by the fallback; after its prompt the operator's telephone rings
            ringing = await asyncio.to_thread(operator.receive, "INVITE", 10.0)
            assert "79161234567" in ringing
            await ari.request("DELETE", "channels/caller")
            assert await asyncio.to_thread(operator.receive, "CANCEL", 10.0)
