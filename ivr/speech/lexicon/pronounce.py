"""Russian letters to phones by rule: words, their spoken variants, and sentences with assimilation across words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ivr.speech.lexicon.phones import PAIRED, UNPAIRED, VOWELS
from ivr.speech.lexicon.spoken import EXTRA_SPELLINGS, SPELLED_AS

Phones = tuple[str, ...]

_WORD = re.compile("[а-яё]+(?:-[а-яё]+)*")
_IOTATED = frozenset("яёюе")
_SOFTENING = frozenset("яёюеиь")
_DEVOICED = {"b": "p", "v": "f", "g": "k", "d": "t", "z": "s", "zh": "sh"}
_VOICED = {unvoiced: voiced for voiced, unvoiced in _DEVOICED.items()}
_VOICELESS = frozenset(("p", "t", "k", "s", "sh", "f", "h", "ts", "ch", "sch"))
_VOICING = frozenset(("b", "g", "d", "z", "zh"))  # "v" is voiced but does not voice what stands before it
_CLITICS = {"в": "v", "с": "s", "к": "k"}
# Prepositions pronounced together with the next word keep their last consonant voiced before a voiced one.
_LEANING = frozenset(("из", "без", "под", "над", "от", "об", "через", "перед", "за"))

_HARD_GENITIVE = frozenset(("много", "немного", "намного", "строго", "дорого", "недорого", "убого", "полого", "ого"))
_RESPELLED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        ("^(ни)?что", r"\1што"),
        ("^конечно$", "конешно"),
        ("(ску|наро|яи)чн", r"\1шн"),
        ("^помощн", "помошн"),
        ("сегодн", "севодн"),
        ("^итого$", "итово"),
        ("ть?ся$", "ца"),
        ("(чу|здра)вств", r"\1ств"),
        ("стн", "сн"),
        ("здн", "зн"),
        ("рдц", "рц"),
        ("лнц", "нц"),
        ("[сзж]ч", "щ"),
        ("[тд]ч", "ч"),
        ("[тд]ц", "ц"),
        ("(?<!^о)(?<!^по)(?<!^на)(?<!^пре)[тд]ск", "цк"),
        ("[сз]ш", "ш"),
        ("[сз]щ", "щ"),
        ("([лм][её]|мя)г([кч])", r"\1х\2"),
        # Loan words with a hard consonant before "е".
        ("интернет", "интэрнэт"),
        ("^тест", "тэст"),
        ("сервер", "сэрвэр"),
        ("компьютер", "компьютэр"),
        ("менеджер", "мэнэджэр"),
        ("токен", "токэн"),
        ("модем", "модэм"),
        ("интерфейс", "интэрфэйс"),
        ("е-?мейл|емэйл", "имэйл"),
    )
)


class Unpronounceable(ValueError):
    """A word holds something other than Russian letters."""


def pronunciations(word: str) -> tuple[Phones, ...]:
    """Every way the word is said, the usual one first. Raises Unpronounceable."""
    if word in _CLITICS:
        phone = _CLITICS[word]
        return ((phone,), (_DEVOICED.get(phone) or _VOICED[phone],))
    spellings = (SPELLED_AS.get(word, word), *EXTRA_SPELLINGS.get(word, ()))
    ways = [_phones(spelling) for spelling in spellings]
    if word in _LEANING:
        ways.append(_phones(word, before_voiced=True))
    return tuple(dict.fromkeys(ways))


def sentence_phones(words: Sequence[str]) -> list[Phones]:
    """The usual phones of each word in its sentence: "в", "с", "к" take the voicing of the next word."""
    spoken: list[Phones] = []
    following: str | None = None
    for word in reversed(words):
        phones = pronunciations(word)[0]
        if word in _CLITICS and following is not None:
            phones = (_assimilated(_CLITICS[word], following),)
        spoken.append(phones)
        following = phones[0].rstrip("'")
    return spoken[::-1]


def _phones(word: str, before_voiced: bool = False) -> Phones:
    if not _WORD.fullmatch(word):
        raise Unpronounceable(f"{word!r}: only Russian letters can be pronounced; write it as it is said")
    phones = _letters_to_phones(_respelled(word).replace("-", ""))
    return tuple(_without_doubles(_voiced_by_neighbours(phones, before_voiced)))


def _respelled(word: str) -> str:
    if len(word) > 2 and word not in _HARD_GENITIVE:
        word = re.sub("([ое])го(ся)?$", r"\1во\2", word)
    for pattern, spelling in _RESPELLED:
        word = pattern.sub(spelling, word)
    return word


def _letters_to_phones(word: str) -> list[str]:
    phones: list[str] = []
    before = ""
    for letter, after in zip(word, [*word[1:], ""], strict=True):
        if letter in PAIRED:
            phones.append(PAIRED[letter] + ("'" if after in _SOFTENING and after else ""))
        elif letter in UNPAIRED:
            phones.append(UNPAIRED[letter])
        elif letter in VOWELS:
            opens_syllable = not before or before in VOWELS or before in "ьъ"
            if (letter in _IOTATED and opens_syllable) or (letter in "ио" and before == "ь"):
                phones.append("j")
            phones.append("y" if letter == "и" and before and before in "жшц" else VOWELS[letter])
        before = letter
    return phones


def _voiced_by_neighbours(phones: list[str], before_voiced: bool) -> list[str]:
    """Russian consonants take the voicing of the next one, from the end of the word backwards."""
    voiced = list(phones)
    following = "" if len(phones) == 1 else "b" if before_voiced else "p"  # "ж", "б" lean on the word before
    for at in range(len(voiced) - 1, -1, -1):
        base = voiced[at].rstrip("'")
        voiced[at] = _assimilated(base, following) + voiced[at][len(base) :]
        following = voiced[at].rstrip("'")
    return voiced


def _assimilated(base: str, following: str) -> str:
    if following in _VOICELESS:
        return _DEVOICED.get(base, base)
    if following in _VOICING:
        return _VOICED.get(base, base)
    return base


def _without_doubles(phones: list[str]) -> list[str]:
    single: list[str] = []
    for phone in phones:
        doubled = single and single[-1].rstrip("'") == phone.rstrip("'") and phone not in VOWELS.values()
        if doubled:
            single[-1] = phone
        else:
            single.append(phone)
    return single
