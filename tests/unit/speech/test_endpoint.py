"""When speech begins and ends, in frames of 20 ms."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.speech.endpoint import FRAME_SECONDS, Endpointer, Leveller, Patience, VoiceDetector, loudness


def spoken(endpointer: Endpointer, seconds: float, text: str | None = None) -> str:
    """Voice for so long; returns how it ended, if it did."""
    return _pass(endpointer, seconds, voiced=True, text=text)


def quiet(endpointer: Endpointer, seconds: float) -> str:
    return _pass(endpointer, seconds, voiced=False, text=None)


def _pass(endpointer: Endpointer, seconds: float, *, voiced: bool, text: str | None) -> str:
    for _ in range(round(seconds / FRAME_SECONDS)):
        endpointer.frame(voiced=voiced)
        if end := endpointer.ended():
            return end
    if text is not None:
        endpointer.heard(text)
    return endpointer.ended()


def listening(trailing: float = 0.6, longest: float = 15.0, expected: tuple[str, ...] = ()) -> Endpointer:
    return Endpointer(Patience(trailing, longest, frozenset(expected)))


def test_a_sentence_ends_after_the_silence_that_was_asked_for() -> None:
    endpointer = listening(0.6)
    assert spoken(endpointer, 1.0, "не могу войти") == ""
    assert quiet(endpointer, 0.5) == ""
    assert quiet(endpointer, 0.2) == "finished"


def test_a_sentence_that_cannot_end_here_is_waited_for() -> None:
    endpointer = listening(0.6)
    spoken(endpointer, 1.0, "я хотел узнать про")
    assert quiet(endpointer, 0.8) == ""
    assert quiet(endpointer, 0.4) == "finished"


def test_a_complete_answer_needs_no_long_silence() -> None:
    endpointer = listening(1.0, expected=("да",))
    spoken(endpointer, 0.4, "да")
    assert quiet(endpointer, 0.4) == "finished"


def test_on_a_line_that_never_falls_silent_the_words_decide() -> None:
    endpointer = listening(0.6)
    spoken(endpointer, 1.0, "забыл пароль")
    assert spoken(endpointer, 1.3) == ""
    assert spoken(endpointer, 0.4) == "finished"


def test_nobody_speaks_for_ever() -> None:
    endpointer = listening(longest=3.0)
    end = ""
    for second in range(8):
        if end := spoken(endpointer, 0.5, f"и вот ещё {'так ' * second}дело"):
            break
    assert end == "too_long"


def test_sound_without_words_is_unclear_after_a_while() -> None:
    endpointer = listening()
    assert spoken(endpointer, 0.3) == ""
    assert quiet(endpointer, 0.7) == "unclear"


def test_a_click_that_looks_like_a_word_is_no_speech() -> None:
    endpointer = listening()
    spoken(endpointer, 0.04, "оплата")
    assert not endpointer.speaking
    spoken(endpointer, 0.2)
    assert endpointer.speaking


@pytest.mark.parametrize("text", ["", "э", "ну вот", "алло", "[unk]", "[unk] ну"])
def test_hesitation_is_no_speech(text: str) -> None:
    endpointer = listening()
    spoken(endpointer, 1.0, text)
    assert not endpointer.speaking


def test_an_expected_word_is_speech_though_it_may_be_a_filler_elsewhere() -> None:
    endpointer = listening(expected=("да", "нет"))
    spoken(endpointer, 0.3, "да")
    assert endpointer.speaking


def test_a_pause_is_seen_before_the_end() -> None:
    endpointer = listening()
    spoken(endpointer, 0.5, "пароль")
    assert not endpointer.pausing
    assert quiet(endpointer, 0.2) == ""
    assert endpointer.pausing


def levels(detector: VoiceDetector, level_db: float, seconds: float) -> float:
    """Share of the frames at that level, give or take 1 dB, that count as voice."""
    wobble = np.random.default_rng(3).uniform(-1, 1, round(seconds / FRAME_SECONDS))
    return float(np.mean([detector.voiced(level_db + one) for one in wobble]))


def test_steady_noise_of_any_level_is_not_a_voice() -> None:
    for level_db in (-60, -45, -30):
        detector = VoiceDetector()
        assert levels(detector, level_db, 3.0) == 0


def test_a_voice_over_the_noise_is_found_at_once() -> None:
    detector = VoiceDetector()
    levels(detector, -45, 1.0)
    assert levels(detector, -30, 0.5) == 1


def test_noise_that_rises_is_learnt_within_three_seconds() -> None:
    detector = VoiceDetector()
    levels(detector, -60, 1.0)
    levels(detector, -35, 3.0)
    assert levels(detector, -35, 1.0) == 0


def test_the_echo_of_our_own_prompt_is_too_quiet_for_a_voice() -> None:
    detector = VoiceDetector()
    levels(detector, -70, 1.0)
    assert levels(detector, -52, 1.0) == 0


@pytest.mark.parametrize("caller_db", [-45.0, -35.0, -22.0, -12.0])
def test_callers_are_brought_to_one_level(caller_db: float) -> None:
    leveller = Leveller()
    rng = np.random.default_rng(1)
    frame = (rng.standard_normal(160) * 32768 * 10 ** (caller_db / 20)).astype(np.float32)
    levelled = frame
    for _ in range(200):
        levelled = leveller.level(frame, loudness(frame), voiced=True)
    assert loudness(levelled) == pytest.approx(-22, abs=4)
    assert np.abs(levelled).max() <= 32767


def test_noise_does_not_turn_the_gain_up() -> None:
    leveller = Leveller()
    frame = np.full(160, 30, dtype=np.float32)
    levelled = frame
    for _ in range(200):
        levelled = leveller.level(frame, -60, voiced=False)
    assert np.allclose(levelled, frame)
