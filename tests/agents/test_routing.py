from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from math import sqrt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.agents.incoming import Incoming
from bridge.agents.routing import (
    DAYS,
    Chosen,
    Refused,
    Route,
    TimeRule,
    Trial,
    agent_at,
    choose,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
WEEK = DAYS[:5]


def incoming(caller: str = "+15550001", called: str = "+4930100", sid: str = "CA1") -> Incoming:
    return Incoming(sid, caller, called)


def chosen(
    *routes: Route,
    blocked: Collection[str] = (),
    of: Incoming | None = None,
    running: dict[str, int] | None = None,
) -> Chosen | Refused:
    table = {route.called: route for route in routes}
    return choose(table, blocked, of or incoming(), NOW, running or {})


def by_day(rule: TimeRule, local: str, zone: str = "Europe/Berlin") -> bool:
    """Does the rule apply at this time on the wall (the first of two)?"""
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    return agent_at(Route("*", "other", (rule,), zone), at.astimezone(UTC)) == rule.agent


def test_the_called_number_names_the_agent() -> None:
    shop, rest = Route("+4930100", "shop"), Route("*", "desk")
    assert chosen(shop, rest) == Chosen("shop", None, "+4930100", "published")
    assert chosen(shop, rest, of=incoming(called="+4930999")) == Chosen(
        "desk", None, "*", "published"
    )


def test_a_sip_address_is_found_however_the_carrier_writes_it() -> None:
    shop = Route("sip:shop@example.com", "shop")
    of = incoming(called="sip:shop@EXAMPLE.com:5060;transport=tls")
    assert chosen(shop, of=of) == Chosen("shop", None, "sip:shop@example.com", "published")


def test_a_number_without_a_route_and_without_a_default_has_no_agent() -> None:
    assert chosen() == Refused("no agent")
    assert chosen(Route("+4930101", "shop")) == Refused("no agent")


@pytest.mark.parametrize("blocked", ["+15550001", "+1555*", "+*", "+15550001*"])
def test_a_blocked_caller_is_refused(blocked: str) -> None:
    assert chosen(Route("*", "desk"), blocked={blocked}) == Refused("blocked")


@pytest.mark.parametrize("blocked", ["+1555", "+15550002", "+15550001 ", "1555*", "withheld"])
def test_a_caller_who_is_not_blocked_is_let_in(blocked: str) -> None:
    assert isinstance(chosen(Route("*", "desk"), blocked={blocked}), Chosen)


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", ""])
def test_callers_who_withhold_their_number_are_blocked_by_that_word_alone(caller: str) -> None:
    of = incoming(caller=caller)
    assert chosen(Route("*", "desk"), blocked={"withheld"}, of=of) == Refused("blocked")
    assert isinstance(chosen(Route("*", "desk"), blocked={"+2*"}, of=of), Chosen)


def test_a_number_takes_so_many_calls_and_no_more() -> None:
    route = Route("+4930100", "shop", max_calls=2)
    assert isinstance(chosen(route, running={"+4930100": 1, "*": 50}), Chosen)
    assert chosen(route, running={"+4930100": 2}) == Refused("full")
    assert chosen(Route("+4930100", "shop", max_calls=0)) == Refused("full")
    assert isinstance(chosen(Route("+4930100", "shop"), running={"+4930100": 9999}), Chosen)


def test_the_first_rule_that_applies_names_the_agent() -> None:
    rules = (TimeRule(DAYS, "12:00", "13:00", "noon"), TimeRule(DAYS, "00:00", "24:00", "rest"))
    route = Route("*", "never", rules)
    assert agent_at(route, NOW) == "noon"
    assert agent_at(route, NOW - timedelta(minutes=1)) == "rest"


def test_a_rule_holds_from_its_start_to_before_its_end() -> None:
    rule = TimeRule(WEEK, "09:00", "17:00", "day")
    assert by_day(rule, "2026-11-24T09:00:00")
    assert by_day(rule, "2026-11-24T16:59:59")
    assert not by_day(rule, "2026-11-24T08:59:59")
    assert not by_day(rule, "2026-11-24T17:00:00")


def test_days_are_those_of_the_routes_time_zone() -> None:
    rule = TimeRule(("sat",), "00:00", "24:00", "weekend")
    assert by_day(rule, "2026-11-28T00:00:00")
    assert not by_day(rule, "2026-11-29T00:00:00")
    route = Route("*", "other", (rule,), "Asia/Tokyo")
    assert agent_at(route, datetime(2026, 11, 27, 15, tzinfo=UTC)) == "weekend"
    assert agent_at(route, datetime(2026, 11, 28, 15, tzinfo=UTC)) == "other"


def test_an_interval_over_midnight_belongs_to_the_day_it_starts_on() -> None:
    rule = TimeRule(("fri",), "22:00", "06:00", "night")
    assert by_day(rule, "2026-11-27T22:00:00")
    assert by_day(rule, "2026-11-28T05:59:00")
    assert not by_day(rule, "2026-11-28T06:00:00")
    assert not by_day(rule, "2026-11-27T05:59:00")
    assert not by_day(rule, "2026-11-28T22:00:00")


def agents(rule: TimeRule, zone: str, start: datetime, minutes: int) -> list[str]:
    route = Route("*", "other", (rule,), zone)
    return [agent_at(route, start + timedelta(minutes=each)) for each in range(minutes)]


def test_an_hour_that_the_clock_leaves_out_is_not_there() -> None:
    """Berlin, 29 March 2026: 01:59 is followed by 03:00, at 01:00 UTC."""
    start = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    inside = TimeRule(DAYS, "02:15", "02:45", "inside")
    assert set(agents(inside, "Europe/Berlin", start, 180)) == {"other"}
    begun = TimeRule(DAYS, "02:30", "04:00", "begun")
    assert (
        agents(begun, "Europe/Berlin", start, 180)
        == [*["other"] * 60, *["begun"] * 60] + ["other"] * 60
    )


def test_an_hour_that_the_clock_takes_twice_counts_twice() -> None:
    """Berlin, 25 October 2026: 02:59 is followed by 02:00, at 01:00 UTC."""
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    rule = TimeRule(DAYS, "02:00", "02:30", "twice")
    half = ["twice"] * 30 + ["other"] * 30
    assert agents(rule, "Europe/Berlin", start, 180) == half * 2 + ["other"] * 60


def test_a_night_is_an_hour_shorter_or_longer_when_the_clock_changes() -> None:
    rule = TimeRule(("sat",), "22:00", "06:00", "night")
    for day, hours in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-28", 8)):
        start = datetime.fromisoformat(f"{day}T12:00:00+00:00")
        assert agents(rule, "Europe/Berlin", start, 1440).count("night") == hours * 60


def trial_calls(percent: int, callers: int) -> list[bool]:
    route = Route("*", "shop", trial=Trial(7, percent))
    answers = [chosen(route, of=incoming(f"+49170{each:07d}")) for each in range(callers)]
    assert set(answers) <= {
        Chosen("shop", 7, "*", "trial"),
        Chosen("shop", None, "*", "published"),
    }
    return [isinstance(each, Chosen) and each.variant == "trial" for each in answers]


@pytest.mark.parametrize("percent", [1, 20, 50, 80])
def test_a_trial_gets_its_share_of_a_thousand_callers(percent: int) -> None:
    share = percent / 100
    bound = 3.3 * sqrt(1000 * share * (1 - share))  # one in a thousand is further away
    assert abs(sum(trial_calls(percent, 1000)) - 1000 * share) <= bound


def test_a_trial_of_nobody_and_of_everybody() -> None:
    assert not any(trial_calls(0, 200))
    assert all(trial_calls(100, 200))


@given(st.integers(0, 99), st.integers(0, 10**10))
def test_a_caller_stays_in_the_trial_when_it_grows(percent: int, number: int) -> None:
    of = incoming(f"+{number}")

    def inside(share: int) -> bool:
        answer = chosen(Route("*", "shop", trial=Trial(7, share)), of=of)
        assert isinstance(answer, Chosen)
        return answer.variant == "trial"

    assert inside(percent) == inside(percent)
    assert inside(percent) <= inside(percent + 1)


def test_another_version_is_another_draw() -> None:
    def inside(version: int) -> list[Chosen | Refused]:
        route = Route("*", "shop", trial=Trial(version, 50))
        return [chosen(route, of=incoming(f"+49170{each}")) for each in range(64)]

    same = sum(
        isinstance(one, Chosen) and isinstance(other, Chosen) and one.variant == other.variant
        for one, other in zip(inside(1), inside(2), strict=True)
    )
    assert 10 < same < 54


def test_callers_without_a_number_are_drawn_call_by_call() -> None:
    route = Route("*", "shop", trial=Trial(7, 50))
    drawn = [chosen(route, of=incoming("anonymous", sid=f"CA{each}")) for each in range(200)]
    inside = sum(isinstance(each, Chosen) and each.variant == "trial" for each in drawn)
    assert 60 < inside < 140


def test_a_trial_is_of_the_routes_own_agent() -> None:
    """A version number means nothing for the agent that a rule names."""
    rule = TimeRule(DAYS, "00:00", "24:00", "night")
    route = Route("*", "shop", (rule,), trial=Trial(7, 100))
    assert chosen(route) == Chosen("night", None, "*", "published")
