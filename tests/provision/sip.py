"""A SIP telephone of a few lines: one request, with digest authentication, and the final answer's status."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
from types import TracebackType
from typing import Self

_ANSWER_SECONDS = 10.0
_SDP = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


class Telephone:
    """`user` at the SIP server on `port` of loopback, calling from `address`."""

    def __init__(self, user: str, port: int, address: str = "127.0.0.1") -> None:
        self._user = user
        self._server = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._host, self._port = self._socket.getsockname()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def register(self, password: str | None) -> int:
        """Register for a minute; None: without a password."""
        return self._ask("REGISTER", f"sip:127.0.0.1:{self._server[1]}", self._user, password)

    def invite(self, number: str, password: str | None) -> int:
        """Call `number` and hang up as soon as the call is answered."""
        return self._ask("INVITE", f"sip:{number}@127.0.0.1:{self._server[1]}", number, password)

    def receive(self, method: str, seconds: float) -> str:
        """Wait for a request of that method; `TimeoutError` when none comes."""
        self._socket.settimeout(seconds)
        while not (message := self._socket.recv(8192).decode()).startswith(method):
            if message.startswith("OPTIONS"):
                self._socket.sendto(_answer(message, "200 OK").encode(), self._server)
        if method == "INVITE":
            self._socket.sendto(_answer(message, "180 Ringing").encode(), self._server)
        return message

    def _ask(self, method: str, uri: str, to: str, password: str | None) -> int:
        call, tag = secrets.token_hex(8), secrets.token_hex(4)
        status, answer = self._send(method, uri, to, call, tag, 1, "")
        if status == 401 and password is not None:
            credentials = self._credentials(method, uri, password, answer)
            status, answer = self._send(method, uri, to, call, tag, 2, credentials)
        if status == 200 and method == "INVITE":
            target = _header(answer, "To")
            self._socket.sendto(self._request("ACK", uri, target, call, tag, 2, "").encode(), self._server)
            self._socket.sendto(self._request("BYE", uri, target, call, tag, 3, "").encode(), self._server)
        return status

    def _send(self, method: str, uri: str, to: str, call: str, tag: str, number: int, extra: str) -> tuple[int, str]:
        target = f"<sip:{to}@127.0.0.1>"
        self._socket.sendto(self._request(method, uri, target, call, tag, number, extra).encode(), self._server)
        self._socket.settimeout(_ANSWER_SECONDS)
        while True:
            answer = self._socket.recv(8192).decode()
            found = re.match(r"SIP/2\.0 (\d+)", answer)
            if found and int(found[1]) >= 200 and f"{number} {method}" in answer and call in answer:
                break
        if method == "INVITE" and int(found[1]) >= 300:
            self._socket.sendto(
                self._request("ACK", uri, _header(answer, "To"), call, tag, number, "").encode(), self._server
            )
        return int(found[1]), answer

    def _request(self, method: str, uri: str, to: str, call: str, tag: str, number: int, extra: str) -> str:
        body = _SDP.format(host=self._host) if method == "INVITE" else ""
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._host}:{self._port};rport;branch=z9hG4bK{call}{number}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self._user}@127.0.0.1>;tag={tag}\r\nTo: {to}\r\n"
            f"Call-ID: {call}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:{self._user}@{self._host}:{self._port}>\r\nExpires: 60\r\n{extra}"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )

    def _credentials(self, method: str, uri: str, password: str, challenge: str) -> str:
        offered = dict(re.findall(r'(\w+)="?([^",\r]+)"?', _header(challenge, "WWW-Authenticate")))
        realm, nonce, count, own = offered["realm"], offered["nonce"], "00000001", secrets.token_hex(4)
        known = _md5(f"{self._user}:{realm}:{password}")
        response = _md5(f"{known}:{nonce}:{count}:{own}:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Authorization: Digest username="{self._user}", realm="{realm}", nonce="{nonce}", uri="{uri}", qop=auth, '
            f'nc={count}, cnonce="{own}", response="{response}", algorithm=MD5'
            + (f', opaque="{offered["opaque"]}"' if "opaque" in offered else "")
            + "\r\n"
        )


def _answer(request: str, status: str) -> str:
    kept = [line for line in request.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""])


def _header(message: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*?)\r$", message, flags=re.MULTILINE)
    return found[1] if found else ""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
