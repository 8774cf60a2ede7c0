"""offhook demo: a whole call on this machine, held against what is expected of it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bridge.cli.console import DONE, FAILED, USAGE, report, stderr, stdout, stop
from bridge.cli.loop import run
from bridge.demo.files import write
from bridge.demo.report import Report, as_json, report_of
from bridge.demo.run import CallFailed, demonstrate
from bridge.demo.server import ServerFailed
from bridge.demo.story import STORIES, Story
from bridge.sim.recordings import RecordingMissing
from bridge.sim.voice.parts import MEND, VoiceMissing, missing_packages


def demo(
    order: Annotated[
        bool, typer.Option("--order", help="An order number is said, by Debian's recordings.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for sound, picture, report.")] = None,
    json_asked: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """A caller reads a passage from a book, the agent names it; they interrupt and answer.

    Real server, real sockets, human speech, local voices; no account, no network. Ends with 1
    when something expected did not happen.
    """
    story = _story("order-line" if order else "book-line")
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            stop(f"--out {out}: {error.strerror}; name a folder that can be written", USAGE)
    made = _demonstrated(story, out, quiet=json_asked)
    if out is not None:
        write(made, out)
    if json_asked:
        report(as_json(made))
    else:
        _tell(made, out)
    raise typer.Exit(FAILED if made.failures else DONE)


def _story(name: str) -> Story:
    if missing := missing_packages():
        stop(f"the demo speaks and hears, which needs {', '.join(missing)}: {MEND}", USAGE)
    try:
        return STORIES[name]()
    except (VoiceMissing, RecordingMissing) as error:
        stop(str(error), USAGE)


def _demonstrated(story: Story, out: Path | None, *, quiet: bool) -> Report:
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=stderr, transient=True, disable=quiet) as progress:
        task = progress.add_task(story.name)

        def tell(text: str) -> None:
            progress.update(task, description=f"{story.name}: {text}")
            if not quiet:
                progress.console.print(f"  {text}", markup=False)

        try:
            return report_of(run(demonstrate(story, out, tell)))
        except ServerFailed as error:
            stop(f"the server did not start:\n{error}", FAILED)
        except CallFailed as error:
            stop(str(error), FAILED)


def _tell(made: Report, out: Path | None) -> None:
    facts = as_json(made)
    table = Table("what", "measured", title=made.evidence.story.name, title_justify="left")
    table.add_row("caller turns", str(facts["call"]["caller_turns"]))
    table.add_row("word error rate", f"{made.word_error_rate:.1%}")
    for each in facts["functions"]:
        table.add_row("function", f"{each['name']} {each['arguments']}")
    for each in made.barge_ins:
        if each.error_ms is not None:
            told = f"told {each.told_ms} ms, true {each.true_ms:.0f} ms, {each.error_ms:+.0f} ms"
            table.add_row(f"barge-in at {each.at_s:.1f} s", told)
    answer = facts["latencies"]["answer_ms"]
    table.add_row("answer heard after", f"{answer['median']} ms median, {answer['max']} ms longest")
    table.add_row("ended by", f"{facts['call']['ended_by']} ({facts['call']['outcome']})")
    table.add_row("whole demo", f"{facts['seconds']} s")
    stdout.print(table)
    for failure in made.failures:
        stdout.print(f"not as expected: {failure}", style="red", markup=False)
    if out is not None:
        stdout.print(f"written to {out}", markup=False)
