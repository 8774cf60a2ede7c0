"""offhook agents list: the agents of the store."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from bridge.cli.console import cells, line, report, stdout
from bridge.cli.store import in_store
from bridge.store.agents import AgentRow, AgentStore


def agents_list(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """The agents of the store, with what is published and what is drafted."""
    rows = in_store(lambda database: AgentStore(database).list())
    if as_json:
        report({"agents": [facts(row) for row in rows]})
    elif not rows:
        line("there are no agents; make one with: offhook agents new NAME")
    else:
        table = Table("agent", "title", "published", "draft", "tests", "changed (UTC)", "by")
        for row in rows:
            table.add_row(*cells(*_cells(row)))
        stdout.print(table)


def facts(row: AgentRow) -> dict[str, Any]:
    return asdict(row) | {"updated_at": row.updated_at.isoformat()}


def _cells(row: AgentRow) -> tuple[str, ...]:
    return (
        row.name,
        row.title,
        "" if row.published is None else f"{row.published} of {row.versions}",
        "" if row.draft_revision is None else str(row.draft_revision),
        "required" if row.tests_required else "",
        f"{row.updated_at:%Y-%m-%d %H:%M}",
        row.updated_by,
    )
