"""Random calls: what must hold for all of them."""

import pytest

from bridge.rehearsal.battery import Battery, percentile, rehearse_seed
from bridge.rehearsal.scenario import random_scenario
from bridge.rehearsal.world import World


def test_the_same_seed_gives_the_same_trace_to_the_byte() -> None:
    first, second = (World(random_scenario(3), trace=True).run() for _ in range(2))
    assert first.trace.lines == second.trace.lines
    assert first.trace.checksum == second.trace.checksum


def test_another_seed_gives_another_trace() -> None:
    first, second = (World(random_scenario(seed)).run() for seed in (3, 4))
    assert first.trace.checksum != second.trace.checksum


def battery(seeds: range) -> Battery:
    calls = Battery()
    for seed in seeds:
        calls.add(rehearse_seed(seed))
    return calls


def test_random_calls_keep_every_rule_and_tell_the_truth() -> None:
    calls = battery(range(200, 225))
    facts = calls.facts()
    assert facts["faults"] == []
    assert facts["truncation_error_ms"]["count"] > 40
    assert facts["truncation_error_ms"]["p99"] <= 60
    assert facts["truncation_error_ms"]["p50"] <= 20
    assert calls.good


@pytest.mark.long
def test_a_thousand_random_calls_keep_every_rule() -> None:
    assert battery(range(1000, 2000)).facts()["faults"] == []


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([], 0.5) is None
    assert percentile([7.0], 0.99) == 7
