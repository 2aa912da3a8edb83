"""What the controller and a speech worker say to each other: one JSON object a line over TCP, both ways.

The first line is the controller's `{"do": "hello", "token": …}`; the worker answers `{"is": "welcome", "streams": N}`.
A *stream* is one call's ear: it owns one UDP port that takes RTP. Audio never travels on this connection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ivr.call.effects import Listen
from ivr.call.events import Heard, HeardWord, PartlyHeard, SpeechLost, SpeechStarted

Message = Mapping[str, Any]
SpeechEvent = SpeechStarted | PartlyHeard | Heard | SpeechLost
ONGOING = (SpeechStarted, PartlyHeard)
"""The events after which the same listening goes on."""

LINE_LIMIT_BYTES = 65_536
MAX_WORDS = 2_000
"""Most words and phrases in one `Listen`; a larger list is a mistake, not a grammar."""


class ProtocolViolated(Exception):
    """The other side sent what no peer of ours sends; the connection is closed."""


def encode(message: Message) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolated(f"not JSON: {line[:40]!r}") from error
    if not isinstance(message, dict):
        raise ProtocolViolated(f"not an object: {line[:40]!r}")
    return message


def listen_message(stream: str, listen: Listen) -> Message:
    return {
        "do": "listen",
        "stream": stream,
        "listening": listen.listening,
        "language": listen.language,
        "words": None if listen.words is None else list(listen.words),
        "trailing_silence_seconds": listen.trailing_silence_seconds,
        "max_seconds": listen.max_seconds,
    }


def listen_from(message: Message) -> Listen:
    words = message.get("words")
    if words is not None and not (
        isinstance(words, list) and len(words) <= MAX_WORDS and all(isinstance(word, str) for word in words)
    ):
        raise ProtocolViolated(f"words must be null or at most {MAX_WORDS} texts")
    return Listen(
        listening=text_of(message, "listening"),
        language=text_of(message, "language"),
        words=None if words is None else tuple(words),
        trailing_silence_seconds=_seconds_of(message, "trailing_silence_seconds", 0.1, 10.0),
        max_seconds=_seconds_of(message, "max_seconds", 0.5, 120.0),
    )


def event_message(stream: str, event: SpeechEvent) -> Message:
    message: dict[str, Any] = {"stream": stream, "listening": event.listening}
    match event:
        case SpeechStarted():
            return message | {"is": "started"}
        case PartlyHeard(text=text, pausing=pausing):
            return message | {"is": "partly", "text": text, "pausing": pausing}
        case SpeechLost(reason=reason):
            return message | {"is": "lost", "reason": reason}
        case Heard(text=text, words=words, alternatives=alternatives):
            rows = [[word.text, word.start_seconds, word.end_seconds, word.confidence] for word in words]
            return message | {"is": "heard", "text": text, "words": rows, "alternatives": list(alternatives)}


def event_from(message: Message) -> SpeechEvent:
    listening = text_of(message, "listening")
    match message.get("is"):
        case "started":
            return SpeechStarted(listening)
        case "partly":
            return PartlyHeard(listening, text_of(message, "text"), message.get("pausing") is True)
        case "lost":
            return SpeechLost(listening, text_of(message, "reason"))
        case "heard":
            try:
                words = tuple(HeardWord(str(row[0]), *(float(part) for part in row[1:4])) for row in message["words"])
                alternatives = tuple(str(text) for text in message["alternatives"])
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise ProtocolViolated(f"malformed result: {error}") from error
            return Heard(listening, text_of(message, "text"), words, alternatives)
        case kind:
            raise ProtocolViolated(f"unknown event {kind!r}")


def text_of(message: Message, key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str):
        raise ProtocolViolated(f"{key} must be a text, not {value!r}")
    return value


def _seconds_of(message: Message, key: str, least: float, most: float) -> float:
    value = message.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ProtocolViolated(f"{key} must be {least}…{most} seconds, not {value!r}")
    return float(value)
