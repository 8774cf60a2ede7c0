from collections import Counter

from bridge.sim.load.plan import BEHAVIOURS, DEFAULT_SCENARIOS, Scenario
from bridge.sim.load.scenarios import Mix, visit


def test_scenarios_come_by_their_weights_already_in_few_calls() -> None:
    mix = Mix((Scenario("often", "talk", 3), Scenario("seldom", "echo", 1)))
    dealt = [mix.visit(number).scenario.name for number in range(40)]
    assert Counter(dealt) == {"often": 30, "seldom": 10}
    assert dealt[:4].count("seldom") == 1


def test_every_behaviour_can_be_placed_and_is_in_the_default_plan() -> None:
    for behaviour in BEHAVIOURS:
        placed = visit(3, Scenario("x", behaviour))
        assert placed.has_network == (behaviour == "slow_network")
    assert {scenario.behaviour for scenario in DEFAULT_SCENARIOS} == set(BEHAVIOURS)
