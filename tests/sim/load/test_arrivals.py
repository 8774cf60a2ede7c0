from collections.abc import Sequence

import pytest

from bridge.sim.load.arrivals import LOOK_S, MOST_AT_ONCE, Arrivals
from bridge.sim.load.plan import Stage, of_calls, of_concurrency, of_rate


def begun(
    stages: Sequence[Stage], calls: int | None = None, call_s: float = 1e9
) -> tuple[list[float], int]:
    """When calls begin that last so long, and the most there were at once."""
    arrivals, times, most = Arrivals(stages, calls), list[float](), 0
    look = 0
    while not arrivals.over:
        at_s = look * LOOK_S
        running = sum(at_s - began < call_s for began in times)
        times += [at_s] * arrivals.due(at_s, running)
        most = max(most, running)
        look += 1
    return times, most


def test_a_rate_is_kept() -> None:
    times, _ = begun([Stage("steady", 10, "rate", 5)])
    assert 49 <= len(times) <= 50
    assert all(0.18 < later - at < 0.22 for at, later in zip(times, times[1:], strict=False))


def test_a_rate_goes_to_the_next_stage_on_a_line() -> None:
    times, _ = begun([Stage("low", 10, "rate", 2), Stage("ramp", 10, "rate", 10)])
    assert abs(sum(at < 10 for at in times) - 20) <= 1
    assert abs(sum(at >= 10 for at in times) - 60) <= 1
    assert abs(sum(10 <= at < 15 for at in times) - 20) <= 1


def test_so_many_calls_are_begun_and_no_more() -> None:
    for calls in (1, 7, 10, 100):
        times, _ = begun(of_calls(calls), calls)
        assert len(times) == calls


def test_calls_that_end_are_replaced() -> None:
    times, most = begun(of_concurrency(20, 30), call_s=5.0)
    assert most == 20
    assert len(times) > 20 * 30 / 5 * 0.9


def test_a_ramp_begins_at_none_and_never_with_many_at_once() -> None:
    times, _ = begun(of_concurrency(50, 5))
    assert sum(at < 1.0 for at in times) <= 26
    for at in set(times):
        assert times.count(at) <= MOST_AT_ONCE


def test_a_number_of_calls_ends_a_concurrency_too() -> None:
    times, most = begun(of_concurrency(5, 2), calls=12, call_s=1.0)
    assert len(times) == 12
    assert most == 5


def missed(
    stages: Sequence[Stage], look_s: float = LOOK_S, call_s: float = 1e9, lost: int = 0
) -> list[str]:
    """What a generator says that looks so seldom."""
    arrivals, times, look = Arrivals(stages), list[float](), 0
    while not arrivals.over:
        at_s = look * look_s
        times += [at_s] * arrivals.due(at_s, sum(at_s - began < call_s for began in times))
        look += 1
    return arrivals.missed(lost)


@pytest.mark.parametrize("rate", [0.5, 1, 7, 150, 900])
def test_a_rate_is_given_whole_also_with_looks_that_take_twice_as_long(rate: float) -> None:
    for look_s in (LOOK_S, 2 * LOOK_S):
        assert missed(of_rate(rate, 2), look_s) == []
    times, _ = begun(of_rate(rate, 2))
    assert len(times) == 2 * rate


def test_a_rate_that_was_not_given_is_told_with_its_stage() -> None:
    stages = [Stage("calm", 2, "rate", 10), Stage("spike", 2, "rate", 3000)]
    (told,) = missed(stages, look_s=0.1)
    assert told.startswith("stage spike: ")
    assert "of 3," in told and "calls were begun" in told


def test_calls_at_once_that_were_never_there_are_told() -> None:
    stages = [Stage("calm", 2, "concurrency", 10), Stage("spike", 1, "concurrency", 2000)]
    (told,) = missed(stages, look_s=0.1)
    assert told.startswith("stage spike: ") and "% of its calls at once were there" in told
    assert missed(of_concurrency(100, 5), call_s=2.0) == []
    assert missed([Stage("short", 1, "concurrency", 50)]) == []


def test_calls_that_are_lost_at_once_are_not_the_generators_fault() -> None:
    assert missed(of_concurrency(200, 1), call_s=0.0, lost=300) == []
    assert missed(of_concurrency(200, 1), call_s=0.0) != []
