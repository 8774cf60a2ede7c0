"""JSON values as the tree of nodes that documents are read from, so that both are read by the same
rules."""

from collections.abc import Mapping
from typing import Any

import yaml

from bridge.agents.problems import AgentError, Problem
from bridge.agents.tree import MAX_DEPTH, compose
from bridge.agents.yaml_text import yaml_text


def json_tree(value: Mapping[str, Any], source: str) -> yaml.MappingNode:
    """Raises ``AgentError``. The lines of the nodes mean nothing."""
    return compose(json_yaml(value, source), source)


def json_yaml(value: Mapping[str, Any], source: str) -> str:
    """Raises ``AgentError`` for what is nested too deep: JSON can be nested deeper than Python can
    follow."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [below for each in level for below in _below(each)]
        if not level:
            return yaml_text(value)
    told = f"is nested deeper than {MAX_DEPTH} levels; make it flatter"
    raise AgentError(source, [Problem(1, 1, "", told)])


def _below(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
