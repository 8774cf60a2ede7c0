"""A part of the document as plain JSON values, such as a JSON Schema."""

from typing import Any

import yaml

from bridge.agents.section import HALF, NO_TEXT, NUMBER, Section, kind, shown

Path = tuple[str | int, ...]
Marked = dict[Path, yaml.Node]


def json_value(
    node: yaml.Node, part: Section, marks: Marked, path: Path = (), *, root: str = "parameters"
) -> Any:
    """The value; ``marks`` is filled with the node of every place in it. What JSON does not have
    is noted as a problem of ``part``, whose field ``root`` this is."""
    marks[path] = node
    if isinstance(node, yaml.SequenceNode):
        return [
            json_value(each, part, marks, (*path, i), root=root)
            for i, each in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, part, marks, path, root)
    match kind(node):
        case "str" if NO_TEXT.search(node.value):
            part.wrong(node, _dotted(root, path), HALF)
            return None
        case "str":
            return str(node.value)
        case "null":
            return None
        case "bool" if node.value.lower() in ("true", "false"):
            return node.value.lower() == "true"
        case "int" | "float":
            return _number(node, part, _dotted(root, path))
    told = f"{shown(node)} is not what it seems in YAML; quote it"
    part.wrong(node, _dotted(root, path), told)
    return None


def _dotted(root: str, path: Path) -> str:
    return ".".join([root, *map(str, path)])


def _number(node: yaml.Node, part: Section, field: str) -> int | float | None:
    if not NUMBER.fullmatch(str(node.value)):
        part.wrong(node, field, f"{shown(node)} is not a plain number; write digits")
        return None
    return int(node.value) if kind(node) == "int" else float(node.value)


def _mapping(
    node: yaml.MappingNode, part: Section, marks: Marked, path: Path, root: str
) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, each in node.value:
        if isinstance(key, yaml.ScalarNode) and NO_TEXT.search(key.value):
            part.wrong(key, _dotted(root, path), HALF)
        elif not isinstance(key, yaml.ScalarNode) or kind(key) != "str":
            told = f"the key {shown(key)} is not read as text by YAML; quote it"
            part.wrong(key, _dotted(root, path), told)
        elif key.value in value:
            told = "stands here again; remove one of them"
            part.wrong(key, _dotted(root, (*path, key.value)), told)
        else:
            value[key.value] = json_value(each, part, marks, (*path, key.value), root=root)
    return value
