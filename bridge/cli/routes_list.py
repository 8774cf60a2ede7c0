"""offhook routes list: which number leads to which agent."""

from typing import Annotated, Any

import typer
from rich.table import Table

from bridge.agents.route_json import to_json
from bridge.cli.console import cells, line, report, stdout
from bridge.cli.route_words import calls_words, rules_words, trial_words
from bridge.cli.routes_explain import NO_ROUTES
from bridge.cli.store import in_store
from bridge.store.routes import RouteRow, RouteStore


def routes_list(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """The routes, with their rules, trials and limits."""
    rows = in_store(lambda database: RouteStore(database).list())
    if as_json:
        report({"routes": [facts(row) for row in rows]})
    elif not rows:
        line(NO_ROUTES)
    else:
        table = Table(show_lines=True)
        for title in ("called", "agent", "rules", "trial", "at most", "changed (UTC)", "by"):
            table.add_column(title, no_wrap=title in ("called", "rules"))
        for row in rows:
            table.add_row(*cells(*_cells(row)))
        stdout.print(table)


def facts(row: RouteRow) -> dict[str, Any]:
    return to_json(row.route) | {
        "revision": row.revision,
        "updated_at": row.updated_at.isoformat(),
        "updated_by": row.updated_by,
    }


def _cells(row: RouteRow) -> tuple[str, ...]:
    route = row.route
    return (
        route.called,
        route.agent,
        rules_words(route),
        trial_words(route),
        "" if route.max_calls is None else calls_words(route.max_calls),
        f"{row.updated_at:%Y-%m-%d %H:%M}",
        row.updated_by,
    )
