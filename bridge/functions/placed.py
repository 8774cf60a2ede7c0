"""Functions of a document that cannot be used, each with its line in the text."""

from collections.abc import Mapping, Sequence

import yaml

from bridge.agents.document import Agent
from bridge.agents.problems import Problem
from bridge.agents.tree import compose
from bridge.functions.allowed import Allowed
from bridge.functions.functions import FunctionsError, load_functions, refusal


def unloadable(agent: Agent, text: str, allowed: Allowed | None) -> list[Problem]:
    """``text`` is that of ``agent``; ``allowed`` as ``load_functions`` takes it. Imports what it
    names, so not for the loop of calls."""
    told = []
    for at, spec in enumerate(agent.functions):
        try:
            load_functions([spec], allowed=allowed)
        except FunctionsError as error:
            told += [(at, each) for each in error.problems]
    return _placed(text, told)


def refused(agent: Agent, text: str, allowed: Allowed) -> list[Problem]:
    """Only those that may not be named; whether the others are there does not count."""
    told = []
    for at, spec in enumerate(agent.functions):
        if why := refusal(spec.entry_point, allowed):
            told.append((at, f"function {spec.name}: {spec.entry_point} {why}"))
    return _placed(text, told)


def _placed(text: str, told: Sequence[tuple[int, str]]) -> list[Problem]:
    places = _places(text) if told else {}
    return [
        Problem(*places.get(at, (1, 1)), f"functions[{at}].entry_point", each) for at, each in told
    ]


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
