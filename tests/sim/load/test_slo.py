import pytest

from bridge.sim.load.plan import PlanError
from bridge.sim.load.slo import DEFAULT, bounds_of, gate, unmeasured
from bridge.sim.load.summary import no_measures


def test_what_is_above_its_bound_is_broken_and_what_is_not_known_is_not() -> None:
    measures = no_measures() | {"calls_lost": 1, "model_errors": 0}
    met = {verdict.name: verdict.met for verdict in gate(measures, {})}
    assert met["calls_lost"] is False
    assert met["model_errors"] is True
    assert met["playback_gaps"] is None


def test_a_bound_of_the_plan_replaces_the_default() -> None:
    measures = no_measures() | {"calls_lost": 1}
    found = {verdict.name: verdict for verdict in gate(measures, {"calls_lost": 2})}
    assert found["calls_lost"].met is True
    assert found.keys() == DEFAULT.keys()


def test_a_measure_that_is_none_is_named_with_those_there_are() -> None:
    with pytest.raises(PlanError, match=r"slo\.happiness: no such measure; there are added_lat"):
        gate(no_measures(), {"happiness": 1})


def test_every_default_is_a_measure() -> None:
    assert set(DEFAULT) <= set(no_measures())


def test_what_was_asked_for_and_not_measured_is_not_met() -> None:
    asked = frozenset({"playback_gaps", "calls_lost"})
    found = gate(no_measures(), {"playback_gaps": 0}, asked)
    met = {verdict.name: verdict.met for verdict in found}
    assert met["playback_gaps"] is False
    assert met["calls_lost"] is True
    assert met["clears_missing"] is None
    assert unmeasured(found) == [
        "playback_gaps was asked for and not measured: its bound of 0 is not met"
    ]


def test_flags_are_names_and_numbers() -> None:
    assert bounds_of(["calls_lost=2", "inbound_p99_ms=7.5"]) == {
        "calls_lost": 2.0,
        "inbound_p99_ms": 7.5,
    }
    with pytest.raises(PlanError, match="--slo calls_lost: has to be NAME=NUMBER"):
        bounds_of(["calls_lost"])
