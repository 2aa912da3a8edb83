"""Sound to words with the real model, without a network: what is heard, and what must not be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ivr.call.effects import Listen
from ivr.call.events import Heard, PartlyHeard, SpeechStarted
from ivr.errors import SpeechUnavailable
from ivr.speech.endpoint import Samples
from ivr.speech.recognizer import Ear, Event, SpeechModel
from ivr.speech.topics import TopicModel, load_topics
from ivr.speech.transcript import transcribe
from ivr.speech.words import lemma

ROOT = Path(__file__).parents[2]
Say = Callable[..., Samples]


def hear(model: SpeechModel, sound: Samples, listen: Listen | None = None, after_seconds: float = 3.0) -> list[Event]:
    ear = Ear(model)
    ear.listen(listen or Listen("one", "ru"))
    line = np.concatenate([sound, np.random.default_rng(6).normal(0, 8, int(after_seconds * 8000))])
    audio = np.clip(line, -32768, 32767).astype("<i2").tobytes()
    return [event for place in range(0, len(audio), 960) for event in ear.hear(audio[place : place + 960])]


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Heard)]


def test_speech_starts_then_grows_then_ends(model: SpeechModel, say: Say) -> None:
    events = hear(model, say("не могу войти в личный кабинет"))
    assert isinstance(events[0], SpeechStarted)
    assert all(isinstance(event, PartlyHeard) for event in events[1:-1])
    assert any(isinstance(event, PartlyHeard) and event.pausing for event in events[1:-1])
    heard = events[-1]
    assert isinstance(heard, Heard)
    assert heard.text in ("не могу войти в личный кабинет", "не могу зайти в личный кабинет")
    assert [word.text for word in heard.words] == heard.text.split()
    assert all(0 < word.confidence <= 1 for word in heard.words)
    starts = [word.start_seconds for word in heard.words]
    assert starts == sorted(starts)
    assert 0.3 < starts[0] < 1.0
    assert abs(heard.words[-1].end_seconds - (len(say("не могу войти в личный кабинет")) / 8000 - 0.5)) < 0.3


@pytest.mark.parametrize("level_db", [-44.0, -30.0, -12.0])
def test_quiet_and_loud_callers_are_heard(model: SpeechModel, say: Say, level_db: float) -> None:
    assert texts(hear(model, say("забыла пароль от личного кабинета", level_db=level_db))) == [
        "забыла пароль от личного кабинета"
    ]


def test_a_single_short_word_is_heard(model: SpeechModel, say: Say) -> None:
    assert "оператор" in texts(hear(model, say("оператор")))[0]


def test_a_hurried_caller_is_heard(model: SpeechModel, say: Say) -> None:
    said = "здравствуйте я забыла пароль от личного кабинета"
    assert texts(hear(model, say(said, rate=2.0))) == [said]  # 29 letters a second; people say 8 to 20


def test_expected_words_limit_what_is_heard(model: SpeechModel, say: Say) -> None:
    listen = Listen("one", "ru", words=("да", "нет"), trailing_silence_seconds=0.5)
    assert texts(hear(model, say("да"), listen)) == ["да"]
    assert texts(hear(model, say("нет"), listen)) == ["нет"]
    events = hear(model, say("хочу оплатить госпошлину за загранпаспорт"), listen)
    assert not any(word in ("да", "нет") for text in texts(events) for word in text.split())


def noise(db: float, seconds: float = 6.0) -> Samples:
    return (np.random.default_rng(2).normal(0, 1, int(seconds * 8000)) * 32768 * 10 ** (db / 20)).astype(np.float32)


def tones(*frequencies: float, on: float = 1.0, off: float = 0.0, seconds: float = 6.0, db: float = -15.0) -> Samples:
    time = np.arange(int(seconds * 8000)) / 8000
    sound = np.sum([np.sin(2 * np.pi * one * time) for one in frequencies], axis=0) / len(frequencies)
    gate = (time % (on + off)) < on
    sounding: Samples = (sound * gate * 32768 * 10 ** (db / 20)).astype(np.float32)
    return sounding


def melody(seconds: float = 8.0) -> Samples:
    """Chords with an attack and a decay, three notes a second: music on hold."""
    rng = np.random.default_rng(4)
    out = np.zeros(int(seconds * 8000), np.float32)
    for start in range(0, len(out) - 4000, 2667):
        time = np.arange(4000) / 8000
        root = 220 * 2 ** (rng.integers(0, 12) / 12)
        chord = sum(np.sin(2 * np.pi * root * ratio * time) for ratio in (1, 1.25, 1.5, 2, 3))
        out[start : start + 4000] += (chord * np.exp(-4 * time) * 1500).astype(np.float32)
    return out


def clicks() -> Samples:
    out = noise(-65)
    out[:: 8000 // 3] = 30_000
    return out


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("silence", np.zeros(48_000, np.float32)),
        ("quiet line", noise(-60)),
        ("noisy line", noise(-30)),
        ("bursts of noise", noise(-20) * ((np.arange(48_000) // 4000) % 2)),
        ("hum", tones(50, 100, 150, seconds=6)),
        ("ringback", tones(425, on=1, off=4, seconds=10)),
        ("busy", tones(425, on=0.35, off=0.35)),
        ("fax", tones(1100, on=0.5, off=3, seconds=8)),
        ("keys", tones(770, 1336, on=0.12, off=0.2)),
        ("music", melody()),
        ("clicks", clicks()),
    ],
)
def test_no_sound_but_speech_interrupts_a_prompt(model: SpeechModel, name: str, sound: Samples) -> None:
    events = hear(model, sound.astype(np.float32))
    assert not [event for event in events if isinstance(event, SpeechStarted | PartlyHeard)], name
    assert not any(texts(events)), name


def test_the_echo_of_our_prompt_does_not_interrupt_it(model: SpeechModel, say: Say) -> None:
    prompt = say("здравствуйте вы позвонили на горячую линию скажите что случилось", voice="anna", level_db=-20)
    assert hear(model, prompt * 10 ** (-34 / 20)) == []


def test_speech_over_the_echo_of_our_prompt_is_heard(model: SpeechModel, say: Say) -> None:
    prompt = say("здравствуйте вы позвонили на горячую линию скажите что случилось", voice="anna", level_db=-54)
    caller = say("не приходит код подтверждения")
    both = np.zeros(max(len(prompt), 12_000 + len(caller)), np.float32)
    both[: len(prompt)] += prompt
    both[12_000 : 12_000 + len(caller)] += caller
    (heard,) = texts(hear(model, both))
    assert [lemma(word) for word in heard.split()] == ["не", "приходить", "код", "подтверждение"]  # endings may be lost


def test_stopping_means_that_nothing_follows(model: SpeechModel, say: Say) -> None:
    ear = Ear(model)
    audio = say("забыл пароль").astype("<i2").tobytes()
    ear.listen(Listen("one", "ru"))
    ear.hear(audio[: len(audio) // 2])
    ear.stop("one")
    assert ear.hear(audio[len(audio) // 2 :] + bytes(32_000)) == []
    assert ear.listening is None


def test_what_was_said_until_now_can_be_had_at_once(model: SpeechModel, say: Say) -> None:
    ear = Ear(model)
    ear.listen(Listen("one", "ru"))
    assert ear.finish("another") == []
    audio = say("не могу войти в личный кабинет и ещё у меня вопрос").astype("<i2").tobytes()
    pieces = (audio[place : place + 960] for place in range(0, len(audio), 960))
    while not any("войти" in event.text for event in ear.hear(next(pieces)) if isinstance(event, PartlyHeard)):
        pass
    (heard,) = ear.finish("one")
    assert isinstance(heard, Heard)
    assert "войти" in heard.text
    assert "вопрос" not in heard.text
    assert all(0 < word.confidence <= 1 for word in heard.words)
    assert ear.listening is None
    assert ear.finish("one") == []


def test_every_topic_is_found_by_ear(model: SpeechModel, say: Say) -> None:
    """One plain sentence a topic, spoken at telephone quality."""
    topics = load_topics(ROOT / "dialplans" / "topics.yaml")
    spoken = {
        "access": "не могу войти в личный кабинет",
        "registration": "хочу зарегистрироваться на портале",
        "technical": "приложение не открывается на телефоне",
        "forms": "не загружаются документы к заявлению",
        "status": "хочу узнать статус заявления",
        "documents": "какие документы нужны для замены паспорта",
        "payments": "как оплатить госпошлину",
        "appointment": "хочу записаться к врачу",
        "signature": "не работает электронная подпись",
        "security": "мошенники взломали мой кабинет",
        "operator": "соедините с оператором",
        "none": "добрый день",
    }
    found = {
        topic: topics.classify(transcribe(model, say(text, voice="elena")).text).topic for topic, text in spoken.items()
    }
    assert found == {topic: topic for topic in spoken}


FOREIGN = {
    "en": (
        "hello I would like to know the status of my application",
        "do you speak English I do not understand Russian",
        "turn left at the corner and then go straight ahead",
        "she bought three apples and a bottle of milk",
    ),
    "de": (
        "können Sie mich bitte mit einem Mitarbeiter verbinden",
        "ich warte schon seit drei Wochen auf eine Antwort",
        "das Wetter war herrlich und wir sind an den See gefahren",
        "einen Augenblick ich suche meine Brille",
    ),
    "tr": (
        "lütfen beni bir görevliye bağlar mısınız",
        "yeni pasaport için hangi belgeler gerekli",
        "yarın sabah beni tekrar arayın",
        "arabam evin önünde duruyor",
    ),
    "ka": (
        "გამარჯობა მინდა გავიგო ჩემი განცხადების მდგომარეობა",
        "ვერ შევდივარ ანგარიშზე პაროლი არ მუშაობს",
        "ბოდიში ნომერი შემეშალა",
        "ჩემი მანქანა სახლის წინ დგას",
    ),
    "tt": (
        "зинһар мине оператор белән тоташтырыгыз",
        "яңа паспорт өчен нинди кәгазьләр кирәк",
        "бер генә минут каләм эзлим",
        "кызыма кичә унсигез яшь тулды",
    ),
}


ASKED_BACK_BELOW = 0.5  # in the shipped plans


def test_few_sentences_of_other_languages_become_a_topic(model: SpeechModel, speak_foreign: Say) -> None:
    """They are heard as Russian words, but so unsurely that nothing is made of them or the caller is asked back.

    As in a call: what settles midway is judged as well.
    """
    topics = load_topics(ROOT / "dialplans" / "topics.yaml")
    found = {}
    for language, sentences in FOREIGN.items():
        for number, sentence in enumerate(sentences):
            heard = heard_in_a_call(model, topics, on_a_line(speak_foreign(sentence, language), seed=number))
            found[sentence] = topics.classify(heard.text, heard.alternatives, heard.confidence)
    topical = {sentence: (one.topic, one.confidence) for sentence, one in found.items() if one.topic != "none"}
    surely = [sentence for sentence, (_, confidence) in topical.items() if confidence >= ASKED_BACK_BELOW]
    assert len(surely) <= 2, topical  # 7 when what is said and what is heard need not fit
    assert len(topical) <= 11, topical  # 14 when every confidence is enough


def heard_in_a_call(model: SpeechModel, topics: TopicModel, line: Samples) -> Heard:
    """What a question is told: as soon as the words so far settle a topic, or at the end."""
    ear = Ear(model)
    ear.listen(Listen("one", "ru"))
    audio = np.concatenate([line, np.zeros(16_000)]).clip(-32768, 32767).astype("<i2").tobytes()
    for place in range(0, len(audio), 960):
        for event in ear.hear(audio[place : place + 960]):
            last: Event = event
            if isinstance(event, PartlyHeard) and topics.settled(event.text, pausing=event.pausing):
                (last,) = ear.finish("one")
            if isinstance(last, Heard):
                return last
    return Heard("one", "")


def on_a_line(sound: Samples, seed: int) -> Samples:
    """With noise at 20 dB."""
    chance = np.random.default_rng(seed)
    noisy: Samples = (sound + chance.normal(0, np.sqrt(np.mean(sound**2)) / 10, len(sound))).astype(np.float32)
    return noisy


def test_a_folder_without_a_model_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailable, match="no Vosk model"):
        SpeechModel(tmp_path)
