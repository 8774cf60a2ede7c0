"""Trials that go on beside what was published: who gets another version, and how that ends."""

import shlex
from collections.abc import Sequence

from bridge.agents.routing import Trial
from bridge.store.agents import Version
from bridge.store.database import Database
from bridge.store.routes import RouteStore


async def trials_left(database: Database, published: Version) -> Sequence[str]:
    """A line for each route that leads callers to a version of this agent on trial."""
    routes = await RouteStore(database).trials(published.agent)
    return [
        _told(route.called, route.trial, published.number)
        for route in routes
        if route.trial is not None
    ]


def _told(called: str, trial: Trial, published: int) -> str:
    end = f"to end it: offhook routes set {shlex.quote(called)} --no-trial"
    if trial.version == published:
        return f"route {called}: version {published} is on trial there, and all get it now; {end}"
    callers = "all callers get" if trial.percent == 100 else f"{trial.percent} in 100 callers get"
    return f"route {called}: {callers} version {trial.version}, which is on trial there; {end}"
