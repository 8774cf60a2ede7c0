"""The results of test conversations, in the terminal and as data."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bridge.trials.judging import ConversationResult


def results_table(results: Sequence[ConversationResult]) -> RenderableType:
    """A row for each conversation; below it, what was not as expected and what came instead."""
    table = Table()
    for title in ("conversation", "result", "turns", "functions", "ending", "seconds"):
        table.add_column(title, justify="right" if title in ("turns", "seconds") else "left")
    for each in results:
        result = Text("passed", "green") if each.passed else Text("failed", "bold red")
        calls = ", ".join(call.name for turn in each.turns for call in turn.calls)
        seconds = f"{each.seconds:.1f}"
        table.add_row(
            Text(each.name), result, str(len(each.turns)), Text(calls), each.outcome, seconds
        )
    return Group(table, *_told(results))


def _told(results: Sequence[ConversationResult]) -> Iterator[Text]:
    for each in results:
        if each.failures or each.notes:
            yield Text(each.name, style="bold")
        for failure in each.failures:
            caller = each.turns[failure.turn - 1].caller
            said = f" ('{caller}')" if caller else ""
            yield Text.assemble(
                f"  turn {failure.turn}{said}: expected ",
                (failure.expected, "green"),
                "\n    ",
                (failure.instead, "red"),
            )
        for note in each.notes:
            yield Text(f"  note: {note}", style="dim")


def results_facts(agent: str, model: str, results: Sequence[ConversationResult]) -> dict[str, Any]:
    passed = sum(each.passed for each in results)
    return {
        "agent": agent,
        "model": model,
        "passed": passed,
        "failed": len(results) - passed,
        "conversations": [asdict(each) | {"passed": each.passed} for each in results],
    }
