"""Whatever the checker says of a broken plan, the studio's admin reads it in Russian."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ivr.dialplan.findings_russian import _SENTENCES, russian
from ivr.dialplan.source import read_plans
from ivr.speech.topics import TopicModel
from tests.unit.dialplan.test_broken_plans import BROKEN, KNOWN, PLANS


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_no_sentence_is_left_in_english(path: Path) -> None:
    _, findings = read_plans([path, PLANS / "helper.yaml"], TopicModel(()), KNOWN)
    sentences = [each for finding in findings for each in (finding.message, finding.hint) if each]
    assert [each for each in sentences if russian(each) == each] == []


def test_what_it_is_about_stays_as_it_was_written() -> None:
    assert russian('there is no section "peple"') == "раздела «peple» нет"
    assert russian('plan "a" returns text, but "b" is number') == "план «a» возвращает текст, а «b» — число"
    assert russian("nobody has written this down") == "nobody has written this down"


def test_each_sentence_keeps_all_that_it_is_about() -> None:
    for english, words in _SENTENCES:
        assert len(re.findall(r"\{\}", english)) == len(re.findall(r"\{\}", words)), english
