"""Telephones over real SIP and RTP, light enough for hundreds of calls beside what is measured.

All share two UDP sockets. What comes in bears the kernel's own time, so that a busy bench does not look like a slow
hotline. Times are Unix seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

ADDRESS = "127.0.0.1"
FRAME_SECONDS = 0.02

_SO_TIMESTAMPNS = 35  # Linux; Python has no name for it
_TIMEOUT_SECONDS = 15.0
_KEY_FRAMES = 5
_KEY_TYPE = 101
_FRAME_SAMPLES = 160
_SILENCE = b"\xd5" * _FRAME_SAMPLES  # A-law's quietest step
_QUIET = frozenset(b"\xd5\x55")
_OK = 200
_UNAUTHORIZED = 401


class Message(NamedTuple):
    """One SIP message; `headers` in their order, names in small letters."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str
    at: float

    def header(self, name: str) -> str:
        """The first header of that name."""
        return next(value for key, value in self.headers if key == name)

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0


class Call:
    """One leg of ours. `answered` and `ended` get the time; `loud` the time of each loud frame after a quiet one."""

    def __init__(self, telephones: Telephones, identity: str, own: str, other: str, target: str) -> None:
        loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[float] = loop.create_future()
        self.ended: asyncio.Future[float] = loop.create_future()
        self.loud: asyncio.Queue[float] = asyncio.Queue()
        self.quiet_since = 0.0
        self.identity = identity
        self.own = own
        self.other = other
        self.target = target
        self.sound_port = 0
        self._telephones = telephones
        self._sequence = itertools.count(1)
        self._stamp = 0
        self._pressing = False

    def hang_up(self) -> float:
        """Send BYE; answers the time just before."""
        at = time.time()
        self._telephones.request("BYE", self.target, self, 2)
        self._telephones.forget(self, at)
        return at

    async def press(self, key: int) -> float:
        """Press a key for 0.1 s (RFC 4733); answers the time just before its end was sent."""
        self._pressing = True
        for frame in range(1, _KEY_FRAMES + 1):
            self._send(struct.pack(">BBH", key, 10, frame * _FRAME_SAMPLES), _KEY_TYPE, marked=frame == 1)
            await asyncio.sleep(FRAME_SECONDS)
        end = struct.pack(">BBH", key, 0x8A, _KEY_FRAMES * _FRAME_SAMPLES)
        at = time.time()
        for _ in range(3):
            self._send(end, _KEY_TYPE)
        self._stamp += _KEY_FRAMES * _FRAME_SAMPLES
        self._pressing = False
        return at

    def be_silent(self) -> None:
        """Send one frame of silence, unless a key is being pressed: its packets stand for the sound."""
        if not self._pressing:
            self._send(_SILENCE, 8)
            self._stamp += _FRAME_SAMPLES

    def hear(self, packet: bytes, at: float) -> None:
        """One RTP packet from the hotline."""
        if packet[1] & 0x7F != 8:
            return
        if _QUIET.issuperset(packet[12:]):
            self.quiet_since = self.quiet_since or at
        elif self.quiet_since:
            self.quiet_since = 0.0
            self.loud.put_nowait(at)

    def _send(self, payload: bytes, kind: int, *, marked: bool = False) -> None:
        if self.sound_port and not self.ended.done():
            header = struct.pack(">BBHII", 0x80, kind | marked << 7, next(self._sequence) & 0xFFFF, self._stamp, 1)
            self._telephones.send_sound(header + payload, self.sound_port)


class Telephones:
    """`on_offer` is given each call that the hotline places to us, answered already."""

    def __init__(self, hotline_port: int, signalling: socket.socket, sound: socket.socket) -> None:
        self.on_offer: Callable[[Call, Message], None] = lambda _call, _invite: None
        self._hotline = (ADDRESS, hotline_port)
        self._signalling = signalling
        self._sound = sound
        self._port: int = signalling.getsockname()[1]
        self._calls: dict[str, Call] = {}
        self._by_sound: dict[int, Call] = {}
        self._asked: dict[str, asyncio.Future[Message]] = {}

    @property
    def calls(self) -> tuple[Call, ...]:
        """Those in progress."""
        return tuple(self._calls.values())

    async def call(self, number: str, caller: str) -> Call:
        """Dial; returns once the hotline has answered."""
        name, tag = secrets.token_hex(8), secrets.token_hex(4)
        target = f"sip:{number}@{ADDRESS}:{self._hotline[1]}"
        call = Call(self, name, f"<sip:{caller}@{ADDRESS}>;tag={tag}", f"<{target}>", target)
        self._calls[name] = call
        self.request("INVITE", target, call, 1, self._offer_sound())
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await call.answered
        return call

    async def register(self, name: str, password: str) -> None:
        """Make the hotline ring the account `name` here."""
        target = f"sip:{ADDRESS}:{self._hotline[1]}"
        own = f"<sip:{name}@{ADDRESS}>"
        call = Call(self, secrets.token_hex(8), f"{own};tag={secrets.token_hex(4)}", own, target)
        answer = await self._register(call, name, 1)
        if answer.status == _UNAUTHORIZED:
            answer = await self._register(call, name, 2, _credentials(answer, name, password, target))
        if answer.status != _OK:
            raise ConnectionError(f"the hotline does not register {name}: {answer.first}")

    async def ping(self) -> float:
        """Seconds that Asterisk takes to answer an OPTIONS, in which nothing else of the hotline has a part."""
        target = f"sip:{ADDRESS}:{self._hotline[1]}"
        own = f"<sip:ping@{ADDRESS}>"
        call = Call(self, secrets.token_hex(8), f"{own};tag={secrets.token_hex(4)}", f"<{target}>", target)
        at = time.time()
        return (await self._ask("OPTIONS", call, 1)).at - at

    async def _register(self, call: Call, name: str, number: int, credentials: str = "") -> Message:
        return await self._ask("REGISTER", call, number, more=credentials, contact=name)

    async def _ask(self, method: str, call: Call, number: int, *, more: str = "", contact: str = "bench") -> Message:
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[call.identity] = answer
        self.request(method, call.target, call, number, more=more, contact=contact)
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await answer
        finally:
            del self._asked[call.identity]

    def request(
        self, method: str, uri: str, call: Call, number: int, body: str = "", *, more: str = "", contact: str = "bench"
    ) -> None:
        """Send one request of this call's dialog."""
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {ADDRESS}:{self._port};branch=z9hG4bK{secrets.token_hex(6)};rport",
            "Max-Forwards: 70",
            f"From: {call.own}",
            f"To: {call.other}",
            f"Call-ID: {call.identity}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{contact}@{ADDRESS}:{self._port}>",
            *([more] if more else []),
        ]
        self._send(lines, body)

    def send_sound(self, packet: bytes, port: int) -> None:
        try:
            self._sound.sendto(packet, (ADDRESS, port))
        except BlockingIOError:
            pass  # sound that is late is lost, as everywhere

    def forget(self, call: Call, at: float) -> None:
        """The call is over."""
        self._calls.pop(call.identity, None)
        if self._by_sound.get(call.sound_port) is call:
            del self._by_sound[call.sound_port]
        if not call.ended.done():
            call.ended.set_result(at)

    def receive_signals(self) -> None:
        """Read what SIP has come."""
        while (datagram := _receive(self._signalling)) is not None:
            if datagram[0].strip():
                self._take(_parse(*datagram[:2]))

    def receive_sound(self) -> None:
        """Read what RTP has come."""
        while (datagram := _receive(self._sound)) is not None:
            if (call := self._by_sound.get(datagram[2])) is not None:
                call.hear(*datagram[:2])

    def _take(self, message: Message) -> None:
        method = message.header("cseq").split()[1]
        call = self._calls.get(message.header("call-id"))
        if (asked := self._asked.get(message.header("call-id"))) is not None:
            if not asked.done():
                asked.set_result(message)
        elif message.status:
            if method == "INVITE" and message.status >= _OK and call is not None:
                self._invite_answered(call, message)
        elif method == "INVITE":
            self._offered(message)
        elif method != "ACK":
            self._respond(message, "200 OK", message.header("to"))
            if method == "BYE" and call is not None:
                self.forget(call, message.at)

    def _invite_answered(self, call: Call, answer: Message) -> None:
        call.other = answer.header("to")
        if answer.status == _OK:
            call.target = answer.header("contact").strip("<>")
            self._hears(call, answer)
            self.request("ACK", call.target, call, 1)
            if not call.answered.done():
                call.answered.set_result(answer.at)
        else:
            self.forget(call, answer.at)
            if not call.answered.done():
                call.answered.set_exception(ConnectionError(f"the hotline does not answer: {answer.first}"))

    def _offered(self, invite: Message) -> None:
        name = invite.header("call-id")
        if name in self._calls:
            return  # sent again, answered already
        own = f"{invite.header('to')};tag={secrets.token_hex(4)}"
        call = Call(self, name, own, invite.header("from"), invite.header("contact").strip("<>"))
        self._calls[name] = call
        self._hears(call, invite)
        self._respond(invite, "200 OK", own, self._offer_sound())
        self.on_offer(call, invite)

    def _hears(self, call: Call, message: Message) -> None:
        call.sound_port = int(message.body.split("m=audio ")[1].split()[0])
        self._by_sound[call.sound_port] = call

    def _respond(self, request: Message, status: str, to: str, body: str = "") -> None:
        same = ("via", "from", "call-id", "cseq", "record-route")
        lines = [f"SIP/2.0 {status}", *(f"{name}: {value}" for name, value in request.headers if name in same)]
        self._send([*lines, f"To: {to}", f"Contact: <sip:bench@{ADDRESS}:{self._port}>"], body)

    def _send(self, lines: list[str], body: str) -> None:
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body])
        self._signalling.sendto(text.encode(), self._hotline)

    def _offer_sound(self) -> str:
        return "\r\n".join(
            [
                "v=0",
                f"o=- 1 1 IN IP4 {ADDRESS}",
                "s=-",
                f"c=IN IP4 {ADDRESS}",
                "t=0 0",
                f"m=audio {self._sound.getsockname()[1]} RTP/AVP 8 {_KEY_TYPE}",
                "a=rtpmap:8 PCMA/8000",
                f"a=rtpmap:{_KEY_TYPE} telephone-event/8000",
                f"a=fmtp:{_KEY_TYPE} 0-16",
                "a=sendrecv",
                "",
            ]
        )


@asynccontextmanager
async def telephones(hotline_port: int, *, listening: bool) -> AsyncIterator[Telephones]:
    """Telephones that all send silence, as people do who wait. Unless `listening`, nobody reads what they hear."""
    loop = asyncio.get_running_loop()
    with _socket() as signalling, _socket() as sound:
        if not listening:
            sound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        ours = Telephones(hotline_port, signalling, sound)
        loop.add_reader(signalling, ours.receive_signals)
        if listening:
            loop.add_reader(sound, ours.receive_sound)
        silence = loop.create_task(_send_silence(ours))
        try:
            yield ours
        finally:
            for call in ours.calls:
                call.hang_up()
            silence.cancel()
            loop.remove_reader(signalling)
            loop.remove_reader(sound)


async def _send_silence(ours: Telephones) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        for call in ours.calls:
            call.be_silent()
        due = max(due + FRAME_SECONDS, loop.time() - FRAME_SECONDS)
        await asyncio.sleep(due - loop.time())


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    made.setblocking(False)
    made.bind((ADDRESS, 0))
    return made


def _receive(source: socket.socket) -> tuple[bytes, float, int] | None:
    """A datagram, when it came, and from which port; None when there is none."""
    try:
        data, ancillary, _, sender = source.recvmsg(65535, 64)
    except BlockingIOError:
        return None
    seconds, nanoseconds = next(struct.unpack("qq", value) for _, kind, value in ancillary if kind == _SO_TIMESTAMPNS)
    return data, seconds + nanoseconds / 1e9, sender[1]


def _parse(data: bytes, at: float) -> Message:
    head, _, body = data.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return Message(first, tuple((name.strip().lower(), value.strip()) for name, value in pairs), body, at)


def _credentials(answer: Message, name: str, password: str, uri: str) -> str:
    """The header that answers a digest challenge (RFC 2617, qop auth)."""
    challenges = [value for key, value in answer.headers if key == "www-authenticate"]
    challenge = next(text for text in challenges if "SHA" not in text)
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    client = secrets.token_hex(4)
    secret = _md5(f"{name}:{asked['realm']}:{password}")
    response = _md5(f"{secret}:{asked['nonce']}:00000001:{client}:auth:{_md5(f'REGISTER:{uri}')}")
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return (
        f'Authorization: Digest username="{name}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}",'
        f' response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{client}"{opaque}'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
