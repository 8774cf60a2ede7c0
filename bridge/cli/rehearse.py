"""offhook rehearse: whole calls in virtual time, held against the truth."""

from typing import Annotated

import typer
from rich.progress import Progress

from bridge.cli.console import DONE, FAILED, report, stderr, stdout
from bridge.rehearsal.battery import Battery, rehearse_seed
from bridge.rehearsal.scenario import random_scenario
from bridge.rehearsal.world import World


def rehearse(
    calls: Annotated[int, typer.Option(min=1, help="How many random calls.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the first call; the next ones count up.")] = 0,
    trace: Annotated[bool, typer.Option(help="Print the timeline of the call of --seed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Rehearse random calls: jitter, stalls, barge-ins, several items, delays of 0 to 150 ms.

    Ends with 1 when a call broke a rule or the error of truncation is too large.
    """
    if trace:
        world = World(random_scenario(seed), trace=True).run()
        stdout.print("\n".join(world.trace.lines), markup=False)
        raise typer.Exit(DONE)
    battery = Battery()
    with Progress(console=stderr, transient=True, disable=as_json) as progress:
        task = progress.add_task("rehearsing", total=calls)
        for each in range(seed, seed + calls):
            battery.add(rehearse_seed(each))
            progress.advance(task)
    if as_json:
        report(battery.facts())
    else:
        stdout.print("\n".join(battery.lines()), markup=False)
    raise typer.Exit(DONE if battery.good else FAILED)
