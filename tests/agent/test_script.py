import pytest

from ivr.agent.registrations import message
from ivr.agent.script import Press, Wait, keys
from ivr.agent.switch import channel_of


def test_keys_and_waits() -> None:
    assert keys("1w2") == (Press("1"), Wait(1.0), Press("2"))
    assert keys(" *0# a") == (Press("*"), Press("0"), Press("#"), Press("A"))
    assert keys("") == ()


@pytest.mark.parametrize("text", ["1x2", "один", "1,2", "+7", "E"])
def test_what_is_no_key_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        keys(text)


def test_messages_of_the_manager_interface() -> None:
    block = b"Event: Registry\r\nUsername: sip:anna@127.0.0.1:5060\r\nStatus: Rejected\r\nCause: \r\n\r\n"
    assert message(block) == {
        "Event": "Registry", "Username": "sip:anna@127.0.0.1:5060", "Status": "Rejected", "Cause": "",
    }  # fmt: skip
    assert message(b"\xff\xfe\r\nrubbish\r\n\r\n") == {}


@pytest.mark.parametrize(
    ("frame", "channel"),
    [
        ({"type": "StasisStart", "channel": {"id": "a"}}, "a"),
        ({"type": "Dial", "peer": {"id": "b"}}, "b"),
        ({"type": "PlaybackFinished", "playback": {"target_uri": "channel:c"}}, "c"),
        ({"type": "RecordingFinished", "recording": {"target_uri": "channel:d"}}, "d"),
        ({"type": "DeviceStateChanged"}, ""),
        ({"type": "StasisStart", "channel": None}, ""),
    ],
)
def test_every_event_finds_its_channel(frame: dict[str, object], channel: str) -> None:
    assert channel_of(frame) == channel
