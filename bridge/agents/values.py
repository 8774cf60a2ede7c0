"""A part of the document as plain JSON values, such as a JSON Schema."""

from typing import Any

import yaml

from bridge.agents.section import NUMBER, Section, kind, shown

Marked = dict[tuple[str | int, ...], yaml.Node]


def json_value(
    node: yaml.Node, part: Section, marks: Marked, path: tuple[str | int, ...] = ()
) -> Any:
    """The value; ``marks`` is filled with the node of every place in it. What JSON does not have
    is noted as a problem of ``part``."""
    marks[path] = node
    if isinstance(node, yaml.SequenceNode):
        return [json_value(each, part, marks, (*path, i)) for i, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, part, marks, path)
    match kind(node):
        case "str":
            return str(node.value)
        case "null":
            return None
        case "bool" if node.value.lower() in ("true", "false"):
            return node.value.lower() == "true"
        case "int" | "float":
            return _number(node, part, path)
    part.wrong(node, _dotted(path), f"{shown(node)} is not what it seems in YAML; quote it")
    return None


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(["parameters", *map(str, path)])


def _number(node: yaml.Node, part: Section, path: tuple[str | int, ...]) -> int | float | None:
    if not NUMBER.fullmatch(str(node.value)):
        part.wrong(node, _dotted(path), f"{shown(node)} is not a plain number; write digits")
        return None
    return int(node.value) if kind(node) == "int" else float(node.value)


def _mapping(
    node: yaml.MappingNode, part: Section, marks: Marked, path: tuple[str | int, ...]
) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, each in node.value:
        if not isinstance(key, yaml.ScalarNode) or kind(key) != "str":
            told = f"the key {shown(key)} is not read as text by YAML; quote it"
            part.wrong(key, _dotted(path), told)
        elif key.value in value:
            part.wrong(key, _dotted((*path, key.value)), "stands here again; remove one of them")
        else:
            value[key.value] = json_value(each, part, marks, (*path, key.value))
    return value
