"""offhook routes set and delete: where a number leads."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from bridge.agents.incoming import address
from bridge.agents.route_json import to_json
from bridge.cli.author import AUTHOR, NOTE, change_by
from bridge.cli.console import USAGE, line, report, stop
from bridge.cli.route_words import (
    WordsError,
    calls_words,
    rule_json,
    rules_words,
    trial_json,
    trial_words,
)
from bridge.cli.routes_list import facts
from bridge.cli.store import in_store
from bridge.store.audit import Change
from bridge.store.database import Database
from bridge.store.problems import NotFound
from bridge.store.routes import RouteRow, RouteStore

CALLED = Annotated[
    str, typer.Argument(help="A number such as +4930123456, a SIP address, or * for all others.")
]


@dataclass(frozen=True)
class _Asked:
    """``given`` are the fields of a route that change; the others stay as they are."""

    called: str
    given: dict[str, Any]
    change: Change

    async def put(self, database: Database) -> RouteRow:
        routes = RouteStore(database)
        try:
            row = await routes.get(self.called)
        except NotFound:
            return await self._new(routes)
        route = to_json(row.route)
        if self.given.get("agent", route["agent"]) != route["agent"]:
            route["trial"] = None  # it was of the other agent's versions
        return await routes.put(route | self.given, revision=row.revision, change=self.change)

    async def _new(self, routes: RouteStore) -> RouteRow:
        if "agent" not in self.given:
            told = f"{self.called} has no route yet, so it needs --agent"
            raise NotFound("agent", told)
        return await routes.put(
            {"called": self.called} | self.given, revision=None, change=self.change
        )


def routes_set(
    called: CALLED,
    agent: Annotated[str | None, typer.Option(help="Who answers.")] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="'mon-fri 18:00-08:00 night': who answers then; the first that applies."),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Of the rules, such as Europe/Berlin. Without: UTC.")
    ] = None,
    trial: Annotated[
        str | None, typer.Option(help="VERSION:PERCENT of the agent, sticky for each caller.")
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option(min=0, help="At one time, in one process.")
    ] = None,
    no_rules: Annotated[bool, typer.Option("--no-rules", help="At any time.")] = False,
    no_trial: Annotated[bool, typer.Option("--no-trial", help="The trial is over.")] = False,
    no_max_calls: Annotated[bool, typer.Option("--no-max-calls", help="Any number.")] = False,
    note: NOTE = "",
    author: AUTHOR = None,
    as_json: Annotated[bool, typer.Option("--json", help="The route as JSON.")] = False,
) -> None:
    """Lead a number to an agent, or change the route that it has: what is not given stays.

    All rules are given at once. Another agent ends the trial of the one before.
    """
    given: dict[str, Any] = {"agent": agent, "timezone": timezone, "max_calls": max_calls}
    try:
        given["rules"] = [rule_json(each) for each in rule] if rule else None
        given["trial"] = trial_json(trial) if trial else None
    except WordsError as error:
        stop(str(error), USAGE)
    given = {key: value for key, value in given.items() if value is not None}
    cleared = {"rules": no_rules, "trial": no_trial, "max_calls": no_max_calls}
    for field, off in cleared.items():
        if off and field in given:
            name = field.replace("_", "-")
            stop(f"--no-{name} and a value for it exclude each other; give one", USAGE)
        if off:
            given[field] = [] if field == "rules" else None
    row = in_store(_Asked(address(called), given, change_by(author, note)).put)
    if as_json:
        report(facts(row))
    else:
        _tell(row)


def _tell(row: RouteRow) -> None:
    route = row.route
    line(f"{route.called}: {route.agent}")
    limit = "" if route.max_calls is None else f"at most {calls_words(route.max_calls)}"
    for each in filter(None, [*rules_words(route).split("\n"), trial_words(route), limit]):
        line(f"  {each}")


def routes_delete(called: CALLED, note: NOTE = "", author: AUTHOR = None) -> None:
    """Remove a route. The number leads then to where * does."""
    change = change_by(author, note)

    async def delete(database: Database) -> None:
        routes = RouteStore(database)
        row = await routes.get(address(called))
        await routes.delete(row.route.called, revision=row.revision, change=change)

    in_store(delete)
    line(f"{address(called)}: its route is deleted")
