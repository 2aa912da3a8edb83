"""That Vosk computes what torch computed: the score of saying two words along the only path of a tiny graph.

It covers the whole way from samples: front end, network as written for Kaldi, its topology and transition numbers.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from ivr.speech.lexicon.graph import transitions, words_table
from ivr.speech.lexicon.phones import BLANK, OUTPUT_OF_PHONE, placed
from ivr.speech.lexicon.pronounce import Phones, pronunciations
from ivr.speech.lexicon.transducers import TRANSDUCER_OUTPUT_SORTED, Transducer

from recipe import nnet3
from recipe.augment import as_heard
from recipe.front_end import MFCC_CONF, SAMPLE_RATE, log_mel
from recipe.network import Network

_WORDS = ("забыл", "пароль")
_TOLERANCE = 0.01


class ScoresDiffer(AssertionError):
    """The model as Vosk reads it is not the network that was trained."""


def verify(network: Network, model_directory: Path, samples: np.ndarray) -> None:
    """Compare path scores over some speech (what is said does not matter). Raises ScoresDiffer."""
    sound = samples.clip(-32768, 32767).astype(np.int16)
    in_vosk, in_torch = _vosk_score(model_directory, sound), _torch_score(network, sound)
    if abs(in_vosk - in_torch) > _TOLERANCE:
        raise ScoresDiffer(f"{model_directory}: the path scores {in_vosk:.3f} in Vosk, {in_torch:.3f} in torch")


def _phones() -> list[Phones]:
    return [pronunciations(word)[0] for word in _WORDS]


def _torch_score(network: Network, sound: np.ndarray) -> float:
    """The best alignment of blank* (phone⁺ blank*)*, by dynamic programming."""
    bands = as_heard(log_mel(torch.from_numpy(sound.astype(np.float32))))
    with torch.no_grad():
        scores = torch.log_softmax(network.eval()(bands[None])[0][0], -1).double().numpy()
    scores[:, BLANK] -= nnet3.BLANK_PENALTY
    labels = [BLANK]
    for phone in (phone for word in _phones() for phone in word):
        labels += [OUTPUT_OF_PHONE[phone], BLANK]
    best = np.full(len(labels), -np.inf)
    best[:2] = scores[0, labels[:2]]
    for frame in scores[1:]:
        longer = best.copy()
        longer[1:] = np.maximum(longer[1:], best[:-1])
        longer[3::2] = np.maximum(longer[3::2], best[1:-2:2])
        best = longer + frame[labels]
    return float(best[-2:].max())


def _vosk_score(model_directory: Path, sound: np.ndarray) -> float:
    import vosk

    vosk.SetLogLevel(-1)
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder, "model")
        for part in ("am", "conf", "graph/phones"):
            shutil.copytree(model_directory / part, tiny / part)
        shutil.copy(model_directory / "graph/phones.txt", tiny / "graph")
        (tiny / "conf/mfcc.conf").write_text(MFCC_CONF)  # frames as often as torch's
        (tiny / "graph/words.txt").write_text(words_table(_WORDS))
        (tiny / "graph/HCLG.fst").write_bytes(_only_path())
        whole_search = {"beam": "1000", "max-active": "100000", "acoustic-scale": "1.0"}
        options = dict(line[2:].split("=") for line in (tiny / "conf/model.conf").read_text().split())
        options |= whole_search
        (tiny / "conf/model.conf").write_text("".join(f"--{name}={value}\n" for name, value in options.items()))
        recogniser = vosk.KaldiRecognizer(vosk.Model(str(tiny)), SAMPLE_RATE)
        recogniser.SetMaxAlternatives(1)
        recogniser.AcceptWaveform(sound.tobytes())
        return float(json.loads(recogniser.FinalResult())["alternatives"][0]["confidence"])


def _only_path() -> bytes:
    """Optional silence, then the phones of the words, all at no cost."""
    graph = Transducer()
    silence, state = graph.new_state(), graph.new_state()
    graph.arc(0, 2, 0, 0.0, silence)
    graph.arc(silence, 1, 0, 0.0, silence)
    graph.arc(silence, 0, 0, 0.0, state)
    graph.arc(0, 0, 0, 0.0, state)
    for number, word in enumerate(_phones(), 1):
        for at, phone in enumerate(placed(word)):
            of, output = transitions(phone), number if at == 0 else 0
            plain, with_blank, blank, after = (graph.new_state() for _ in range(4))
            for first, into in ((of.leave, plain), (of.into_blank, with_blank)):
                graph.arc(state, first, output, 0.0, into)
                graph.arc(into, of.repeat, 0, 0.0, into)
            graph.arc(with_blank, of.leave_blank, 0, 0.0, blank)
            graph.arc(blank, of.repeat_blank, 0, 0.0, blank)
            graph.arc(plain, 0, 0, 0.0, after)
            graph.arc(blank, 0, 0, 0.0, after)
            state = after
    graph.finals[state] = 0.0
    path: bytes = graph.const_bytes(TRANSDUCER_OUTPUT_SORTED)
    return path
