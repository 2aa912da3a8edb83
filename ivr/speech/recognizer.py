"""Sound to words, one utterance at a time, with any Vosk model directory. Blocking: runs in the decoding thread."""

from __future__ import annotations

import json
import re
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import vosk

from ivr.call.effects import Listen
from ivr.call.events import Heard, HeardWord, PartlyHeard, SpeechStarted
from ivr.errors import SpeechUnavailable
from ivr.speech import words
from ivr.speech.endpoint import (
    FRAME_SAMPLES,
    FRAME_SECONDS,
    Endpointer,
    Leveller,
    Patience,
    Samples,
    VoiceDetector,
    loudness,
)
from ivr.speech.resample import Doubler

_ALTERNATIVES = 20
_SURE = 0.6
_BEFORE_FRAMES = 25  # 0.5 s: what came before the voice rose over the noise belongs to its first word
_BLOCK_FRAMES = 3  # 60 ms: the recogniser is asked this often
_USUAL_COSTS = (70.0, 2.7, 9.0)
"""Of a stretch of rightly heard Russian, each of its letters, each of its words: how unlikely Vosk finds it."""
_FRAME_MS = 10.0  # Vosk tells times as if every model took its features this often

Event = SpeechStarted | PartlyHeard | Heard


class SpeechModel:
    """A Vosk model directory, loaded; shared by all calls of a process."""

    def __init__(self, directory: Path) -> None:
        if not (directory / "am" / "final.mdl").is_file():
            raise SpeechUnavailable(
                "this is no Vosk model: am/final.mdl is missing", where=str(directory), hint="check speech.model"
            )
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(str(directory))
        except Exception as error:  # vosk raises nothing more precise
            raise SpeechUnavailable("the speech model cannot be loaded", where=str(directory)) from error
        options = _feature_options(directory)
        self.sample_rate = int(float(options.get("sample-frequency", 16_000)))  # the defaults are Kaldi's
        self.pace = float(options.get("frame-shift", _FRAME_MS)) / _FRAME_MS

    def knows(self, word: str) -> bool:
        """Tell whether the model's vocabulary holds this word in exactly this form."""
        return bool(self._model.vosk_model_find_word(word) >= 0)

    def recognizer(self, expected: tuple[str, ...] | None) -> Any:
        """Make a Vosk recogniser; `expected` limits it to these phrases and "something else"."""
        if expected is None:
            made = vosk.KaldiRecognizer(self._model, self.sample_rate)
        else:
            grammar = json.dumps([*expected, words.UNKNOWN], ensure_ascii=False)
            made = vosk.KaldiRecognizer(self._model, self.sample_rate, grammar)
        made.SetWords(True)  # word times
        made.SetMaxAlternatives(_ALTERNATIVES)
        return made


class Ear:
    """One call's sound: keeps the level of its line and noise from utterance to utterance."""

    def __init__(self, model: SpeechModel) -> None:
        self._model = model
        self._detector = VoiceDetector()
        self._leveller = Leveller()
        self._rest: Samples = np.zeros(0, dtype=np.float32)
        self._utterance: Utterance | None = None

    @property
    def listening(self) -> str | None:
        """The name of the utterance being listened for, if any."""
        return self._utterance.listen.listening if self._utterance else None

    def listen(self, listen: Listen) -> None:
        """Begin a new utterance; one under way is given up."""
        self._utterance = Utterance(self._model, listen)

    def finish(self, listening: str) -> list[Event]:
        """End the utterance of that name here and return what was heard; nothing when it is over."""
        utterance = self._utterance
        if utterance is None or utterance.listen.listening != listening:
            return []
        self._utterance = None
        return [utterance.finish()]

    def stop(self, listening: str) -> None:
        """Give up the utterance of that name; no effect when it is over."""
        if self.listening == listening:
            self._utterance = None

    def hear(self, audio: bytes) -> list[Event]:
        """Take 16-bit little-endian samples at 8 kHz, any amount; return what came of them."""
        samples = np.concatenate([self._rest, np.frombuffer(audio, dtype="<i2").astype(np.float32)])
        whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = samples[whole:]
        events: list[Event] = []
        for start in range(0, whole, FRAME_SAMPLES):
            frame = samples[start : start + FRAME_SAMPLES]
            level_db = loudness(frame)
            voiced = self._detector.voiced(level_db)
            levelled = self._leveller.level(frame, level_db, voiced=voiced)
            if self._utterance:
                events += self._utterance.hear(levelled, voiced=voiced)
                if self._utterance.over:
                    self._utterance = None
        return events


class Utterance:
    """Listening for one utterance: silent until a voice rises over the noise, then decoding until it has ended."""

    def __init__(self, model: SpeechModel, listen: Listen) -> None:
        self.listen = listen
        self.over = False
        self._model = model
        self._expected = None if listen.words is None else _grammar(listen.words)
        self._patience = Patience(listen.trailing_silence_seconds, listen.max_seconds, _complete(self._expected or ()))
        self._before: deque[Samples] = deque(maxlen=_BEFORE_FRAMES)
        self._frames = 0
        self._decoding: _Decoding | None = None

    def hear(self, frame: Samples, *, voiced: bool) -> list[Event]:
        self._frames += 1
        if self._decoding is None:
            self._before.append(frame)
            if not voiced:
                return []
            began = (self._frames - len(self._before)) * FRAME_SECONDS
            self._decoding = _Decoding(self._model, self._expected, Endpointer(self._patience), began)
            for earlier in self._before:
                self._decoding.hear(earlier, voiced=earlier is frame)
            self._before.clear()
            return []
        if not self._decoding.hear(frame, voiced=voiced):
            return []
        return self._progress(self._decoding)

    def finish(self) -> Heard:
        name = self.listen.listening
        return self._decoding.finish(name) if self._decoding else Heard(name, "")

    def _progress(self, decoding: _Decoding) -> list[Event]:
        name = self.listen.listening
        events: list[Event] = []
        endpointer = decoding.endpointer
        if endpointer.speaking and not decoding.announced:
            decoding.announced = True
            events.append(SpeechStarted(name))
        if decoding.announced and decoding.told != (decoding.text, endpointer.pausing):
            decoding.told = (decoding.text, endpointer.pausing)
            events.append(PartlyHeard(name, *decoding.told))
        end = endpointer.ended()
        if not end:
            return events
        heard = decoding.finish(name)
        # Short words may come out only at the end; a cough, a tone, a door do not become words at all.
        endpointer.heard(heard.text)
        clear = decoding.announced or (endpointer.speaking and (end != "unclear" or _sure(heard)))
        if not clear and not decoding.speechlike:
            self._decoding = None
            return events
        self.over = True
        if not clear:
            return [*events, Heard(name, "")]
        if not decoding.announced:
            events.append(SpeechStarted(name))
        return [*events, heard]


class _Decoding:
    """One Vosk recogniser from the rise of a voice to its end."""

    def __init__(
        self, model: SpeechModel, expected: tuple[str, ...] | None, endpointer: Endpointer, began_seconds: float
    ) -> None:
        self.endpointer = endpointer
        self.announced = False
        self.told = ("", False)
        self.text = ""
        self.speechlike = False
        self._recognizer = model.recognizer(expected)
        self._doubler = Doubler() if model.sample_rate == 16_000 else None
        self._began_seconds = began_seconds
        self._pace = model.pace
        self._any_words = expected is None
        self._block: list[Samples] = []
        self._pieces: list[_Piece] = []

    def hear(self, frame: Samples, *, voiced: bool) -> bool:
        """Take one frame; True when the recogniser has been asked (every few frames)."""
        self.endpointer.frame(voiced=voiced)
        self._block.append(frame)
        if len(self._block) < _BLOCK_FRAMES:
            return False
        self._decode()
        return True

    def finish(self, listening: str) -> Heard:
        """Decode what is left and put the pieces together."""
        if self._block:
            self._decode()
        self._take(self._recognizer.FinalResult())
        best = self._pieces
        heard_words = tuple(word for piece in best for word in piece.words)
        return Heard(
            listening,
            words.joined(piece.texts[0] for piece in best),
            heard_words,
            _combined([piece.texts for piece in best]),
        )

    def _decode(self) -> None:
        samples = np.concatenate(self._block)
        self._block.clear()
        if self._doubler:
            samples = self._doubler.double(samples)
        partial = ""
        if self._recognizer.AcceptWaveform(samples.astype("<i2").tobytes()):
            self._take(self._recognizer.Result())
        else:
            partial = json.loads(self._recognizer.PartialResult())["partial"]
        raw = " ".join([*(piece.texts[0] for piece in self._pieces), partial])
        self.speechlike = self.speechlike or words.UNKNOWN in raw
        self.text = words.joined([raw])
        self.endpointer.heard(self.text)

    def _take(self, result: str) -> None:
        piece = _piece(json.loads(result), self._began_seconds, self._pace, any_words=self._any_words)
        if piece is not None:
            self._pieces.append(piece)


class _Piece:
    """A stretch of speech that Vosk closed: its transcripts, best first, and the words of the best."""

    __slots__ = ("texts", "words")

    def __init__(self, texts: list[str], heard: list[HeardWord]) -> None:
        self.texts = texts
        self.words = heard


def _piece(result: dict[str, Any], began_seconds: float, pace: float, *, any_words: bool) -> _Piece | None:
    alternatives = [found for found in result.get("alternatives", []) if found.get("text")]
    if not alternatives:
        return None
    shares = words.posteriors([float(found["confidence"]) for found in alternatives])
    strain = _strain(alternatives[0]) if any_words else 1.0  # of a few expected words nobody knows what is usual
    heard: list[HeardWord] = []
    for row in alternatives[0].get("result", []):
        if row["word"] == words.UNKNOWN:
            continue
        # as sure of a word as the transcripts that agree on it, whatever its ending, at about the same time
        sure = sum(
            share
            for share, found in zip(shares, alternatives, strict=True)
            if any(
                words.lemma(other["word"]) == words.lemma(row["word"]) and abs(other["start"] - row["start"]) < 0.3
                for other in found.get("result", [])
            )
        )
        heard.append(
            HeardWord(
                row["word"],
                round(began_seconds + pace * row["start"], 2),
                round(began_seconds + pace * row["end"], 2),
                round(min(sure, 1.0) / strain, 3),
            )
        )
    return _Piece([str(found["text"]) for found in alternatives], heard)


def _strain(found: dict[str, Any]) -> float:
    """How many times less likely than usual the words are: far above 1 where another language was bent into Russian."""
    said = [row["word"] for row in found.get("result", [])]
    stretch, letter, word = _USUAL_COSTS
    return max(1.0, -float(found["confidence"]) / (stretch + letter * sum(map(len, said)) + word * len(said)))


def _combined(pieces: list[list[str]]) -> tuple[str, ...]:
    """Other readings of the whole: one piece at a time replaced by its next best, without repeats, best first."""
    best = [texts[0] for texts in pieces]
    readings: dict[str, None] = {}
    for rank in range(1, _ALTERNATIVES):
        for place, texts in enumerate(pieces):
            if rank < len(texts):
                readings[words.joined([*best[:place], texts[rank], *best[place + 1 :]])] = None
    readings.pop(words.joined(best), None)
    return tuple(text for text in readings if text)[: _ALTERNATIVES - 1]


def _sure(heard: Heard) -> bool:
    return sum(word.confidence for word in heard.words) >= _SURE * len(heard.words)


def _grammar(expected: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(words.split(phrase)) for phrase in expected if words.split(phrase)))


def _complete(expected: tuple[str, ...]) -> frozenset[str]:
    """The phrases that are not the beginning of a longer one."""
    return frozenset(phrase for phrase in expected if not any(other.startswith(phrase + " ") for other in expected))


def _feature_options(directory: Path) -> dict[str, str]:
    """How the model wants its features made: the lines --option=value of conf/mfcc.conf."""
    try:
        text = (directory / "conf" / "mfcc.conf").read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(re.findall(r"--([\w-]+)=(\S+)", text))
