from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.agents.route_json import RouteError, blocked_problem, from_json, to_json
from bridge.agents.routing import DAYS, Route, TimeRule, Trial
from bridge.agents.zones import known

WHOLE: dict[str, Any] = {
    "called": "+4930123456",
    "agent": "shop",
    "rules": [{"days": ["sat", "sun"], "start": "22:00", "end": "06:00", "agent": "night"}],
    "timezone": "Europe/Berlin",
    "trial": {"version": 3, "percent": 20},
    "max_calls": 10,
}

times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
names = st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True)
rules = st.builds(
    TimeRule,
    st.sets(st.sampled_from(DAYS), min_size=1).map(
        lambda found: tuple(day for day in DAYS if day in found)
    ),
    times,
    times | st.just("24:00"),
    names,
).filter(lambda rule: rule.start != rule.end)
routes = st.builds(
    Route,
    st.sampled_from(["*", "+4930123456", "sip:Shop@example.com", "sip:+49301@[2001:db8::1]"]),
    names,
    st.lists(rules, max_size=3).map(tuple),
    st.sampled_from(sorted(known())),
    st.none() | st.builds(Trial, st.integers(1, 10**9), st.integers(0, 100)),
    st.none() | st.integers(0, 100_000),
)


def problems(**fields: Any) -> dict[str, str]:
    with pytest.raises(RouteError) as caught:
        from_json({"called": "*", "agent": "desk", **fields})
    assert all("; " in each.message for each in caught.value.problems)
    return {each.field: each.message for each in caught.value.problems}


def test_a_whole_route() -> None:
    assert from_json(WHOLE) == Route(
        "+4930123456",
        "shop",
        (TimeRule(("sat", "sun"), "22:00", "06:00", "night"),),
        "Europe/Berlin",
        Trial(3, 20),
        10,
    )


@given(routes)
def test_a_route_comes_back_as_it_was_written(route: Route) -> None:
    assert from_json(msgspec.json.decode(msgspec.json.encode(to_json(route)))) == route


def test_a_small_route() -> None:
    route = Route("*", "desk", timezone="UTC")
    assert from_json({"called": "*", "agent": "desk"}) == route
    null = {"rules": None, "timezone": None, "trial": None, "max_calls": None}
    assert from_json({"called": "*", "agent": "desk", **null}) == route


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (None, DAYS),
        (["mon-fri"], DAYS[:5]),
        (["sun", "mon"], ("mon", "sun")),
        (["fri-mon"], ("mon", "fri", "sat", "sun")),
        (["mon", "mon-tue"], ("mon", "tue")),
    ],
)
def test_days_are_named_one_by_one_or_as_spans(days: Any, told: Any) -> None:
    rule = {"days": days, "start": "09:00", "end": "17:00", "agent": "day"}
    assert from_json({"called": "*", "agent": "desk", "rules": [rule]}).rules[0].days == told


@pytest.mark.parametrize(
    "called",
    ["", "4930", "+0123456", "+49 30 1", "sip:", "sip:a", "sip:a@B.com", "tel:+4930", "**", 49301]
    + ["+49301\n", None, ["+4930123456"], "sip:a@b;x=1"],
)
def test_a_called_number_that_is_none_is_told(called: Any) -> None:
    assert list(problems(called=called)) == ["called"]


@pytest.mark.parametrize("agent", ["", "Shop", "1shop", "a b", None, "a" * 64])
def test_an_agent_that_is_no_name_is_told(agent: Any) -> None:
    assert list(problems(agent=agent)) == ["agent"]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"start": "9:00"}, "start"),
        ({"start": "24:00"}, "start"),
        ({"start": None}, "start"),
        ({"end": "24:01"}, "end"),
        ({"end": "09:00"}, "end"),
        ({"end": 17}, "end"),
        ({"days": []}, "days"),
        ({"days": "mon"}, "days"),
        ({"days": ["mon", "noday"]}, "days[1]"),
        ({"days": ["mon-"]}, "days[0]"),
        ({"agent": None}, "agent"),
        ({"until": "17:00"}, "until"),
    ],
)
def test_a_wrong_rule_is_told_by_its_place_and_field(rule: dict[str, Any], field: str) -> None:
    good = {"start": "09:00", "end": "17:00", "agent": "day"}
    assert list(problems(rules=[good, {**good, **rule}])) == [f"rules[1].{field}"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"timezone": "Europe/Berlim"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"trial": {"version": 0, "percent": 1}}, "trial.version"),
        ({"trial": {"version": 1, "percent": 101}}, "trial.percent"),
        ({"trial": {"version": 1, "percent": 1.5}}, "trial.percent"),
        ({"trial": {"version": 1}}, "trial.percent"),
        ({"trial": 20}, "trial"),
        ({"max_calls": -1}, "max_calls"),
        ({"max_calls": "2"}, "max_calls"),
        ({"rules": {}}, "rules"),
        ({"rules": [1]}, "rules[0]"),
        ({"call": 1}, "call"),
    ],
)
def test_every_other_wrong_field_is_told(fields: dict[str, Any], field: str) -> None:
    assert list(problems(**fields)) == [field]


def test_all_problems_are_told_at_once() -> None:
    found = problems(agent="X", timezone="Mars", trial={}, max_calls=-1)
    expected = {"agent", "timezone", "trial.version", "trial.percent", "max_calls"}
    assert set(found) == expected
    assert "Europe/Berlin" in problems(timezone="Europe/Berlim")["timezone"]
    assert "a route" in problems(colour=1)["colour"]


@pytest.mark.parametrize("value", [None, [], {}, "x", 3])
def test_what_is_no_object_is_told(value: Any) -> None:
    with pytest.raises(RouteError, match="is not a route"):
        from_json(value)


def test_a_route_nested_without_bound_is_told() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(RouteError, match="nested deeper"):
        from_json({"called": deep})


@pytest.mark.parametrize(
    "caller",
    ["+15550001", "+1*", "+4990*", "12345", "900*", "withheld"]
    + ["sip:anna@example.com", "client:anna", "sip:anna*"],
)
def test_a_caller_that_can_be_blocked(caller: str) -> None:
    assert blocked_problem(caller) is None


@pytest.mark.parametrize("caller", ["", "*", "+", "+*", "+1 555", "anna", "+15*5", "+1**", "+1\n"])
def test_a_caller_that_cannot_be_blocked_is_told(caller: str) -> None:
    assert "; " in str(blocked_problem(caller))
