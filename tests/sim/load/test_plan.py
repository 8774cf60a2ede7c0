import pytest

from bridge.sim.load.plan import PlanError, Scenario, Stage, load_plan

GOOD = """\
scenarios:
  - {name: talk, weight: 3}
  - {name: rude, behaviour: barge_in}
stages:
  - {name: ramp, seconds: 10, concurrency: 50}
  - {seconds: 5, rate: 20}
slo: {inbound_p99_ms: 12.5, calls_lost: 0}
"""


def test_a_plan_is_read_as_it_is_written() -> None:
    plan = load_plan(GOOD)
    assert plan.scenarios == (Scenario("talk", "talk", 3), Scenario("rude", "barge_in", 1))
    assert plan.stages == (
        Stage("ramp", 10, "concurrency", 50),
        Stage("stages[1]", 5, "rate", 20),
    )
    assert plan.slo == {"inbound_p99_ms": 12.5, "calls_lost": 0}
    assert plan.seconds == 15


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "not YAML"),
        ("[]", "the plan: has to be a mapping"),
        ("{}", "stages: has to be a list"),
        ("stages: []", "stages: has to be a list"),
        ("{stages: [{seconds: 1, rate: 1}], stage: 1}", "stage is not known; known are"),
        ("stages: [{seconds: 1}]", "stages[0]: give either rate"),
        ("stages: [{seconds: 1, rate: 1, concurrency: 1}]", "stages[0]: give either rate"),
        ("stages: [{seconds: 0, rate: 1}]", "stages[0].seconds: 0 has to be a number"),
        ("stages: [{seconds: 1, rate: yes}]", "stages[0].rate: True has to be a number"),
        (
            "{stages: [{seconds: 1, rate: 1}], scenarios: [{name: shout}]}",
            "scenarios[0].behaviour: 'shout' is none of talk, barge_in",
        ),
        (
            "{stages: [{seconds: 1, rate: 1}], scenarios: [{name: talk, weight: -1}]}",
            "scenarios[0].weight: -1 has to be a number",
        ),
        ("{stages: [{seconds: 1, rate: 1}], slo: {calls_lost: x}}", "slo.calls_lost: 'x'"),
    ],
)
def test_a_plan_that_cannot_be_used_names_the_field_and_the_mend(text: str, told: str) -> None:
    with pytest.raises(PlanError) as error:
        load_plan(text)
    assert told in str(error.value)
