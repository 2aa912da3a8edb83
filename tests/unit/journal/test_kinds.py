"""The table of kinds, its document, and what happens to facts it does not know."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ivr.journal.kinds import KINDS, markdown
from ivr.journal.record import Record, from_mapping, split, to_mapping, undeclared
from ivr.journal.story import sentence

DOCUMENT = Path(__file__).parents[3] / "docs" / "journal.md"
GOOD_CALL = (
    *("arrived", "answered", "said", "menu", "heard", "topic"),
    *("queued", "offered", "connected", "talk_ended", "ended"),
)
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()


def test_the_document_shows_the_table_of_the_code() -> None:
    assert markdown() in DOCUMENT.read_text(encoding="utf-8")


def test_a_good_call_can_be_told() -> None:
    assert [kind for kind in GOOD_CALL if kind not in KINDS] == []


def test_no_fact_takes_a_name_that_a_log_line_needs() -> None:
    reserved = {"event", "call", "path", "level", "timestamp", "exc_info"}
    for kind in KINDS.values():
        assert not reserved & set(kind.fields), kind.name
        assert not set(kind.fields) & set(kind.personal), kind.name


def test_what_is_not_declared_harmless_is_personal() -> None:
    data, personal = split("queued", {"queue": "general", "passport": "9205 123456", "age": 44}, {"text": "да"})

    assert data == {"queue": "general"}
    assert personal == {"passport": "9205 123456", "age": "44", "text": "да"}


def test_an_unknown_kind_is_personal_altogether() -> None:
    data, personal = split("surprise", {"what": 1}, {})

    assert (data, personal) == ({}, {"what": "1"})


def test_undeclared_names_are_told() -> None:
    def record(kind: str, personal: dict[str, str]) -> Record:
        return Record("c", 1, kind, "", 0.0, 0.0, {}, personal)

    assert undeclared(record("surprise", {})) == ("surprise",)
    assert undeclared(record("queued", {"passport": ""})) == ("queued.passport",)
    assert undeclared(record("heard", {"text": ""})) == ()


@given(st.sampled_from([*KINDS, "surprise"]), st.data())
def test_every_record_can_be_said_in_words(kind: str, data: st.DataObject) -> None:
    names = [*KINDS[kind].fields, *KINDS[kind].personal] if kind in KINDS else ["what"]
    facts = data.draw(st.dictionaries(st.sampled_from(names), VALUES)) if names else {}

    assert sentence(Record("c", 1, kind, "", 0.0, 0.0, facts))


def test_a_deadline_is_told_as_people_tell_time() -> None:
    opened = Record("c", 1, "request_opened", "", 0.0, 0.0, {"request": "100009", "due": 1795687200.0})

    assert sentence(opened) == "request 100009, to be answered by 26.11 13:00"


@given(st.dictionaries(st.text(), VALUES), st.dictionaries(st.text(), st.text()))
def test_a_mapping_is_read_back(data: dict[str, None], personal: dict[str, str]) -> None:
    record = Record("c", 7, "queued", "federal/queue", 1.5, 2.5, data, personal)

    assert from_mapping({**to_mapping(record), "of a later version": 1}) == record
