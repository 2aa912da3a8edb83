"""A hotline with a certificate: calls by TLS and SRTP, pages by TLS 1.3, nothing in plain text, no secret in sight."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from pathlib import Path

import aiohttp
import pytest

from ivr.agent.agent import Place, running_agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.agent.sounds import Voice
from ivr.hotline import Hotline
from ivr.journal.reader import JournalReader
from ivr.line.ari import AriClient
from ivr.provision.setup import Provisions
from tests.certificate import self_signed
from tests.telephone.conftest import CHECKOUT, RunningHotline, running_hotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]

SETTINGS = """
network:
  certificate: config/line.crt
  private_key: config/line.key
"""


def with_certificate(root: Path) -> None:
    self_signed(root / "config" / "line.crt", root / "config" / "line.key")
    settings = root / "config" / "ivr.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.unlink()
    settings.write_text(text + SETTINGS, encoding="utf-8")


async def test_a_call_is_encrypted_from_end_to_end(provisions: Provisions, voice: Voice, tmp_path: Path) -> None:
    place = Place(provisions.asterisk, CHECKOUT / "asterisk", tmp_path / "agent", tmp_path / "speech")
    root = tmp_path / "hotline"
    root.mkdir()
    async with running_hotline(root, change=with_certificate) as running:
        hotline = running.hotline
        async with running_agent(place, hotline.ports.sip, voice=voice, encryption=hotline.encryption) as agent:
            password = hotline.secrets.password("operator/anna")
            async with agent.operator("anna", password, OperatorScript(talk_seconds=3.0)):
                call = asyncio.create_task(agent.call("88005553535", CallScript((keys("1"),))))
                await running.until(lambda status: any(call["operator"] for call in status["calls"]))
                secure = await media_of(running)
                await call
        async with hotline.store() as store:
            (name,) = await JournalReader(store, None).calls()
        assert (await running.steps(name))[-1].data["outcome"] == "talked"
        assert len(secure) == 2
        assert all(secure), "sound travels in the clear"

        assert (await answer_to_a_page(hotline)).startswith("SIP/2.0 ")
        assert await asyncio.to_thread(web_speaks, hotline.ports.door, "-tls1_3")
        assert not await asyncio.to_thread(web_speaks, hotline.ports.door, "-tls1_2")

        assert await asyncio.to_thread(web_speaks, hotline.ports.web, "-tls1_3")
        assert not await asyncio.to_thread(web_speaks, hotline.ports.web, "-tls1_2")
        assert await asyncio.to_thread(answer_to_plain_sip, hotline.ports.sip) == b""


async def media_of(running: RunningHotline) -> list[bool]:
    """Of caller and operator: is their sound encrypted?"""
    hotline = running.hotline
    async with AriClient(hotline.asterisk_address, "ivr", hotline.secrets.password("ari"), "ivr") as ari:
        channels = await ari.request("GET", "channels")
        named = [channel["id"] for channel in channels if channel["name"].startswith("PJSIP/")]
        answers = [
            await ari.request("GET", f"channels/{channel}/variable", variable="CHANNEL(rtp,secure,audio)")
            for channel in named
        ]
    return [answer["value"] == "1" for answer in answers]


async def answer_to_a_page(hotline: Hotline) -> str:
    """What Asterisk says to the telephone in an operator's page that does not know the password."""
    (address,) = (each for each in hotline.browser_telephones if "127.0.0.1" in each)
    register = (
        "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/WSS page.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
        "From: <sip:anna-browser@127.0.0.1>;tag=1\r\nTo: <sip:anna-browser@127.0.0.1>\r\nCall-ID: page\r\n"
        "CSeq: 1 REGISTER\r\nContact: <sip:anna@page.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"
    )
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(address, protocols=("sip",), origin=hotline.web_address, ssl=hotline.web_trust) as socket,
    ):
        await socket.send_str(register)
        answer: str = await socket.receive_str(timeout=10)
        return answer


def web_speaks(port: int, version: str) -> bool:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", version]
    run = subprocess.run(command, input=b"", capture_output=True, timeout=10, check=False)
    return b"Cipher is (NONE)" not in run.stdout


def answer_to_plain_sip(port: int) -> bytes:
    request = (
        b"OPTIONS sip:hotline SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
        b"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:hotline>\r\nCall-ID: plain\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as telephone:
        telephone.settimeout(0.5)
        telephone.connect(("127.0.0.1", port))
        try:
            telephone.send(request)
            return telephone.recv(2000)
        except OSError:  # nobody there, or no answer
            return b""
