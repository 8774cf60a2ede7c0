"""offhook routes block, unblock and blocked: callers that nobody answers."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from bridge.agents.incoming import address
from bridge.cli.author import AUTHOR, change_by
from bridge.cli.console import cells, line, report, stdout
from bridge.cli.store import in_store
from bridge.store.routes import RouteStore

CALLER = Annotated[
    str,
    typer.Argument(help="A number, a beginning such as +4990*, or withheld for all who show none."),
]


def routes_block(
    caller: CALLER,
    reason: Annotated[str, typer.Option(help="Why, for those who look at it later.")] = "",
    author: AUTHOR = None,
) -> None:
    """Refuse the calls of a number. Again: the reason is renewed."""
    change = change_by(author, reason)
    in_store(lambda database: RouteStore(database).block(address(caller), reason, change))
    line(f"{address(caller)}: blocked")


def routes_unblock(caller: CALLER, author: AUTHOR = None) -> None:
    """Answer a number again."""
    change = change_by(author)
    in_store(lambda database: RouteStore(database).unblock(address(caller), change))
    line(f"{address(caller)}: no longer blocked")


def routes_blocked(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Who is blocked, why, and by whom."""
    rows = in_store(lambda database: RouteStore(database).blocked())
    if as_json:
        facts = [asdict(each) | {"blocked_at": each.blocked_at.isoformat()} for each in rows]
        report({"blocked": facts})
    elif not rows:
        line("nobody is blocked")
    else:
        table = Table("caller", "reason", "since (UTC)", "by")
        for each in rows:
            since = f"{each.blocked_at:%Y-%m-%d %H:%M}"
            table.add_row(*cells(each.caller, each.reason, since, each.blocked_by))
        stdout.print(table)
