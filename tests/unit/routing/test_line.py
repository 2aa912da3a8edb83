"""The order of a line: whose turn it is, and how many stand before a place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.call.events import CallId
from ivr.routing.line import CallOrder, Standing

CALLS = [CallId(letter) for letter in "abcdefgh"]
ACTS = st.lists(st.tuples(st.sampled_from(CALLS), st.none() | st.integers(0, 9)), max_size=200)


def test_nobody_is_counted_who_has_left() -> None:
    order = CallOrder()
    for rank, call in enumerate(CALLS):
        order.add(Standing(rank, call))
    order.discard(CallId("a"))
    order.discard(CallId("c"))
    assert order.ahead_of(3) == 1
    assert order.ahead_of(99) == len(order) == 6


@given(acts=ACTS)
def test_it_is_as_if_sorted_anew_each_time(acts: list[tuple[CallId, int | None]]) -> None:
    order, standing = CallOrder(), dict[CallId, Standing]()
    for call, rank in acts:
        if rank is None:
            order.discard(call)
            standing.pop(call, None)
        else:
            order.add(Standing(rank, call))
            standing[call] = Standing(rank, call)
        if rank == 0:
            assert order.first() == min(standing.values(), default=None)
        for place in (0, 3, 9, 10):
            assert order.ahead_of(place) == sum(each.rank < place for each in standing.values())
        assert sorted(order) == sorted(standing.values())
