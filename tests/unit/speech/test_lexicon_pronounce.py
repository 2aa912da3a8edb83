"""Letters to phones: the rules a Russian hears, one word for each."""

import pytest

from ivr.speech.lexicon.phones import KALDI_PHONES, PHONES, placed
from ivr.speech.lexicon.pronounce import Unpronounceable, pronunciations, sentence_phones


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("дом", "d o m"),
        ("пять", "p' a t'"),  # soft before я and ь
        ("яма", "j a m a"),  # iotated at the beginning
        ("подъезд", "p o d j e s t"),  # after ъ; the voiced end falls silent
        ("семьи", "s' e m' j i"),
        ("жить", "zh y t'"),  # и after ж is ы
        ("зуб", "z u p"),
        ("сделать", "z d' e l a t'"),
        ("лодка", "l o t k a"),
        ("всё", "f s' o"),
        ("твой", "t v o j"),  # "в" voices nothing
        ("учиться", "u ch i ts a"),
        ("его", "j e v o"),
        ("много", "m n o g o"),  # not a genitive
        ("что", "sh t o"),
        ("почта", "p o ch t a"),  # not "что"
        ("конечно", "k o n' e sh n o"),
        ("счёт", "sch o t"),
        ("касса", "k a s a"),  # one consonant, held or not
        ("интернет", "i n t e r n e t"),  # hard in a loan word
        ("ж", "zh"),  # leans on the word before
    ],
)
def test_the_usual_pronunciation(word: str, phones: str) -> None:
    assert pronunciations(word)[0] == tuple(phones.split())


def test_abbreviations_are_said_by_their_letters_or_as_words() -> None:
    ways = {" ".join(phones) for phones in pronunciations("инн")}
    assert ways == {"i e n e n", "i n"}


def test_short_everyday_forms_are_known() -> None:
    assert ("sch", "a", "s") in pronunciations("сейчас")


def test_prepositions_of_one_letter_take_the_voicing_of_the_next_word() -> None:
    assert [phones[0] for phones in sentence_phones(["в", "парке", "в", "доме", "с", "братом", "с", "мамой"])][::2] == [
        "f", "v", "z", "s",
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["email", "12", "", "да!", "два слова", "код5"])
def test_what_is_not_a_russian_word_is_refused_with_the_word_in_the_message(word: str) -> None:
    with pytest.raises(Unpronounceable, match="Russian letters"):
        pronunciations(word)


def test_phones_are_marked_by_their_place_in_the_word() -> None:
    names = [KALDI_PHONES[number - 1] for number in placed(("d", "o", "m"))]
    assert names == ["d_B", "o_I", "m_E"]
    assert KALDI_PHONES[placed(("a",))[0] - 1] == "a_S"


def test_the_order_of_phones_is_that_of_the_shipped_network() -> None:
    assert (len(PHONES), PHONES[0], PHONES[-1], PHONES[30]) == (42, "b", "i", "zh")
