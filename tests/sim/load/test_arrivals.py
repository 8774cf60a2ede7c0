from collections.abc import Sequence

from bridge.sim.load.arrivals import LOOK_S, MOST_AT_ONCE, Arrivals
from bridge.sim.load.plan import Stage, of_calls, of_concurrency


def begun(
    stages: Sequence[Stage], calls: int | None = None, call_s: float = 1e9
) -> tuple[list[float], int]:
    """When calls begin that last so long, and the most there were at once."""
    arrivals, times, most = Arrivals(stages, calls), list[float](), 0
    look = 0
    while not arrivals.over(at_s := look * LOOK_S):
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
