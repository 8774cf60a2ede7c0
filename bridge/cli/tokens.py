"""offhook tokens: who may use the API."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from bridge.cli.author import AUTHOR, change_by
from bridge.cli.console import USAGE, cells, line, report, stderr, stdout, stop
from bridge.cli.store import in_store
from bridge.store.tokens import SCOPES, Scope, TokenRow, TokenStore

JSON = Annotated[bool, typer.Option("--json", help="As JSON.")]
DAYS_MAX = 3650

app = typer.Typer(help="Tokens of the API: make, list, revoke.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the token is for; changes are made under it.")],
    scope: Annotated[str, typer.Option(help="viewer, editor or admin.")],
    days: Annotated[
        int, typer.Option(min=0, max=DAYS_MAX, help="Until it expires; 0: it does not.")
    ] = 90,
    author: AUTHOR = None,
    as_json: JSON = False,
) -> None:
    """Make a token. It is shown this once, on a line of its own.

    Its name is in the audit log, so a token that is good keeps it for itself.
    """
    known = _scope(scope)
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    row, secret = in_store(
        lambda database: TokenStore(database).create(name, known, until, change_by(author))
    )
    if as_json:
        report(_facts(row) | {"secret": secret})
        return
    end = "does not expire" if until is None else f"expires on {until:%Y-%m-%d}"
    stderr.print(f"token {row.id}, {row.scope}, {end}; it is not shown again:", markup=False)
    line(secret)


@app.command("list")
def list_tokens(as_json: JSON = False) -> None:
    """All tokens, without their secrets."""
    rows = in_store(lambda database: TokenStore(database).list())
    if as_json:
        report({"tokens": [_facts(row) for row in rows]})
        return
    table = Table("id", "name", "scope", "state", "last used", "made by", box=None)
    now = datetime.now(UTC)
    for row in rows:
        used = _day(row.last_used_at)
        state = _state(row, now)
        table.add_row(*cells(row.id, row.name, row.scope, state, used, row.created_by))
    stdout.print(table)


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As the list has it.")],
    author: AUTHOR = None,
) -> None:
    """Refuse a token from its next request on."""
    row = in_store(lambda database: TokenStore(database).revoke(token_id, change_by(author)))
    line(f"token {row.id} ({row.name}) is revoked")


def _scope(given: str) -> Scope:
    for scope in SCOPES:
        if given == scope:
            return scope
    stop(f"--scope {given} is not known; write {', '.join(SCOPES)}", USAGE)


def _state(row: TokenRow, now: datetime) -> str:
    if row.revoked_at is not None:
        return f"revoked {_day(row.revoked_at)}"
    if row.expires_at is None:
        return "does not expire"
    return f"{'expired' if row.expires_at <= now else 'until'} {_day(row.expires_at)}"


def _day(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d}"


def _facts(row: TokenRow) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in vars(row).items()
    }
