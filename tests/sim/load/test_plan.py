import pytest

from bridge.sim.load.plan import PlanError, Scenario, Stage, load_plan, of_calls, scenarios_of

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
        ("{stages: [{seconds: 1, rate: 1}], slo: {calls_lost: .nan}}", "slo.calls_lost: nan"),
        ("stages: [{seconds: .nan, rate: 1}]", "stages[0].seconds: nan has to be a number"),
        ("stages: [{seconds: 1, rate: .inf}]", "stages[0].rate: inf has to be a number"),
        ("stages: [{seconds: 1, concurrency: -.inf}]", "stages[0].concurrency: -inf has to be"),
        (f"stages: [{{seconds: 1, rate: 1{'0' * 400}}}]", "has to be a number, 0 or more"),
        (
            "{stages: [{seconds: 1, rate: 1}], scenarios: [{name: talk, weight: .inf}]}",
            "scenarios[0].weight: inf has to be a number",
        ),
        (
            "{stages: [{seconds: 1, rate: 1}], scenarios: [{name: talk}, {behaviour: talk}]}",
            "scenarios: 'talk' is there twice; give each a name of its own",
        ),
    ],
)
def test_a_plan_that_cannot_be_used_names_the_field_and_the_mend(text: str, told: str) -> None:
    with pytest.raises(PlanError) as error:
        load_plan(text)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("talk=0", "the weight of talk: 0.0 has to be a number, 0.001 or more"),
        ("talk=-1", "the weight of talk: -1.0 has to be"),
        ("talk=nan,echo", "the weight of talk: nan has to be"),
        ("talk=inf", "the weight of talk: inf has to be"),
        ("talk,echo,talk=2", "'talk' is there twice"),
    ],
)
def test_weights_are_numbers_and_each_behaviour_is_there_once(text: str, told: str) -> None:
    with pytest.raises(PlanError) as error:
        scenarios_of(text)
    assert told in str(error.value)


def test_where_the_stages_are_made_elsewhere_a_plan_has_none() -> None:
    plan = load_plan("slo: {calls_lost: 1}", staged=False)
    assert plan.stages == ()
    assert plan.slo == {"calls_lost": 1}
    with pytest.raises(PlanError, match="stages: are not the plan's here"):
        load_plan(GOOD, staged=False)


def test_many_calls_are_begun_no_faster_than_they_can_be_placed() -> None:
    assert of_calls(100) == (Stage("steady", 5.0, "rate", 20.0),)
    assert of_calls(2000) == (Stage("steady", 20.0, "rate", 100.0),)
    assert of_calls(2000, 40.0) == (Stage("steady", 40.0, "rate", 50.0),)
