"""The phones of the Russian model: 15 consonants hard and soft, 6 always one or the other, 6 vowels; no stress.

Stress is not written in Russian and mistakes in guessing it cost more than the network gains from it, so a vowel
is named by its letter and the network learns from its surroundings how a letter sounds there.
"""

PAIRED = {"б": "b", "в": "v", "г": "g", "д": "d", "з": "z", "к": "k", "л": "l", "м": "m", "н": "n", "п": "p",
          "р": "r", "с": "s", "т": "t", "ф": "f", "х": "h"}  # fmt: skip
UNPAIRED = {"ж": "zh", "ш": "sh", "ц": "ts", "ч": "ch", "щ": "sch", "й": "j"}
VOWELS = {"а": "a", "о": "o", "у": "u", "э": "e", "ы": "y", "и": "i", "я": "a", "ё": "o", "ю": "u", "е": "e"}

# The order is part of every trained model: output k+1 of the network is PHONES[k], output 0 is the blank.
PHONES: tuple[str, ...] = (
    *(phone + softness for phone in PAIRED.values() for softness in ("", "'")),
    *UNPAIRED.values(),
    "a", "o", "u", "y", "e", "i",
)  # fmt: skip
BLANK = 0
OUTPUT_OF_PHONE: dict[str, int] = {phone: number + 1 for number, phone in enumerate(PHONES)}

# Kaldi's phone table: silence first, then each phone by its place in the word.
SILENCE = 1
PLACES = ("B", "E", "I", "S")
PLACE_NAMES = {"B": "begin", "E": "end", "I": "internal", "S": "singleton"}
KALDI_PHONES: tuple[str, ...] = ("SIL", *(f"{phone}_{place}" for phone in PHONES for place in PLACES))
KALDI_NUMBER: dict[str, int] = {name: number + 1 for number, name in enumerate(KALDI_PHONES)}


def placed(phones: tuple[str, ...]) -> tuple[int, ...]:
    """Kaldi phone numbers of a word's phones, each marked by its place in the word."""
    last = len(phones) - 1
    if last == 0:
        return (KALDI_NUMBER[f"{phones[0]}_S"],)
    places = ("B" if at == 0 else "E" if at == last else "I" for at in range(len(phones)))
    return tuple(KALDI_NUMBER[f"{phone}_{place}"] for phone, place in zip(phones, places, strict=True))
