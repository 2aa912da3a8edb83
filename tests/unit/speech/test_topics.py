"""Weighing phrases, the admin's file, and the project's own topics on callers' words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.errors import ConfigurationInvalid
from ivr.speech.examples import Example
from ivr.speech.topic_check import check_topics, confusion
from ivr.speech.topic_file import read_topics
from ivr.speech.topics import TopicModel, load_topics

ROOT = Path(__file__).parents[3]
OURS = load_topics(ROOT / "dialplans" / "topics.yaml")
TOPICS = (
    "access registration technical forms status documents payments appointment signature security operator out_of_scope"
)


def model(text: str) -> TopicModel:
    topics, findings = read_topics(text, "topics.yaml")
    assert not findings
    return TopicModel(topics)


SMALL = """
topics:
  access:
    title: Вход
    phrases: [{пароль: 3}, {забыть пароль: 2}, {приложение: -2}]
  technical:
    title: Сбой
    urgency: 2
    phrases: [{не работать: 3}, {приложение: 3}]
"""


def test_the_heaviest_topic_wins_and_says_why() -> None:
    found = model(SMALL).classify("забыла пароль")
    assert found.topic == "access"
    assert found.matched == ("пароль", "забыть пароль")
    assert found.margin == 1
    assert found.confidence > 0.9


def test_two_topics_share_the_confidence() -> None:
    found = model(SMALL).classify("пароль не работает")
    assert found.confidence < 0.5
    assert found.margin == 0
    assert {found.topic, found.alternatives[0][0]} == {"access", "technical"}


def test_a_negative_weight_speaks_against() -> None:
    found = model(SMALL).classify("пароль в приложении")
    assert found.topic == "technical"
    assert found.urgency == 2


def test_a_topic_is_no_surer_than_the_words_it_was_found_by() -> None:
    small = model(SMALL)
    assert small.classify("забыла пароль", (), 0.5).confidence == pytest.approx(
        small.classify("забыла пароль").confidence / 2, abs=0.001
    )


def test_what_was_hardly_heard_is_no_topic() -> None:
    small = model(SMALL)
    assert small.classify("забыла пароль", (), 0.35).topic == "access"
    assert small.classify("забыла пароль", (), 0.25) == small.classify("добрый день")


def test_nothing_found_is_none() -> None:
    found = model(SMALL).classify("добрый день")
    assert (found.topic, found.confidence, found.matched) == ("none", 0, ())


def test_what_most_readings_say_outweighs_what_one_made_up() -> None:
    small = model(SMALL)
    assert small.classify("поролон", ["не работает"]).topic == "technical"
    assert small.classify("пароль", ["не работает"]).margin == 0
    found = small.classify("забыла пароль", ["забыл не работает", "забыл король", "забыла пароли"])
    assert found.topic == "access"
    assert found.matched == ("пароль", "забыть пароль")
    assert found.alternatives[0][0] == "technical"
    assert small.classify("не работает", ["забыла пароль", "забыл пароль", "забыли пароль"]).topic == "access"


def test_a_word_that_one_of_many_readings_made_up_is_no_topic() -> None:
    assert (
        model(SMALL)
        .classify("добрый день", ["добрый гость", "добрый зверь", "добрый", "день", "бодрый день", "пароль"])
        .topic
        == "none"
    )


def test_settled_only_when_beyond_doubt() -> None:
    small = model(SMALL.replace("забыть пароль: 2", "забыть пароль: 6"))
    assert small.settled("забыла") is None
    assert small.settled("пароль") is None
    assert small.settled("забыла пароль") is not None
    assert small.settled("забыла пароль от") is None, "the sentence goes on"
    assert small.settled("пароль", pausing=True) is not None


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("topics: []", 1, 9, "topics are missing"),
        ("topics:\n  Access: {title: A, phrases: [пароль]}", 2, 3, "cannot be the name"),
        ("topics:\n  none: {title: A, phrases: [пароль]}", 2, 3, "cannot be the name"),
        ("topics:\n  access:\n    phrases: [пароль]", 3, 5, "needs a title"),
        ("topics:\n  access:\n    title: A\n    phrases:\n      - (войти\n", 5, 9, "never closed"),
        ("topics:\n  access:\n    title: A\n    phrases:\n      - войти: много\n", 5, 9, "a weight is a number"),
        ("topics:\n  access:\n    title: A\n    phrases:\n      - войти: 99\n", 5, 9, "a weight is a number"),
        ("topics:\n  access:\n    title: A\n    phrases: [пароль]\n    urgent: 1\n", 5, 5, '"urgent" is not known'),
        ("groups:\n  а: <б>\ntopics:\n  access: {title: A, phrases: [пароль]}", 2, 6, "no group <б>"),
        ("topics:\n  access: [пароль", 3, 1, "not closed"),
    ],
)
def test_mistakes_have_a_place(text: str, line: int, column: int, message: str) -> None:
    _, findings = read_topics(text, "topics.yaml")
    assert [(one.line, one.column) for one in findings if message in one.message] == [(line, column)], findings


def test_a_file_with_mistakes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text("topics:\n  access: {title: A, phrases: ['(']}\n", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid):
        load_topics(file)


@given(st.text(max_size=200))
@settings(max_examples=50)
def test_any_text_has_a_topic_or_none(text: str) -> None:
    found = OURS.classify(text)
    assert found.topic in (*TOPICS.split(), "none")
    assert 0 <= found.confidence <= 1
    assert 0 <= found.margin <= 1


def test_our_topics_are_those_of_the_reports() -> None:
    assert [topic.id for topic in OURS.topics] == TOPICS.split()


def labelled(name: str) -> list[Example]:
    lines = (ROOT / "tests" / "speech" / name).read_text(encoding="utf-8").splitlines()
    return [Example(*line.split("\t")) for line in lines]


def right(examples: list[Example]) -> float:
    counts = confusion(OURS, examples)
    return sum(count for (label, found), count in counts.items() if label == found) / len(examples)


def test_callers_own_words_find_their_topic() -> None:
    examples = [*labelled("callers.tsv"), *labelled("callers_holdout.tsv")]
    assert len(examples) >= 400
    assert {example.topic for example in examples} == {*TOPICS.split(), "none"}
    assert right(examples) >= 0.95


def test_examples_fill_the_gaps_between_phrases(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text("topics:\n  access: {title: A, phrases: [пароль]}\n  technical: {title: T, phrases: [сбой]}\n")
    assert load_topics(file).classify("кружок всё крутится").topic == "none"
    file.with_name("topics.examples.yaml").write_text(
        "access:\n  - меня не пускает\ntechnical:\n  - у меня крутится кружок\n  - всё висит\n"
    )
    found = load_topics(file).classify("кружок всё крутится")
    assert (found.topic, found.matched) == ("technical", ("≈ всё кружок крутится",))
    assert load_topics(file).settled("кружок всё крутится", pausing=True) is None


def test_a_topics_matter_is_told_by_the_words_that_decided(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text(
        "topics:\n  access: {title: A, phrases: [пароль]}\n"
        "  other: {title: O, phrases: [погода], matters: {law: [суд: 3, долг: -2], money: [банк: 2]}}\n"
    )
    topics = load_topics(file)
    assert topics.classify("банк подал в суд").matters == {"other": "law"}
    assert topics.classify("банк требует долг по суд").matters == {"other": "money"}
    assert topics.classify("банк просит пароль").matters == {"other": "money"}  # whichever of the two is meant
    assert topics.classify("какая погода").matters == {}
    assert topics.classify("погода", ["банк", "какой банк"]).matters == {"other": "money"}  # as most readings have it


def test_most_callers_with_other_matters_are_told_where_to_turn() -> None:
    found = [OURS.classify(one.text) for one in labelled("callers_holdout.tsv") if one.topic == "out_of_scope"]
    told = [one for one in found if one.matters.get("out_of_scope")]
    assert len(told) >= 0.75 * len(found), len(told) / len(found)


def test_an_example_of_no_topic_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text("topics:\n  access: {title: A, phrases: [пароль]}\n")
    file.with_name("topics.examples.yaml").write_text("access:\n  - забыл\nacess:\n  - [забыл]\n")
    with pytest.raises(ConfigurationInvalid) as refused:
        load_topics(file)
    assert [(one.line, one.column) for one in refused.value.findings] == [(3, 1), (4, 5)]


def test_no_caller_of_a_test_is_an_example() -> None:
    known = {example.text for example in OURS.examples}
    assert len(known) > 1000
    assert not [
        one.text for name in ("callers.tsv", "callers_holdout.tsv") for one in labelled(name) if one.text in known
    ]


def test_acting_early_is_right() -> None:
    """Of the sentences acted on before their end, hardly any turn out to be about something else."""
    wrong = 0
    acted = 0
    for example in (*labelled("callers.tsv"), *labelled("callers_holdout.tsv")):
        said = example.text.split()
        for count in range(1, len(said)):
            if settled := OURS.settled(" ".join(said[:count])):
                acted += 1
                wrong += settled.topic != example.topic
                break
    assert acted > 50
    assert wrong <= acted * 0.02


def test_the_check_finds_what_never_counts_and_what_clashes() -> None:
    doubtful = model("""
topics:
  access:
    title: Вход
    phrases: [{пароль: 4}, {забыть + пароль: 4}, {не работать вход: 4}]
  technical:
    title: Сбой
    phrases: [{не работать: 5}, {код: 2}]
  signature:
    title: Подпись
    phrases: [{код: 2}, {криптопро: 3}]
""")
    messages = [one.message for one in check_topics(doubtful, "f", frozenset({"пароль", "забыл", "код"}), [])]
    assert any('"не работать вход" goes to technical' in one for one in messages)
    assert any('"код" speaks for signature as much as for technical' in one for one in messages)
    assert any("the recogniser does not know криптопро" in one for one in messages)
    assert not any("does not know" in one and "пароль" in one for one in messages)


def test_the_check_finds_covered_phrases() -> None:
    covered = model(
        "topics:\n  access:\n    title: A\n    phrases: [{личный кабинет: 4}, {кабинет личный: 1}, {кабинет: 1}]\n"
    )
    messages = [one.message for one in check_topics(covered, "f", None, [])]
    assert messages == []
    doubled = model("topics:\n  access:\n    title: A\n    phrases: [{личный кабинет: 4}, {личный + кабинет: 1}]\n")
    messages = [one.message for one in check_topics(doubled, "f", None, [])]
    assert any("never counts" in one for one in messages)
