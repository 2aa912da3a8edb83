"""The queue answered half a second late, or the caller had waited already: whoever tells of the wait tells the same."""

from __future__ import annotations

from ivr.journal.fold import fold
from ivr.journal.record import Record, Value
from ivr.routing.why import why
from ivr.stats.calls import Call
from ivr.web.console.card import card

Told = tuple[float, str, dict[str, Value]]
ASKED_AT = 110.0
LATE: list[Told] = [
    (100.0, "arrived", {"line": "1"}),
    (ASKED_AT + 0.5, "queued", {"queue": "people", "position": 1, "waited_seconds": 0.5}),
]
TALK: list[Told] = [
    (ASKED_AT + 8.0, "offered", {"operator": "anna", "reason": "turn"}),
    (ASKED_AT + 10.0, "connected", {"operator": "anna", "waited_seconds": 10.0}),
]


def test_all_count_from_when_the_caller_asked() -> None:
    records = [Record("c", number, kind, "", at, at, data) for number, (at, kind, data) in enumerate(LATE, 1)]
    counted = Call()
    for at, kind, data in LATE:
        counted.take(kind, data, at)
    shown = card(records, (), None, {}, {}, "ru")
    assert {fold(records).queued, counted.queued, shown["queued"]} == {ASKED_AT}
    assert why([*LATE, *TALK])[1:] == (
        "8 с: звонит у anna. Почему: turn.",
        "10 с: говорит anna. Ожидание 10 с: 8 с до оператора, которого можно спросить, 2 с до ответа anna.",
    )


def test_a_promised_call_has_the_wait_of_the_call_before() -> None:
    promised: Told = (ASKED_AT + 5.0, "promised", {"line": "1", "queue": "people", "of": "b", "waited_seconds": 5.0})
    assert why([promised, *TALK])[1].startswith("8 с: звонит у anna.")


def test_a_wait_after_a_talk_is_told_by_itself() -> None:
    again: list[Told] = [
        (200.0, "queued", {"queue": "people", "position": 1, "waited_seconds": 10.0}),
        (203.0, "offered", {"operator": "boris", "reason": "turn"}),
        (204.0, "connected", {"operator": "boris", "waited_seconds": 14.0}),
    ]
    *_, rings, talks = why([*LATE, *TALK, *again])
    assert rings.startswith("3 с: звонит у boris.")
    assert "Ожидание 4 с: 3 с до оператора" in talks
