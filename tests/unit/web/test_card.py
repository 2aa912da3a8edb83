"""What an operator sees of a call, from its journal alone."""

from __future__ import annotations

from ivr.journal.record import Record
from ivr.request.model import Request
from ivr.web.console.card import card


def told(*steps: tuple[str, dict[str, object], dict[str, str]]) -> list[Record]:
    return [
        Record("c", number, kind, "", 100.0 + number, 0.0, data, personal)  # type: ignore[arg-type]
        for number, (kind, data, personal) in enumerate(steps, 1)
    ]


CALL = told(
    ("arrived", {"line": "88005553535"}, {"caller": "+79991234567"}),
    ("heard", {"words": 3}, {"text": "не могу войти"}),
    ("topic", {"topic": "access", "by": "speech", "priority": 1, "phrases": "войти"}, {"alike": "попасть в кабинет"}),
    ("queued", {"queue": "people", "position": 2, "language": "ru"}, {}),
    ("connected", {"operator": "anna"}, {}),
    ("escalated", {"operator": "anna", "to": "operator", "target": "boris"}, {"reason": "нужны права"}),
    ("transferred", {"operator": "anna", "to": "operator", "target": "boris"}, {}),
    ("connected", {"operator": "boris"}, {}),
    ("identity_checked", {"operator": "boris", "checked": "snils,passport", "proven": True}, {}),
)
NAMES = {"anna": "Анна Белова", "boris": "Борис Орлов"}


def test_a_transferred_call_brings_its_story_along() -> None:
    earlier = [Request("100017", "b", 50.0, topic="access"), Request("100025", "c", 100.0)]
    shown = card(CALL, earlier, earlier[1], {"access": "Вход и пароль"}, NAMES, "ru")
    assert (shown["caller"], shown["topic_title"], shown["said"]) == (
        "+79991234567",
        "Вход и пароль",
        ["не могу войти"],
    )
    assert (shown["priority"], shown["passed_by"], shown["escalation"]) == (1, "Анна Белова", "нужны права")
    assert (shown["queued"], shown["connected"], shown["proven"]) == (104.0, 108.0, ["snils", "passport"])
    assert [each["number"] for each in shown["earlier"]] == ["100017"], "not the call's own"
    way = [step["text"] for step in shown["way"]]
    assert way == [
        "Слова: «не могу войти»",
        "В очереди, место 2",
        "Разговор: Анна Белова",
        "Эскалация: нужны права",
        "Перевод: Анна Белова → Борис Орлов",
        "Разговор: Борис Орлов",
    ]


def test_it_can_be_read_in_english_and_before_anything_is_known() -> None:
    shown = card(CALL[:1], [], None, {}, NAMES, "en")
    assert (shown["topic_title"], shown["request"], shown["way"]) == ("Not found", "", [])
