"""offhook agents show: an agent's versions and one of its texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from bridge.cli.agent_texts import DRAFT, Text, wanted
from bridge.cli.agents_list import facts
from bridge.cli.console import USAGE, cells, line, report, stdout, stop
from bridge.cli.store import in_store
from bridge.store.agents import AgentRow, AgentStore, Version
from bridge.store.database import Database


@dataclass(frozen=True)
class _Shown:
    row: AgentRow
    versions: Sequence[Version]
    text: Text


def agents_show(
    name: Annotated[str, typer.Argument(help="An agent of the store.")],
    draft: Annotated[bool, typer.Option("--draft", help="The text of the draft.")] = False,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="This version. Without: the draft, or else the published one."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """An agent: its versions, the newest first, and its text."""
    if draft and version is not None:
        stop("--draft and --version exclude each other; give one of them", USAGE)
    which = DRAFT if draft else str(version) if version is not None else None
    shown = in_store(lambda database: _shown(database, name, which))
    if as_json:
        report(_facts(shown))
        return
    row = shown.row
    line(f"{row.name}: {row.title}")
    line(f"published: {'none' if row.published is None else f'version {row.published}'}")
    line(f"draft: {'none' if row.draft_revision is None else row.draft_revision}")
    line(f"tests: {'required' if row.tests_required else 'not required'} to publish")
    if shown.versions:
        stdout.print(_table(shown.versions, row.published))
    line(f"{shown.text.which}:")
    line("")
    line(shown.text.text.removesuffix("\n"))


async def _shown(database: Database, name: str, which: str | None) -> _Shown:
    agents = AgentStore(database)
    text = await wanted(agents, name, which)
    return _Shown(await agents.get(name), await agents.versions(name), text)


def _table(versions: Sequence[Version], published: int | None) -> Table:
    table = Table("version", "made (UTC)", "by", "note")
    for each in versions:
        number = f"{each.number} published" if each.number == published else str(each.number)
        made = f"{each.created_at:%Y-%m-%d %H:%M}"
        table.add_row(*cells(number, made, each.author, each.note))
    return table


def _facts(shown: _Shown) -> dict[str, Any]:
    versions = [
        {
            "number": each.number,
            "created_at": each.created_at.isoformat(),
            "author": each.author,
            "note": each.note,
        }
        for each in shown.versions
    ]
    return facts(shown.row) | {
        "history": versions,
        "shown": shown.text.which,
        "text": shown.text.text,
        "test_conversations": shown.text.tests,
    }
