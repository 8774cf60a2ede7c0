"""Functions of a document that cannot be loaded, each with its line in the text."""

from collections.abc import Mapping

import yaml

from bridge.agents.document import Agent
from bridge.agents.problems import Problem
from bridge.agents.tree import compose
from bridge.functions.functions import FunctionsError, load_functions


def unloadable(agent: Agent, text: str) -> list[Problem]:
    """``text`` is that of ``agent``. Imports what it names, so not for the loop of calls."""
    places = _places(text)
    found = []
    for at, spec in enumerate(agent.functions):
        try:
            load_functions([spec])
        except FunctionsError as error:
            line, column = places.get(at, (1, 1))
            field = f"functions[{at}].entry_point"
            found += [Problem(line, column, field, each) for each in error.problems]
    return found


def _places(text: str) -> Mapping[int, tuple[int, int]]:
    """Where each function stands: its entry point, or its beginning where that is its name."""
    for key, value in compose(text, "agent.yaml").value:
        if key.value == "functions" and isinstance(value, yaml.SequenceNode):
            return {at: _place(each) for at, each in enumerate(value.value)}
    return {}


def _place(node: yaml.Node) -> tuple[int, int]:
    fields = node.value if isinstance(node, yaml.MappingNode) else []
    mark = next((value.start_mark for key, value in fields if key.value == "entry_point"), None)
    mark = mark or node.start_mark
    return mark.line + 1, mark.column + 1
