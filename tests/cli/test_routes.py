"""offhook routes: where numbers lead, and why."""

from typing import Any

import pytest

from tests.cli.shell import Shell

SHOP = "name: Shop\ninstructions: Sell books.\n"
NUMBER, OTHER = "+4930123456", "+4989123456"
EVENING = "mon-fri,sun 18:00-08:00 night"
FULL = ("--rule", EVENING, "--timezone", "Europe/Berlin", "--trial", "1:20", "--max-calls", 10)


@pytest.fixture
def desk(shell: Shell) -> Shell:
    """The agents ``shop``, in two versions, and ``night`` are published."""
    for name, text in (("shop", SHOP), ("night", SHOP), ("shop", SHOP + "voice: alloy\n")):
        shell.done("agents", "import", shell.file(f"{name}.yaml", text), "--publish")
    return shell


def explained(shell: Shell, at: str = "2026-11-24T12:00", caller: str = OTHER) -> dict[str, Any]:
    return shell.reported("routes", "explain", "--called", NUMBER, "--caller", caller, "--at", at)


def test_a_route_is_set_listed_and_deleted(desk: Shell) -> None:
    assert "there are no routes" in desk.done("routes", "list")
    desk.done("routes", "set", NUMBER, "--agent", "shop", *FULL, "--author", "ann")
    (row,) = desk.reported("routes", "list")["routes"]
    assert (row["called"], row["agent"]) == (NUMBER, "shop")
    assert (row["timezone"], row["max_calls"], row["updated_by"]) == ("Europe/Berlin", 10, "ann")
    assert row["trial"] == {"version": 1, "percent": 20}
    days = ["mon", "tue", "wed", "thu", "fri", "sun"]
    assert row["rules"] == [{"days": days, "start": "18:00", "end": "08:00", "agent": "night"}]
    told = desk.done("routes", "list")
    for each in (NUMBER, EVENING, "in Europe/Berlin", "version 1: 20 %", "10 calls", "ann"):
        assert each in told
    desk.done("routes", "delete", NUMBER)
    assert desk.reported("routes", "list") == {"routes": []}
    assert "there is no route" in desk.refused(2, "routes", "delete", NUMBER)


def test_what_is_not_given_stays_and_what_is_taken_away_goes(desk: Shell) -> None:
    first = desk.reported("routes", "set", NUMBER, "--agent", "shop", *FULL)
    changed = desk.reported("routes", "set", NUMBER, "--max-calls", 5)
    assert (changed["max_calls"], changed["trial"]["percent"]) == (5, 20)
    assert changed["revision"] > first["revision"]
    assert "at most 1 call\n" in desk.done("routes", "set", NUMBER, "--max-calls", 1)
    assert len(changed["rules"]) == 1
    cleared = desk.reported("routes", "set", NUMBER, "--no-rules", "--no-trial", "--no-max-calls")
    assert (cleared["rules"], cleared["trial"], cleared["max_calls"]) == ([], None, None)
    assert (cleared["agent"], cleared["timezone"]) == ("shop", "Europe/Berlin")


def test_another_agent_ends_the_trial(desk: Shell) -> None:
    desk.done("routes", "set", NUMBER, "--agent", "shop", "--trial", "1:20")
    assert desk.reported("routes", "set", NUMBER, "--agent", "shop")["trial"] is not None
    assert desk.reported("routes", "set", NUMBER, "--agent", "night")["trial"] is None


def test_an_address_is_kept_in_the_form_in_which_calls_are_compared(desk: Shell) -> None:
    desk.done("routes", "set", "SIP:Shop@Example.COM:5060", "--agent", "shop")
    (row,) = desk.reported("routes", "list")["routes"]
    assert row["called"] == "sip:Shop@example.com"
    desk.done("routes", "delete", "sip:Shop@EXAMPLE.com")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((NUMBER,), "it needs --agent"),
        ((NUMBER, "--agent", "nobody"), "there is no published agent nobody; publish it first"),
        (("030123", "--agent", "shop"), "called: '030123'"),
        ((NUMBER, "--agent", "shop", "--timezone", "Berlin"), "did you mean Europe/Berlin?"),
        ((NUMBER, "--agent", "shop", "--trial", "9:20"), "trial.version: agent shop has no"),
        ((NUMBER, "--agent", "shop", "--trial", "1:101"), "trial.percent"),
        ((NUMBER, "--agent", "shop", "--trial", "0:20"), "a whole number from 1 to 1000000000"),
        ((NUMBER, "--agent", "shop", "--trial", "20"), "write VERSION:PERCENT"),
        ((NUMBER, "--agent", "shop", "--rule", "night"), "'night' is no rule"),
        ((NUMBER, "--agent", "shop", "--rule", "a b 1-2 night"), "is no rule"),
        ((NUMBER, "--agent", "shop", "--rule", "25:00-26:00 night"), "rules[0].start"),
        ((NUMBER, "--agent", "shop", "--rule", "foo 09:00-10:00 night"), "rules[0].days"),
        ((NUMBER, "--agent", "shop", "--rule", "09:00-10:00 owl"), "rules[0].agent"),
        ((NUMBER, "--agent", "shop", "--max-calls", "-1"), "--max-calls"),
        ((NUMBER, "--max-calls", "1", "--no-max-calls"), "exclude each other"),
    ],
)
def test_a_wrong_route_ends_with_2_and_its_reason(
    desk: Shell, arguments: tuple[str, ...], told: str
) -> None:
    assert told in desk.refused(2, "routes", "set", *arguments)
    assert desk.reported("routes", "list") == {"routes": []}


def test_an_agent_that_a_route_leads_to_is_not_deleted(desk: Shell) -> None:
    desk.done("routes", "set", NUMBER, "--agent", "shop", "--rule", "09:00-10:00 night")
    for name in ("shop", "night"):
        assert "change that route first" in desk.refused(1, "agents", "delete", name, "--yes")


def test_callers_are_blocked_and_answered_again(desk: Shell) -> None:
    assert "nobody is blocked" in desk.done("routes", "blocked")
    desk.done("routes", "block", "+4990*", "--reason", "expensive", "--author", "ann")
    desk.done("routes", "block", "withheld")
    rows = desk.reported("routes", "blocked")["blocked"]
    assert [(row["caller"], row["reason"], row["blocked_by"]) for row in rows] == [
        ("+4990*", "expensive", "ann"),
        ("withheld", "", "kim"),
    ]
    assert "expensive" in desk.done("routes", "blocked")
    desk.done("routes", "unblock", "withheld")
    assert len(desk.reported("routes", "blocked")["blocked"]) == 1
    assert "is not blocked" in desk.refused(2, "routes", "unblock", "withheld")
    assert "write a number" in desk.refused(2, "routes", "block", "kim")


def test_explain_names_the_rule_that_applies(desk: Shell) -> None:
    morning = "mon-fri 08:00-10:00 shop"
    rules = ("--rule", morning, "--rule", EVENING, "--timezone", "Europe/Berlin")
    desk.done("routes", "set", NUMBER, "--agent", "shop", *rules)
    evening = explained(desk, "2026-11-24T20:00")
    assert (evening["agent"], evening["version"], evening["rule"]) == ("night", 1, 2)
    assert evening["steps"] == [
        f"caller {OTHER} is not blocked",
        f"route of {NUMBER}",
        "Tue 2026-11-24 20:00 in Europe/Berlin",
        f"rule 1, {morning}: does not apply",
        f"rule 2, {EVENING}: applies",
        "agent night",
    ]
    noon = explained(desk, "2026-11-24T12:00")
    assert (noon["agent"], noon["version"], noon["rule"]) == ("shop", 2, None)
    assert explained(desk, "2026-11-24T17:30Z")["rule"] == 2  # 18:30 in Berlin
    told = desk.done("routes", "explain", "--called", NUMBER, "--caller", OTHER)
    assert told.splitlines()[-1].startswith("=> agent ")


def test_explain_tells_who_is_in_a_trial(desk: Shell) -> None:
    desk.done("routes", "set", "*", "--agent", "shop", "--trial", "1:100", "--max-calls", 3)
    always = explained(desk)
    assert (always["version"], always["variant"], always["route"]) == (1, "trial", "*")
    assert always["steps"] == [
        f"caller {OTHER} is not blocked",
        "route of *, for there is none of its own",
        "at most 3 calls at one time in one process",
        "agent shop",
        "trial of version 1 for 100 in 100 callers: this caller is always in it",
    ]
    desk.done("routes", "set", "*", "--max-calls", 0)
    full = explained(desk)
    assert (full["refused"], full["steps"][-1]) == ("full", always["steps"][-1])
    desk.done("routes", "set", "*", "--trial", "1:0", "--max-calls", 3)
    never = explained(desk)
    assert (never["version"], never["variant"]) == (2, "published")
    assert explained(desk, caller="anonymous")["drawn_each_call"]
    told = desk.done("routes", "explain", "--called", NUMBER, "--caller", "anonymous")
    assert "its trial or version 2" in told
    desk.done("routes", "set", "*", "--rule", "00:00-24:00 night")
    assert "not for the agent of a rule" in str(explained(desk)["steps"])


def test_explain_tells_who_is_refused_and_why(desk: Shell) -> None:
    fallback = explained(desk)
    assert fallback["fallback"] and fallback["refused"] is None
    desk.done("routes", "set", OTHER, "--agent", "shop")
    assert explained(desk)["refused"] == "no agent"
    desk.done("routes", "set", NUMBER, "--agent", "shop")
    desk.done("routes", "block", "+4989*", "--reason", "a machine")
    refused = explained(desk)
    assert refused["refused"] == "blocked"
    assert refused["steps"] == [f"caller {OTHER} is blocked, as +4989*: a machine"]
    desk.done("routes", "unblock", "+4989*")
    desk.done("routes", "set", NUMBER, "--max-calls", 0)
    assert explained(desk)["refused"] == "full"


def test_a_moment_that_is_none_ends_with_2(desk: Shell) -> None:
    arguments = ("--called", NUMBER, "--caller", OTHER, "--at", "noon")
    assert "is no moment" in desk.refused(2, "routes", "explain", *arguments)
