"""offhook agents: agents in the store, for people at a shell and for keeping them in git."""

import typer

from bridge.cli.agents_diff import agents_diff
from bridge.cli.agents_edit import agents_edit
from bridge.cli.agents_export import agents_export
from bridge.cli.agents_import import agents_import
from bridge.cli.agents_list import agents_list
from bridge.cli.agents_new import agents_new
from bridge.cli.agents_publish import (
    agents_delete,
    agents_discard,
    agents_publish,
    agents_require_tests,
    agents_rollback,
)
from bridge.cli.agents_show import agents_show
from bridge.cli.agents_test import agents_test
from bridge.cli.agents_try import agents_try
from bridge.cli.agents_validate import agents_validate

app = typer.Typer(
    help="Agents in the store: drafts that are worked on, and numbered versions.",
    no_args_is_help=True,
)
app.command("list")(agents_list)
app.command("show")(agents_show)
app.command("new")(agents_new)
app.command("edit")(agents_edit)
app.command("validate")(agents_validate)
app.command("diff")(agents_diff)
app.command("try")(agents_try)
app.command("test")(agents_test)
app.command("publish")(agents_publish)
app.command("rollback")(agents_rollback)
app.command("import")(agents_import)
app.command("export")(agents_export)
app.command("discard")(agents_discard)
app.command("require-tests")(agents_require_tests)
app.command("delete")(agents_delete)
