"""The YAML of test conversations, which stands beside an agent's document as NAME.tests.yaml.

    conversations:
      - name: The order is found
        caller: "+15550001111"        # also called, parameters and variables; all may be left out
        functions:                    # what a function answers, in place of running it
          find_order: {number: "4711", state: on its way}
        turns:
          - says: [order line]        # without caller: what the agent says first, the greeting
          - caller: "It is four seven one one."
            calls: {name: find_order, arguments: {number: "4711"}}
            says: [on its way]
            never_says: [sorry, /refund(ed)?/]
          - caller: Goodbye.
            says: [goodbye]
            ends: completed
    replies:                          # how the local model answers, as `emulate --replies` reads it
      rules: [...]

``says`` and ``never_says`` are whole words in any case, or regular expressions between slashes.
``calls`` (one, or a list) compares the arguments that it names; others may be there. A name alone,
``calls: find_order``, compares none. A list under a function is one result a call. ``functions:
real`` runs them all, ``find_order: real`` that one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from bridge.agents.problems import AgentError, Problem
from bridge.agents.section import Section, kind, shown
from bridge.agents.tree import compose
from bridge.agents.values import Marked, json_value
from bridge.call.actions import Outcome
from bridge.sim.model.rules import PatternError, Patterns, load_patterns
from bridge.trials.conversation import (
    CALLED,
    CALLER,
    Conversation,
    Conversations,
    ExpectedCall,
    GivenResults,
    Turn,
    Words,
    is_expression,
)

FIELDS: Final = ("conversations", "replies")
_CONVERSATION: Final = (
    "name",
    "caller",
    "called",
    "parameters",
    "variables",
    "functions",
    "turns",
)
_TURN: Final = ("caller", "calls", "never_calls", "says", "never_says", "ends")
_CALL: Final = ("name", "arguments")
_FUNCTION: Final = "[A-Za-z0-9_-]+"
_FUNCTION_FORM: Final = "letters, digits, _ and -"
REAL: Final = "real"
MOST_CONVERSATIONS: Final = 200
MOST_TURNS: Final = 100


def load_conversations(text: str, *, source: str = "tests.yaml") -> Conversations:
    """Raises ``AgentError`` with every problem, each with its line in ``source``. A text without
    anything in it has no conversations."""
    if not text.strip():
        return Conversations()
    problems: list[Problem] = []
    node = compose(text, source)
    top = Section(node, "", FIELDS, problems, "test conversations")
    found = Conversations(tuple(_conversations(top)), _replies(top))
    if problems:
        raise AgentError(source, problems)
    return found


def _conversations(top: Section) -> Iterator[Conversation]:
    parts = top.sections("conversations", _CONVERSATION, "name: The order is found")
    if not parts:
        top.wrong_field("conversations", "has none; write lines like '- name: The order is found'")
    if len(parts) > MOST_CONVERSATIONS:
        top.wrong_field("conversations", f"are more than {MOST_CONVERSATIONS}; remove some")
    taken: set[str] = set()
    for part in parts:
        conversation = _conversation(part)
        if conversation.name in taken:
            told = f"'{conversation.name}' is the name of another one; choose another"
            part.wrong_field("name", told)
        taken |= {conversation.name} - {""}
        yield conversation


def _conversation(part: Section) -> Conversation:
    return Conversation(
        name=part.needed_text("name", 200, "The order is found"),
        turns=_turns(part),
        caller=part.text("caller", 200) or CALLER,
        called=part.text("called", 200) or CALLED,
        parameters=_texts_by_name(part, "parameters"),
        variables=_texts_by_name(part, "variables"),
        functions=_functions(part),
    )


def _turns(part: Section) -> tuple[Turn, ...]:
    parts = part.sections("turns", _TURN, 'caller: "Hello."')
    if not parts:
        part.wrong_field("turns", "has none; write lines like '- caller: \"Hello.\"'")
    if len(parts) > MOST_TURNS:
        part.wrong_field("turns", f"are more than {MOST_TURNS}; make two conversations of them")
    for number, each in enumerate(parts):
        if number and each.get("caller") is None:
            each.wrong_field("caller", "is missing; add a line like 'caller: \"Hello.\"'")
        if each.get("ends") is not None and number + 1 < len(parts):
            each.wrong_field("ends", "belongs to the last turn; move it there")
    return tuple(_turn(each) for each in parts)


def _turn(part: Section) -> Turn:
    ends = part.choice("ends", [outcome.value for outcome in Outcome])
    return Turn(
        caller=part.text("caller", 2_000),
        calls=_calls(part),
        never_calls=tuple(text for _, text in _texts(part, "never_calls")),
        says=_words(part, "says"),
        never_says=_words(part, "never_says"),
        ends=Outcome(ends) if ends else None,
    )


def _calls(part: Section) -> tuple[ExpectedCall, ...]:
    node = part.get("calls")
    if isinstance(node, yaml.ScalarNode):
        return _called_by_name(part, node)
    if isinstance(node, yaml.SequenceNode):
        node.value = [_spelt_out(each) for each in node.value]
    if isinstance(node, yaml.MappingNode):
        one = part.section("calls", _CALL, "{name: find_order}")
        parts = [one] if one else []
    else:
        parts = part.sections("calls", _CALL, "name: find_order")
    return tuple(
        ExpectedCall(
            each.needed_text("name", 64, "find_order", _FUNCTION, _FUNCTION_FORM),
            _arguments(each),
        )
        for each in parts
    )


def _called_by_name(part: Section, node: yaml.ScalarNode) -> tuple[ExpectedCall, ...]:
    if kind(node) == "str" and len(node.value) <= 64 and re.fullmatch(_FUNCTION, node.value):
        return (ExpectedCall(node.value),)
    part.wrong(node, "calls", f"{shown(node)} is no function's name; write {_FUNCTION_FORM}")
    return ()


def _spelt_out(node: yaml.Node) -> yaml.Node:
    """``find_order`` is short for ``{name: find_order}``."""
    if not isinstance(node, yaml.ScalarNode):
        return node
    name = yaml.ScalarNode("tag:yaml.org,2002:str", "name", node.start_mark, node.end_mark)
    pairs = [(name, node)]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, node.start_mark, node.end_mark)


def _arguments(part: Section) -> Mapping[str, Any]:
    arguments = _mapping(part, "arguments", '{number: "4711"}')
    for text in _expressions(arguments):
        try:
            re.compile(text[1:-1])
        except re.error as problem:
            part.wrong_field("arguments", f"'{text}' is not a regular expression ({problem})")
    return arguments


def _expressions(value: Any) -> Iterator[str]:
    """All texts in it that stand between slashes."""
    if isinstance(value, str) and is_expression(value):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _expressions(each)


def _words(part: Section, key: str) -> tuple[Words, ...]:
    found = []
    for node, text in _texts(part, key):
        try:
            found.append(Words(text, _pattern(text)))
        except re.error as problem:
            part.wrong(node, key, f"{shown(node)} is not a regular expression ({problem})")
    return tuple(found)


def _pattern(text: str) -> re.Pattern[str]:
    if is_expression(text):
        return re.compile(text[1:-1], re.IGNORECASE)
    plain = re.escape(" ".join(text.split()))
    start = r"(?<!\w)" if text[0].isalnum() else ""
    end = r"(?!\w)" if text[-1].isalnum() else ""
    return re.compile(start + plain + end, re.IGNORECASE)


def _texts(part: Section, key: str) -> Iterator[tuple[yaml.Node, str]]:
    """A list of texts, or one text alone."""
    node = part.get(key)
    if node is None:
        return
    if isinstance(node, yaml.MappingNode):
        part.wrong(node, key, "is a mapping; write a list of texts, such as [goodbye]")
        return
    for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if kind(each) != "str":
            part.wrong(each, key, f"{shown(each)} is not read as text by YAML; quote it")
        elif not each.value.strip():
            part.wrong(each, key, "is an empty text; fill it in or remove it")
        else:
            yield each, each.value.strip()


def _mapping(part: Section, key: str, example: str) -> Mapping[str, Any]:
    node = part.get(key)
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        part.wrong(node, key, f"{shown(node)} is not a mapping; write {key}: {example}")
        return {}
    marks: Marked = {}
    value = json_value(node, part, marks, root=key)
    assert isinstance(value, dict)
    return value


def _texts_by_name(part: Section, key: str) -> dict[str, str]:
    node = part.get(key)
    values = _mapping(part, key, "{name: a text}")
    marks = {at.value: value for at, value in node.value} if values and node else {}
    for name, value in values.items():
        if not isinstance(value, str):
            part.wrong(marks[name], f"{key}.{name}", "is not a text; put quotes around it")
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _functions(part: Section) -> GivenResults:
    node = part.get("functions")
    if isinstance(node, yaml.ScalarNode) and node.value == REAL:
        return GivenResults(real=None)
    given = _mapping(part, "functions", "{find_order: {state: sent}}, or functions: real")
    results = {name: _results(value) for name, value in given.items() if value != REAL}
    for name in (name for name, each in results.items() if not each):
        part.wrong_field("functions", f"{name} has an empty list; write what it answers")
    return GivenResults(results, frozenset(name for name, value in given.items() if value == REAL))


def _results(value: Any) -> tuple[str, ...]:
    """Texts for the model: a text as it is, everything else as JSON."""
    each = value if isinstance(value, list) else [value]
    return tuple(one if isinstance(one, str) else json.dumps(one) for one in each)


def _replies(top: Section) -> Patterns | None:
    node = top.get("replies")
    if node is None:
        return None
    try:
        return load_patterns(yaml.serialize(node, Dumper=yaml.SafeDumper))
    except PatternError as error:
        for told in str(error).splitlines():
            top.wrong_field("replies", told)
        return None
