"""YAML text as a tree of nodes that know their lines.

The tree is bounded (size, depth) and has no shared parts: anchors and aliases are refused, so
whoever walks it comes to an end.
"""

from typing import Final

import yaml

from bridge.agents.problems import AgentError, Problem

MAX_CHARS: Final = 256 * 1024
MAX_DEPTH: Final = 24

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
    if node is None:
        raise _error(source, "is empty; an agent needs at least a name and instructions")
    if not isinstance(node, yaml.MappingNode):
        raise _error(source, "is not a mapping; write lines like 'name: Front desk'")
    return node


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
