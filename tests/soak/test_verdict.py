"""A leak is told from caches that fill and from noise."""

from __future__ import annotations

import pytest

from tests.soak.verdict import Reading, leaks, megabytes_a_call


def reading(round_: int, tasks: float = 40, megabytes: float = 150.0) -> Reading:
    return Reading(
        20.0 * round_, 30 * round_, {"tasks": round(tasks)}, {"controller": megabytes, "store": 10.0 * round_}
    )


def test_a_steady_hotline_leaks_nothing() -> None:
    noise = (0, 3, 1, 2, 0, 3, 1, 2)
    assert leaks([reading(number, 40 + more, 150 + more) for number, more in enumerate(noise)]) == []


def test_what_fills_in_the_beginning_is_no_leak() -> None:
    assert leaks([reading(number, 10 + min(number, 2) * 30, 100 + min(number, 2) * 25) for number in range(8)]) == []


def test_one_task_left_by_every_tenth_call_is_one() -> None:
    (leak,) = leaks([reading(number, 40 + 3 * number) for number in range(6)])
    assert leak.startswith("tasks: 49 → 55")


@pytest.mark.parametrize("name", ["tasks", "files of controller", "threads of asterisk", "key {ivr}:queue:offer:…"])
@pytest.mark.parametrize("rounds", [5, 120])  # what every change is asked, and what an hour is
def test_what_every_call_leaves_behind_is_named(name: str, rounds: int) -> None:
    calls = [11 * number for number in range(1, rounds + 1)]
    left = [Reading(8.0 * n, n, {"tasks": 40, "files of store": 20} | {name: 40 + n}, {"store": 1.0}) for n in calls]
    (leak,) = leaks(left)
    assert leak.startswith(f"{name}: ")


def test_a_pool_that_grows_to_its_highest_peak_is_none() -> None:
    peaks = (16, 18, 22, 26, 28, 29, 31, 31, 32, 33, 33, 33)  # an hour beside twenty other programs
    assert leaks([reading(number, tasks) for number, tasks in enumerate(peaks)]) == []
    assert leaks([reading(number, 16 + 2 * number) for number in range(12)]) != []


def test_memory_that_every_call_costs_is_one() -> None:
    slow = [reading(number, megabytes=150 + 0.3 * number) for number in range(180)]  # an hour: 10 kB a call
    (leak,) = leaks(slow)
    assert leak.startswith("memory of controller: +53")
    assert round(megabytes_a_call(slow, "controller"), 3) == 0.01


def test_one_odd_reading_is_no_leak() -> None:
    assert leaks([reading(number, megabytes=150 + (60 if number == 7 else 0)) for number in range(8)]) == []


def test_too_short_a_soak_proves_nothing() -> None:
    assert leaks([reading(number) for number in range(3)]) != []
