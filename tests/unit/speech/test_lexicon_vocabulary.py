"""Adding words to a model directory: complete or not at all, and the original untouched."""

import json
import shutil
from pathlib import Path

import pytest
import vosk

from ivr.speech.lexicon.language_model import Counts
from ivr.speech.lexicon.pronounce import Unpronounceable
from ivr.speech.lexicon.vocabulary import (
    Lexicon,
    VocabularyNotExtensible,
    add_words,
    read_lexicon,
    vocabulary,
    write_graph,
)

SHIPPED = Path(__file__).parents[3] / "models/ru-telephone-8k"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The shipped network with a vocabulary of five words."""
    directory = tmp_path / "small"
    for part in ("am", "conf", "graph/phones"):
        shutil.copytree(SHIPPED / part, directory / part)
    shutil.copy(SHIPPED / "graph/phones.txt", directory / "graph")
    counts = Counts()
    counts.add(["забыл пароль", "ещё да", "нет"], 3.0)
    write_graph(Lexicon(dict.fromkeys(("забыл", "пароль", "да", "нет", "ещё"), 1e-4), counts), directory)
    return directory


def _files(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def test_vocabulary_knows_both_spellings_of_yo_and_no_symbols(model: Path) -> None:
    assert vocabulary(model) == {"забыл", "пароль", "да", "нет", "ещё", "еще"}


def test_added_words_come_in_all_their_forms(model: Path, tmp_path: Path) -> None:
    before = _files(model)
    new = add_words(model, ["токен"], ["забыл пинкод"], tmp_path / "more")
    assert {"токен", "токена", "токенами", "пинкоду"} <= new
    assert vocabulary(model) | new <= vocabulary(tmp_path / "more")
    assert _files(model) == before
    assert not [left for left in tmp_path.iterdir() if left.name.startswith(".")]


def test_vosk_reads_the_extended_graph_and_its_words_in_a_grammar(model: Path, tmp_path: Path) -> None:
    add_words(model, ["токен"], [], tmp_path / "more")
    vosk.SetLogLevel(-1)
    extended = vosk.Model(str(tmp_path / "more"))
    assert extended.vosk_model_find_word("токена") > 0
    assert extended.vosk_model_find_word("рутокен") == -1
    for grammar in ([], [json.dumps(["забыл токен", "[unk]"], ensure_ascii=False)]):
        recogniser = vosk.KaldiRecognizer(extended, 8000, *grammar)
        recogniser.AcceptWaveform(bytes(16000))
        assert json.loads(recogniser.FinalResult())["text"] == ""


def test_words_added_one_after_another_add_up(model: Path, tmp_path: Path) -> None:
    add_words(model, ["токен"], [], tmp_path / "one")
    add_words(tmp_path / "one", ["портал"], [], tmp_path / "two")
    assert {"токен", "портал", "пароль"} <= vocabulary(tmp_path / "two")


def test_a_rebuilt_lexicon_gives_the_same_graph(model: Path) -> None:
    before = _files(model)
    write_graph(read_lexicon(model), model)
    assert _files(model) == before


@pytest.mark.parametrize(("words", "phrases"), [(["email"], []), ([], ["войти по qr"]), (["код 5"], [])])
def test_a_word_that_cannot_be_said_leaves_nothing_behind(
    model: Path, tmp_path: Path, words: list[str], phrases: list[str]
) -> None:
    with pytest.raises(Unpronounceable):
        add_words(model, words, phrases, tmp_path / "more")
    assert [left.name for left in tmp_path.iterdir()] == ["small"]


def test_an_existing_directory_is_never_overwritten(model: Path) -> None:
    with pytest.raises(FileExistsError, match="small exists already"):
        add_words(model, ["токен"], [], model)


def test_a_model_of_other_makers_says_why_it_cannot_grow(model: Path, tmp_path: Path) -> None:
    shutil.rmtree(model / "lexicon")
    with pytest.raises(VocabularyNotExtensible, match=r"speech\.model"):
        add_words(model, ["токен"], [], tmp_path / "more")


def test_the_shipped_model_can_be_extended() -> None:
    lexicon = read_lexicon(SHIPPED)
    assert set(lexicon.frequencies) <= vocabulary(SHIPPED)
    assert {"госуслуги", "пароль", "оператором", "снилс", "мфц", "эцп", "есиа", "два", "да"} <= vocabulary(SHIPPED)
