"""YAML text as a tree of nodes that know their lines.

The tree is bounded (size, depth) and has no shared parts: anchors and aliases are refused, so
whoever walks it comes to an end. No text in it holds a control character.
"""

import re
from collections.abc import Iterator
from typing import Final

import yaml

from bridge.agents.problems import AgentError, Problem
from bridge.characters import control_problem

MAX_CHARS: Final = 256 * 1024
MAX_DEPTH: Final = 24

_ESCAPED: Final = re.compile(r"\\U([0-9A-Fa-f]{8})")
_LAST_CHARACTER: Final = 0x10FFFF

_OPENING = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_CLOSING = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


def compose(text: str, source: str) -> yaml.MappingNode:
    """The one mapping that the text is. Raises ``AgentError``."""
    if len(text) > MAX_CHARS:
        raise _error(source, f"is longer than {MAX_CHARS} characters; keep long texts elsewhere")
    try:
        _refuse_shapes(text, source)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise AgentError(source, [_syntax(error)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        mend = "holds a character that YAML does not allow; remove it"
        raise AgentError(source, [Problem(line, 1, "", mend)]) from None
    except AgentError:
        raise
    except (ValueError, OverflowError):  # of numbers in it that PyYAML does not bound itself
        raise AgentError(source, [_no_number(text)]) from None
    if node is None:
        raise _error(source, "is empty; an agent needs at least a name and instructions")
    if not isinstance(node, yaml.MappingNode):
        raise _error(source, "is not a mapping; write lines like 'name: Front desk'")
    if problems := list(_controls(node, "")):
        raise AgentError(source, problems)
    return node


def _controls(node: yaml.Node, field: str) -> Iterator[Problem]:
    """Every text with a control character in it; ``field`` is the dotted name of the node."""
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                name = key.value if isinstance(key, yaml.ScalarNode) else ""
                ill = list(_controls(key, field))
                yield from ill
                yield from _controls(value, field if ill else ".".join(filter(None, (field, name))))
        case yaml.SequenceNode():
            for index, each in enumerate(node.value):
                yield from _controls(each, f"{field}[{index}]")
        case yaml.ScalarNode() if told := control_problem(node.value):
            mark = node.start_mark
            yield Problem(mark.line + 1, mark.column + 1, field, told)


def _no_number(text: str) -> Problem:
    """Of an escape beyond the last character, where there is one."""
    for found in _ESCAPED.finditer(text):
        if int(found[1], 16) > _LAST_CHARACTER:
            line = text.count("\n", 0, found.start()) + 1
            column = found.start() - text.rfind("\n", 0, found.start())
            told = f"{found[0]} is no character; the last one is \\U{_LAST_CHARACTER:08X}"
            return Problem(line, column, "", told)
    return Problem(1, 1, "", "holds a number that YAML cannot read; look at escapes and directives")


def _refuse_shapes(text: str, source: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > MAX_DEPTH:
            problem = f"is nested deeper than {MAX_DEPTH} levels; make it flatter"
        elif isinstance(event, yaml.AliasEvent):
            problem = f"*{event.anchor} refers to another place; write it out, or quote the *"
        else:
            continue
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise AgentError(source, [Problem(line, column, "", problem)])


def _syntax(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    told = ", ".join(filter(None, (error.context, error.problem)))
    mend = "check indentation and colons, and quote texts that hold ': ' or ' #'"
    return Problem(line, column, "", f"is not YAML ({told}); {mend}")


def _error(source: str, message: str) -> AgentError:
    return AgentError(source, [Problem(1, 1, "", message)])
