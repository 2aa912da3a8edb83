"""Whatever comes over the event socket, the line goes on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ivr.call.events import KeyPressed
from ivr.line.ari import decode_frame
from ivr.line.events import UNDERSTOOD, ChannelEntered, ChannelGone, ChannelSignal, ContactsChanged, translate

json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
kinds = some.sampled_from(UNDERSTOOD)
parts = some.sampled_from(["channel", "args", "playback", "digit", "cause", "endpoint", "contact_info"])


@given(kinds, some.dictionaries(parts, json_values, max_size=4))
def test_a_malformed_frame_means_nothing(kind: str, content: dict[str, object]) -> None:
    assert translate({**content, "type": kind}) is None or "channel" in content or "playback" in content


@given(some.text(max_size=40) | json_values.map(json.dumps))
def test_what_is_no_event_is_passed_over(text: str) -> None:
    frame = decode_frame(text)
    assert frame is None or isinstance(frame["type"], str)


def test_deep_nesting_is_no_attack() -> None:
    assert decode_frame("[" * 100_000) is None


def contact(status: str, state: str) -> dict[str, object]:
    endpoint = {"resource": "anna", "state": state}
    return {"type": "ContactStatusChange", "endpoint": endpoint, "contact_info": {"contact_status": status}}


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (
            {"type": "StasisStart", "channel": {"id": "c", "caller": {"number": "+7999"}}, "args": ["line", "8800"]},
            ChannelEntered("c", ("line", "8800"), "+7999"),
        ),
        ({"type": "ChannelDestroyed", "channel": {"id": "c"}, "cause": 17}, ChannelGone("c", 17)),
        ({"type": "ChannelDtmfReceived", "channel": {"id": "c"}, "digit": "#"}, ChannelSignal("c", KeyPressed("#"))),
        (contact("Reachable", "online"), ContactsChanged("anna", reachable=True)),
        (contact("Unreachable", "offline"), ContactsChanged("anna", reachable=False)),
        (contact("Removed", "offline"), ContactsChanged("anna", reachable=False)),
        (contact("Removed", "online"), None),
        (contact("NonQualified", "offline"), None),
        ({"type": "PlaybackFinished", "playback": {"id": "p", "target_uri": "bridge:b"}}, None),
        ({"type": "BridgeCreated"}, None),
    ],
)
def test_what_frames_mean(frame: dict[str, object], meaning: object) -> None:
    assert translate(frame) == meaning
