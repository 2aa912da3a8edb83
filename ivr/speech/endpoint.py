"""When a caller begins and has finished speaking: loudness against the line's own noise, and what was made out.

Pure: fed with 20 ms frames of samples and the words so far, all times in seconds of audio.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ivr.speech import words

SAMPLE_RATE = 8000
FRAME_SAMPLES = 160
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE

_SILENCE_DB = -96.0
_GATE_DB = -46.0  # below full scale; the echo of our own prompt and an idle line stay under it, a far caller does not
_OVER_NOISE_DB = 7.0
_LEAST_NOISE_DB = -70.0
_SPAN_FRAMES = 20  # 0.4 s
_SPANS = 6

Samples = NDArray[np.float32]


def loudness(frame: Samples) -> float:
    """Return the frame's level in dB below full scale (16 bit), without its mean."""
    power = float(np.var(frame))
    return max(_SILENCE_DB, 10 * math.log10(power / 32768.0**2)) if power > 0 else _SILENCE_DB


class VoiceDetector:
    """Tells sound that may be a voice from the line's noise: the quietest moment of the last two seconds."""

    __slots__ = ("_smooth_db", "_spans")

    def __init__(self) -> None:
        self._smooth_db: float | None = None
        self._spans: deque[tuple[int, float]] = deque()
        """(frames, level) of the last stretches' quietest moments; the newest is still growing."""

    @property
    def noise_db(self) -> float:
        """The line's noise as heard so far."""
        return max(_LEAST_NOISE_DB, min((level for _, level in self._spans), default=_LEAST_NOISE_DB))

    def voiced(self, level_db: float) -> bool:
        """Judge one frame by its level."""
        before = level_db if self._smooth_db is None else self._smooth_db
        self._smooth_db = before + 0.4 * (level_db - before)
        frames, quietest = self._spans.pop() if self._spans else (0, self._smooth_db)
        self._spans.append((frames + 1, min(quietest, self._smooth_db)))
        if frames + 1 >= _SPAN_FRAMES:
            self._spans.append((0, self._smooth_db))
            while len(self._spans) > _SPANS:
                self._spans.popleft()
        return level_db > max(_GATE_DB, self.noise_db + _OVER_NOISE_DB)


class Leveller:
    """Brings quiet callers up to the level the model was trained at; the gain follows the voice, never the noise."""

    __slots__ = ("_gain", "_voice_db")

    _TARGET_DB = -22.0
    _MOST_GAIN = 12.0
    _LEAST_GAIN = 0.5

    def __init__(self) -> None:
        self._voice_db = self._TARGET_DB
        self._gain = 1.0

    def level(self, frame: Samples, level_db: float, *, voiced: bool) -> Samples:
        """Return the frame with the gain so far; voiced frames teach the gain."""
        if voiced:
            louder = level_db > self._voice_db
            self._voice_db += (0.3 if louder else 0.02) * (level_db - self._voice_db)
            wanted = 10 ** ((self._TARGET_DB - self._voice_db) / 20)
            self._gain = min(max(wanted, self._LEAST_GAIN), self._MOST_GAIN)
        levelled: Samples = np.clip(frame * self._gain, -32767, 32767)
        return levelled


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for more words; seconds. `expected`: phrases after which nothing can follow."""

    trailing_silence_seconds: float
    max_seconds: float
    expected: frozenset[str] = frozenset()


class Endpointer:
    """Decides when one utterance has ended."""

    __slots__ = ("_began", "_changed", "_now", "_patience", "_quiet_since", "_text", "_voiced_from", "_voiced_seconds")

    _PAUSE_SECONDS = 0.16
    _SHORT_SECONDS = 0.3  # the answer is complete: only let the last sound fade
    _HANGING_FACTOR = 1.7  # "я хотел бы узнать про…" deserves more time
    _NOISY_EXTRA_SECONDS = 0.9  # the line never falls silent: go by the words alone
    _LEAST_UNCLEAR_SECONDS = 0.5
    _LONGEST_UNCLEAR_SECONDS = 4.0
    _STARTED_VOICE_SECONDS = 0.12
    _LEAST_LETTERS_A_SECOND = 3.0  # people say 8 to 20

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._now = 0.0
        self._began: float | None = None
        self._quiet_since = 0.0
        self._changed = 0.0
        self._voiced_from = 0.0
        self._voiced_seconds = 0.0
        self._text = ""

    def frame(self, *, voiced: bool) -> None:
        """Take note of one more frame of sound."""
        self._now += FRAME_SECONDS
        if voiced:
            if not self._voiced_seconds:
                self._voiced_from = self._now
            self._quiet_since = self._now
            self._voiced_seconds += FRAME_SECONDS

    def heard(self, text: str) -> None:
        """Take note of the words so far."""
        if text != self._text:
            self._text, self._changed = text, self._now
            if self._began is None and words.real(text):
                self._began = self._now

    @property
    def speaking(self) -> bool:
        """Whether words were made out that fit their sound: a click is too short, music too long."""
        letters = sum(map(str.isalpha, self._text))
        return (
            self.voiced
            and self.worded
            and letters >= self._LEAST_LETTERS_A_SECOND * (self._quiet_since - self._voiced_from)
        )

    @property
    def voiced(self) -> bool:
        """Whether the sound was long enough for a word."""
        return self._voiced_seconds >= self._STARTED_VOICE_SECONDS

    @property
    def pausing(self) -> bool:
        """Whether the caller has been quiet for a moment: not yet the end, but reason to act if all is clear."""
        return self._now - self._quiet_since >= self._PAUSE_SECONDS

    @property
    def worded(self) -> bool:
        """Whether there is a word that counts."""
        return self._text in self._patience.expected or bool(words.real(self._text))

    def ended(self) -> Literal["", "finished", "too_long", "unclear"]:
        """Say whether the utterance is over: `unclear` when sound came and went without a word so far."""
        quiet, still = self._now - self._quiet_since, self._now - self._changed
        if not self.worded:
            wait = max(self._patience.trailing_silence_seconds, self._LEAST_UNCLEAR_SECONDS)
            return "unclear" if quiet >= wait or still >= self._LONGEST_UNCLEAR_SECONDS else ""
        if self._began is not None and self._now - self._began >= self._patience.max_seconds:
            return "too_long"
        wait = self._wait_seconds()
        if (quiet >= wait and still >= min(wait, self._SHORT_SECONDS)) or still >= wait + self._NOISY_EXTRA_SECONDS:
            return "finished"
        return ""

    def _wait_seconds(self) -> float:
        wait = self._patience.trailing_silence_seconds
        if self._text in self._patience.expected:
            return min(wait, self._SHORT_SECONDS)
        return wait * self._HANGING_FACTOR if words.unfinished(self._text) else wait
