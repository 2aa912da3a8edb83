"""Synthetic speech of the free voices: RHVoice, festvox-ru (a real person's recorded units), espeak-ng."""

from __future__ import annotations

import ctypes
import json
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

from recipe.front_end import SAMPLE_RATE

Samples = np.ndarray

# Weights: how often a voice is heard. The held-out test voice irina must never be here, nor any voice under a
# no-derivatives licence (README.md lists them).
RHVOICE = {"aleksandr": 2, "anna": 2, "elena": 2, "aleksandr-hq": 2}  # evgeniy-rus is CC BY-NC-ND: not ours to train on
HELD_OUT = ("irina", "mikhail")
FESTIVAL = "festvox-ru"
ESPEAK_VARIANTS = "Andy Annie Denis Lee Linda Mario Michael Steph anika belinda f1 f2 f3 f5 m1 m2 m3 m5 m7 max".split()


_LEAST_SHARE_SPOKEN = 0.8


class VoicesSilent(RuntimeError):
    """A synthesiser said hardly anything of what it was given."""


def synthesise(packages: Path, kind: str, texts: Sequence[str], output: Path, seed: int) -> None:
    """Say `texts` with voices of one kind into `output`.i16 (8 kHz, peaks at half scale) and `output`.jsonl."""
    chance = random.Random(seed)
    say = {"rhvoice": _rhvoice, "festival": _festival, "espeak": _espeak, "held-out": _held_out}[kind]
    at = spoken = 0
    with open(f"{output}.i16.part", "wb") as sound, open(f"{output}.jsonl.part", "w") as index:
        for text, voice, samples in say(packages, texts, chance):
            trimmed = _trimmed(samples)
            if trimmed is None:
                continue
            sound.write(trimmed.tobytes())
            entry = {"speaker": voice, "first_sample": at, "samples": len(trimmed), "text": text}
            index.write(json.dumps(entry, ensure_ascii=False) + "\n")
            at, spoken = at + len(trimmed), spoken + 1
            if spoken % 500 == 0:
                print(f"{kind}: {spoken} of {len(texts)}, {at / SAMPLE_RATE / 3600:.2f} h", flush=True)
    if spoken < _LEAST_SHARE_SPOKEN * len(texts):
        raise VoicesSilent(f"{kind}: {spoken} of {len(texts)} sentences were spoken; do its programs in {packages} run?")
    os.replace(f"{output}.i16.part", f"{output}.i16")
    os.replace(f"{output}.jsonl.part", f"{output}.jsonl")


def _trimmed(samples: Samples) -> Samples | None:
    """Without silence at both ends, peak at half of full scale; None when there is nothing to hear."""
    loud = np.abs(samples)
    if len(samples) < SAMPLE_RATE // 4 or loud.max() < 100:
        return None
    heard = np.flatnonzero(np.convolve(loud, np.ones(80) / 80, "same") > loud.max() * 0.01)
    part = samples[max(0, heard[0] - 400) : heard[-1] + 800]
    return np.asarray(part / loud.max() * 16000, dtype=np.int16)


def _punctuated(text: str, chance: random.Random) -> str:
    """Commas and ends of sentences at random: the same words in different melodies."""
    words = text.split()
    if len(words) > 6 and chance.random() < 0.4:
        words[chance.randrange(2, len(words) - 2)] += ","
    return " ".join(words) + chance.choice([".", ".", "?", "!", ""])


def _held_out(packages: Path, texts: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str, Samples]]:
    """Every text by every test voice."""
    for voice in HELD_OUT:
        yield from _rhvoice(packages, texts, chance, {voice: 1})


def _rhvoice(
    packages: Path, texts: Sequence[str], chance: random.Random, voices: Mapping[str, int] = RHVOICE
) -> Iterator[tuple[str, str, Samples]]:
    from rhvoice_wrapper import TTS

    library = next((packages / "usr/lib").glob("*-linux-gnu/libRHVoice.so.5"))
    for needed in ("libsonic.so.0", "libRHVoice_core.so.7"):
        # The loader does not look into our folder for what the library needs: have it loaded already.
        ctypes.CDLL(str(library.with_name(needed)), mode=ctypes.RTLD_GLOBAL)
    speech = TTS(threads=1, lib_path=str(library), data_path=str(packages / "usr/share/RHVoice"), quiet=True)
    try:
        for text in texts:
            voice = chance.choices(list(voices), list(voices.values()))[0]
            manner = {
                "absolute_rate": chance.choice([0, chance.uniform(-0.4, 0.5), chance.uniform(-0.3, 0.9)]),
                "absolute_pitch": chance.uniform(-0.6, 0.6),
            }
            spoken = _punctuated(text, chance)
            with speech.say(spoken, voice=voice, format_="pcm", buff=65536, sets=manner) as parts:
                sound = b"".join(parts)
            samples = np.frombuffer(sound[: len(sound) // 2 * 2], dtype=np.int16).astype(np.float32)
            yield text, voice, resample_poly(samples, 1, 3)
    finally:
        speech.join()


def _festival(packages: Path, texts: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str, Samples]]:
    data = str(packages / "usr/share/festival")
    command = [*_program(packages, "festival"), "--datadir", data, "--libdir", data, "-b"]
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, len(texts), 50):
            batch = texts[first : first + 50]
            script = ["(voice_msu_ru_nsh_clunits)"]
            for number, text in enumerate(batch):
                spoken = _punctuated(text, chance)
                script.append(f'(utt.save.wave (utt.synth (Utterance Text "{spoken}")) "{folder}/{number}.wav" \'riff)')
            Path(folder, "say.scm").write_text("\n".join(script))
            subprocess.run([*command, f"{folder}/say.scm"], capture_output=True, timeout=600, check=False)
            for number, text in enumerate(batch):
                sound = Path(folder, f"{number}.wav")
                if sound.exists():
                    rate, samples = wavfile.read(sound)
                    sound.unlink()
                    yield text, FESTIVAL, resample_poly(samples.astype(np.float32), SAMPLE_RATE, rate)


def _espeak(packages: Path, texts: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str, Samples]]:
    data = next((packages / "usr/lib").glob("*-linux-gnu/espeak-ng-data"))
    for text in texts:
        variant = chance.choice(ESPEAK_VARIANTS)
        manner = ["-s", str(chance.randint(115, 210)), "-p", str(chance.randint(20, 80))]
        command = [*_program(packages, "espeak-ng"), "--path", str(data.parent), "-v", f"ru+{variant}", "--stdout"]
        said = [*command, *manner, _punctuated(text, chance)]
        run = subprocess.run(said, capture_output=True, check=False)
        if len(run.stdout) > 1000:
            # espeak writes to a pipe a header that promises an endless file; the samples begin after 44 bytes.
            rate = int(np.frombuffer(run.stdout[24:28], dtype="<u4")[0])
            samples = np.frombuffer(run.stdout[44 : len(run.stdout) // 2 * 2], dtype=np.int16)
            yield text, f"espeak-{variant}", resample_poly(samples.astype(np.float32), SAMPLE_RATE, rate)


def _program(packages: Path, name: str) -> list[str]:
    """A program run by its own loader with its own libraries: the machine may have none of them, or others."""
    loader = next((packages / "lib").glob("*-linux-gnu/ld-linux*.so.*"))
    folders = [loader.parent, *(packages / "usr/lib").glob("*-linux-gnu"), *(packages / "usr/lib").glob("*/pulseaudio")]
    return [str(loader), "--library-path", ":".join(map(str, folders)), str(packages / "usr/bin" / name)]
