"""What a browser may send to Asterisk by way of us: requests of the account that it was lent, one at a time."""

from __future__ import annotations

import pytest

from ivr.web.caller.relay import speaks_for

INVITE = (
    "INVITE sip:call@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/WS q9c.invalid;branch=z9hG4bK1\r\n"
    "To: <sip:call@127.0.0.1>\r\n"
    "From: <sip:visitor-1@127.0.0.1>;tag=ab\r\n"
    "CSeq: 1 INVITE\r\n"
    "Content-Length: 4\r\n\r\nv=0\n"
)


@pytest.mark.parametrize(
    "message",
    [
        INVITE,
        INVITE.replace("From: <", 'From: "visitor" <'),
        "SIP/2.0 200 OK\r\nFrom: <sip:900@x>;tag=1\r\nContent-Length: 0\r\n\r\n",
        "\r\n\r\n",
    ],
)
def test_its_own_words_pass(message: str) -> None:
    assert speaks_for("visitor-1", message)


@pytest.mark.parametrize(
    "message",
    [
        INVITE.replace("visitor-1@", "trunk@"),
        INVITE.replace("visitor-1@", "visitor-10@"),
        INVITE.replace("visitor-1@", "nobody@").replace("To: <sip:call@", "To: <sip:visitor-1@"),
        INVITE.replace("From:", "From: <sip:trunk@x>;tag=1\r\nFrom:"),
        INVITE.replace("From:", "f: <sip:trunk@x>;tag=1\r\nFROM:"),
        INVITE.replace("From:", "From : <sip:trunk@x>;tag=1\r\nFrom:"),
        INVITE.replace("To:", "From: <sip:trunk@x>\r\n To:"),  # folded
        INVITE.replace("To:", "X: y\nFrom: <sip:trunk@x>\nTo:"),  # bare line ends
        INVITE.replace("<sip:visitor-1@127.0.0.1>", '"<sip:trunk@x>" <sip:visitor-1@x>'),
        INVITE.replace("From: <sip:visitor-1@127.0.0.1>", "From: sip:trunk@x"),
        INVITE.replace("From: <sip:visitor-1@127.0.0.1>;tag=ab\r\n", ""),
        INVITE + INVITE.replace("visitor-1", "trunk"),  # a second message behind the first
        INVITE.replace("Content-Length: 4", "Content-Length: 0"),
        INVITE.replace("Content-Length: 4\r\n", ""),
        INVITE.replace("Content-Length: 4", "Content-Length: 4\r\nl: 4"),
        "\r\n" + INVITE.replace("visitor-1", "trunk"),
        "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n" + INVITE,
    ],
)
def test_nobody_elses_do(message: str) -> None:
    assert not speaks_for("visitor-1", message)
