"""offhook agents: agents in the store, for people at a shell and for keeping them in git."""

import typer

from bridge.cli import agents_diff, agents_list, agents_show, agents_test, agents_try

app = typer.Typer(
    help="Agents in the store: drafts that are worked on, and numbered versions.",
    no_args_is_help=True,
)
app.command("list")(agents_list.agents_list)
app.command("show")(agents_show.agents_show)
app.command("diff")(agents_diff.agents_diff)
app.command("try")(agents_try.agents_try)
app.command("test")(agents_test.agents_test)
