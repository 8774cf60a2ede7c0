"""The command line: one command a file.

Exit codes: 0 done, 1 what was tried failed, 2 settings or usage, 3 the run is invalid.
"""

import typer

from bridge.cli import (
    agents,
    calls,
    demo,
    doctor,
    emulate,
    loadtest,
    rehearse,
    routes,
    say,
    serve,
    simulate,
    tokens,
)

app = typer.Typer(
    help="A phone bridge for realtime voice models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(emulate.emulate)
app.command()(simulate.simulate)
app.command()(loadtest.loadtest)
app.command()(rehearse.rehearse)
app.command()(say.say)
app.command()(doctor.doctor)
app.add_typer(agents.app, name="agents")
app.add_typer(routes.app, name="routes")
app.add_typer(calls.app, name="calls")
app.add_typer(tokens.app, name="tokens")


def main() -> None:
    app()
