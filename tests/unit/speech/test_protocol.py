"""Messages between controller and worker survive the way; anything else is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.effects import Listen
from ivr.call.events import Heard, HeardWord, PartlyHeard, SpeechLost, SpeechStarted
from ivr.speech import protocol
from ivr.speech.protocol import ProtocolViolated, SpeechEvent

SECONDS = st.floats(0, 1000, allow_nan=False)
WORDS = st.builds(HeardWord, st.text(), SECONDS, SECONDS, st.floats(0, 1))
EVENTS = st.one_of(
    st.builds(SpeechStarted, st.text()),
    st.builds(PartlyHeard, st.text(), st.text(), st.booleans()),
    st.builds(SpeechLost, st.text(), st.text()),
    st.builds(Heard, st.text(), st.text(), st.lists(WORDS).map(tuple), st.lists(st.text()).map(tuple)),
)
LISTENS = st.builds(
    Listen,
    st.text(),
    st.text(),
    st.none() | st.lists(st.text()).map(tuple),
    st.floats(0.1, 10),
    st.floats(0.5, 120),
)


@given(EVENTS)
def test_events_come_back_as_they_were(event: SpeechEvent) -> None:
    line = protocol.encode(protocol.event_message("7", event))
    assert line.count(b"\n") == 1
    assert protocol.event_from(protocol.decode(line)) == event


@given(LISTENS)
def test_listening_comes_back_as_it_was(listen: Listen) -> None:
    assert protocol.listen_from(protocol.decode(protocol.encode(protocol.listen_message("7", listen)))) == listen


@pytest.mark.parametrize(
    "change",
    [
        {"listening": None},
        {"language": 5},
        {"words": "да"},
        {"words": [1]},
        {"words": ["слово"] * 2001},
        {"max_seconds": 0},
        {"max_seconds": True},
        {"trailing_silence_seconds": "0.6"},
        {"trailing_silence_seconds": float("nan")},
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    message = {**protocol.listen_message("7", Listen("a", "ru")), **change}
    with pytest.raises(ProtocolViolated):
        protocol.listen_from(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_a_message_or_a_violation(line: bytes) -> None:
    try:
        message = protocol.decode(line)
    except ProtocolViolated:
        return
    for read in (protocol.event_from, protocol.listen_from):
        with pytest.raises(ProtocolViolated):
            read(message)
