import pytest

from bridge.sim.load.figures import BUCKETS, p99, spread


def test_percentiles_are_those_of_the_values() -> None:
    found = spread(range(101))
    assert found is not None
    assert (found["count"], found["mean"], found["max"]) == (101, 50.0, 100.0)
    assert (found["p50"], found["p90"], found["p99"]) == (50.0, 90.0, 99.0)
    told = dict(map(tuple, found["quantiles"]))
    assert (told[0.0], told[0.25], told[0.995], told[1.0]) == (0.0, 25.0, 99.5, 100.0)


def test_the_histogram_holds_every_value_with_what_is_far_out_in_the_last_bucket() -> None:
    found = spread([*([1.0] * 999), 1_000_000.0])
    assert found is not None
    counts = [count for _, count in found["histogram"]]
    assert len(counts) == BUCKETS
    assert sum(counts) == 1000
    assert found["histogram"][-1][0] == pytest.approx(1.0)
    assert found["max"] == 1_000_000.0


def test_the_histogram_begins_at_nothing_or_at_the_least_of_what_is_negative() -> None:
    for values, first in (([10.0, 20.0], 0.0), ([-8.0, 8.0], -8.0)):
        found = spread(values)
        assert found is not None
        (lowest, _), (second, _) = found["histogram"][:2]
        assert lowest - (second - lowest) == pytest.approx(first, abs=0.01)


def test_of_nothing_nothing_is_told() -> None:
    assert spread([]) is None
    assert p99([]) is None


def test_values_that_are_all_the_same_have_a_histogram_too() -> None:
    found = spread([0.0, 0.0])
    assert found is not None
    assert sum(count for _, count in found["histogram"]) == 2
