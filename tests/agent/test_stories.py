from collections.abc import AsyncIterator

from ivr.agent.stories import Stories
from ivr.journal.record import Record


def record(call: str, kind: str, **data: str) -> Record:
    return Record(call, 1, kind, "", 0.0, 0.0, data)


async def told(*records: Record) -> AsyncIterator[Record]:
    for each in records:
        yield each


async def test_a_story_may_begin_before_it_is_asked_for() -> None:
    stories = Stories(told(record("a", "arrived", sip_call_id="sip-a"), record("a", "menu"), record("b", "menu")))
    await stories.run()
    heard: list[str] = []
    stories.of("sip-a").tell(lambda each: heard.append(each.kind))
    assert heard == ["arrived", "menu"]


async def test_strangers_calls_are_forgotten_when_they_end() -> None:
    calls = [f"call-{number}" for number in range(100)]
    records = [record(call, kind, sip_call_id=f"sip-{call}") for call in calls for kind in ("arrived", "ended")]
    stories = Stories(told(*records))
    ours = stories.of("sip-call-7")
    await stories.run()
    assert [each.kind for each in ours.records] == ["arrived", "ended"]
    assert ours.ended.is_set()
    assert not any(stories.of(f"sip-{call}").records for call in calls)
