"""offhook routes: from a called number to an agent."""

import typer

from bridge.cli.routes_blocked import routes_block, routes_blocked, routes_unblock
from bridge.cli.routes_explain import routes_explain
from bridge.cli.routes_list import routes_list
from bridge.cli.routes_set import routes_delete, routes_set

app = typer.Typer(
    help="Routes: which agent answers which number, and who is not answered.",
    no_args_is_help=True,
)
app.command("list")(routes_list)
app.command("set")(routes_set)
app.command("delete")(routes_delete)
app.command("explain")(routes_explain)
app.command("block")(routes_block)
app.command("unblock")(routes_unblock)
app.command("blocked")(routes_blocked)
