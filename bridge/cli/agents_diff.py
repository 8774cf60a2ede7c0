"""offhook agents diff: what differs between two texts of an agent."""

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Annotated

import typer

from bridge.cli.agent_texts import DRAFT, PUBLISHED, Text, text_of
from bridge.cli.console import line, report
from bridge.cli.store import in_store
from bridge.store.agents import AgentStore
from bridge.store.database import Database

NO_END = "\\ No newline at end of file"


def agents_diff(
    name: Annotated[str, typer.Argument(help="An agent of the store.")],
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="draft, published, or a version's number.")
    ] = PUBLISHED,
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="draft, published, or a version's number.")
    ] = DRAFT,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """What differs between two texts of an agent, and between their test conversations.

    Ends with 0 whether they differ or not.
    """
    before, after = in_store(lambda database: _both(database, name, old, new))
    lines = list(difference(name, before, after))
    if as_json:
        told = {"old": before.which, "new": after.which}
        report({"agent": name, **told, "same": not lines, "diff": "".join(f"{x}\n" for x in lines)})
    elif lines:
        for each in lines:
            line(each)
    else:
        line(f"{before.which} and {after.which} of {name} are the same")


async def _both(database: Database, name: str, old: str, new: str) -> tuple[Text, Text]:
    agents = AgentStore(database)
    return await text_of(agents, name, old), await text_of(agents, name, new)


def difference(name: str, old: Text, new: Text) -> Iterator[str]:
    """The lines of a unified diff; none where both are the same to the byte."""
    pairs = ((f"{name}.yaml", old.text, new.text), (f"{name}.tests.yaml", old.tests, new.tests))
    for file, before, after in pairs:
        labels = (f"{file} ({old.which})", f"{file} ({new.which})")
        for each in unified_diff(_lines(before), _lines(after), *labels, lineterm=""):
            yield from each.split("\n")


def _lines(text: str) -> Sequence[str]:
    """By line feeds alone. An end without one is told as other tools do."""
    *whole, rest = text.split("\n")
    return [*whole, f"{rest}\n{NO_END}"] if rest else whole
