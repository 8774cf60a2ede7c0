"""offhook routes explain: who answers a call, and why."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bridge.agents.incoming import Incoming
from bridge.agents.routing import Chosen, Refused, Route
from bridge.cli.console import USAGE, line, report, stop
from bridge.cli.route_explained import Explained, explain
from bridge.cli.store import in_store
from bridge.store.agents import AgentStore
from bridge.store.database import Database
from bridge.store.routes import RouteStore

NO_ROUTES = "there are no routes: the agent of OFFHOOK_AGENT answers every call"


def routes_explain(
    called: Annotated[str, typer.Option(help="The number or SIP address that is called.")],
    caller: Annotated[str, typer.Option(help="The caller's number, or anonymous.")],
    at: Annotated[
        str | None,
        typer.Option(help="When, such as 2026-12-24T20:15, by the route's clock. Without: now."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say which rule chooses which agent and version for a call, step by step."""
    moment = _moment(at)
    routes, blocked, published = in_store(_directory)
    explained = explain(routes, blocked, Incoming("", caller, called), moment)
    if as_json:
        report(_facts(explained, published, bool(routes)))
        return
    for each in explained.steps:
        line(each)
    line(f"=> {_outcome(explained, published, bool(routes))}")


def _moment(at: str | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(at)
    except ValueError:
        stop(f"--at {at} is no moment; write one such as 2026-12-24T20:15", USAGE)


async def _directory(
    database: Database,
) -> tuple[Mapping[str, Route], Mapping[str, str], Mapping[str, int | None]]:
    """The routes by what they are of, the reasons of the blocked, the published versions."""
    routes, agents = RouteStore(database), AgentStore(database)
    return (
        {row.route.called: row.route for row in await routes.list()},
        {each.caller: each.reason for each in await routes.blocked()},
        {row.name: row.published for row in await agents.list()},
    )


def _outcome(explained: Explained, published: Mapping[str, int | None], any_routes: bool) -> str:
    outcome = explained.outcome
    if isinstance(outcome, Refused):
        if outcome.reason == "no agent" and not any_routes:
            return NO_ROUTES
        return f"refused: {outcome.reason}"
    now = published.get(outcome.agent)
    if explained.drawn:
        return f"agent {outcome.agent}, its trial or version {now}, which is published"
    if outcome.version is None:
        return f"agent {outcome.agent}, version {now}, which is published"
    return f"agent {outcome.agent}, version {outcome.version}, on trial"


def _facts(
    explained: Explained, published: Mapping[str, int | None], any_routes: bool
) -> dict[str, Any]:
    facts: dict[str, Any] = {"steps": list(explained.steps), "refused": None, "fallback": False}
    match explained.outcome:
        case Chosen(agent, version, route, variant):
            number = published.get(agent) if version is None else version
            facts |= {"agent": agent, "version": number, "route": route, "variant": variant}
            facts |= {"rule": explained.rule, "drawn_each_call": explained.drawn}
        case Refused("no agent") if not any_routes:
            facts["fallback"] = True
        case Refused(reason):
            facts["refused"] = reason
    return facts
