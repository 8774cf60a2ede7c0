"""One mapping of the document, read field by field.

Every reading method answers None for a field that is absent, empty or wrong, and notes what is
wrong, so that all of a document is looked at.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches

import yaml

from bridge.agents.problems import Problem

_KINDS = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
    "map": "a mapping",
    "seq": "a list",
}
# YAML 1.1 also takes 010 (eight), 1:30 (ninety) and 1_000 for numbers; that is hardly ever meant.
NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,18})?", re.ASCII)

NO_TEXT = re.compile("[\ud800-\udfff]")  # cannot be sent as UTF-8
HALF = "holds half a character (a lone surrogate); remove it"


def kind(node: yaml.Node) -> str:
    """YAML's own reading of a node, such as "str" or "bool"; unknown tags as they are."""
    return str(node.tag).removeprefix("tag:yaml.org,2002:")


def shown(node: yaml.Node) -> str:
    """What stands there, for a message."""
    if isinstance(node, yaml.ScalarNode):
        text = str(node.value)
        return f"'{text if len(text) <= 40 else text[:39] + '…'}'"
    return _KINDS.get(kind(node), "something else")


def _not_text(node: yaml.Node) -> str:
    read = _KINDS.get(kind(node), "something else")
    if isinstance(node, yaml.ScalarNode):
        return f"{shown(node)} is read as {read} by YAML; put quotes around it"
    return f"is {read}; write a text"


class Section:
    """``path`` is the dotted name of the mapping itself; ``keys`` is all that it may hold. ``of``
    says what the document is about."""

    def __init__(
        self,
        node: yaml.MappingNode,
        path: str,
        keys: Sequence[str],
        problems: list[Problem],
        of: str = "an agent",
    ) -> None:
        self.node = node
        self._of = of
        self._path = path
        self._problems = problems
        self._fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            self._add(key, value, keys)

    def _add(self, key: yaml.Node, value: yaml.Node, keys: Sequence[str]) -> None:
        name = str(key.value)
        if not isinstance(key, yaml.ScalarNode) or kind(key) not in ("str", "merge"):
            read = _KINDS.get(kind(key), "something else")
            self.wrong(key, "", f"the key {shown(key)} is read as {read} by YAML; quote it")
        elif name not in keys:
            near = get_close_matches(name, keys, n=1)
            mend = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(keys)}"
            self.wrong(key, name, f"is not a field of {self._of}; {mend}")
        elif name in self._fields:
            first = self._fields[name].start_mark.line + 1
            self.wrong(key, name, f"stands here again; it has a value in line {first} already")
        else:
            self._fields[name] = value

    def field(self, key: str) -> str:
        """The dotted name of a field."""
        return ".".join(filter(None, (self._path, key)))

    def wrong(self, node: yaml.Node, key: str, message: str) -> None:
        mark = node.start_mark
        self._problems.append(Problem(mark.line + 1, mark.column + 1, self.field(key), message))

    def wrong_line(self, node: yaml.Node, below: int, key: str, message: str) -> None:
        """The problem is told so many lines below the beginning of the node."""
        mark = node.start_mark
        column = 1 if below else mark.column + 1
        self._problems.append(Problem(mark.line + 1 + below, column, self.field(key), message))

    def wrong_field(self, key: str, message: str) -> None:
        """The problem is told where the field stands, or where the mapping begins."""
        self.wrong(self._fields.get(key, self.node), key, message)

    def given(self, key: str) -> bool:
        return key in self._fields

    def get(self, key: str) -> yaml.Node | None:
        """The node of a field that has a value."""
        node = self._fields.get(key)
        return None if node is None or kind(node) == "null" else node

    def text(
        self,
        key: str,
        max_chars: int,
        pattern: str = "",
        form: str = "",
        *,
        may_be_empty: bool = False,
    ) -> str | None:
        """``form`` says in words what ``pattern`` asks for."""
        node = self.get(key)
        if node is None:
            return None
        value = str(node.value)
        if not isinstance(node, yaml.ScalarNode) or kind(node) != "str":
            self.wrong(node, key, _not_text(node))
        elif not value.strip() and not may_be_empty:
            self.wrong(node, key, "is an empty text; fill it in or remove the line")
        elif len(value) > max_chars:
            self.wrong(node, key, f"has {len(value)} characters; at most {max_chars} are allowed")
        elif NO_TEXT.search(value):
            self.wrong(node, key, HALF)
        elif pattern and not re.fullmatch(pattern, value):
            self.wrong(node, key, f"{shown(node)} does not fit; write {form}")
        else:
            return value.strip()
        return None

    def needed_text(
        self, key: str, max_chars: int, example: str, pattern: str = "", form: str = ""
    ) -> str:
        if self.get(key) is None:
            self.wrong_field(key, f"is missing; add a line like '{key}: {example}'")
        return self.text(key, max_chars, pattern, form) or ""

    def choice(self, key: str, choices: Sequence[str]) -> str | None:
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode) and node.value in choices:
            return str(node.value)
        near = get_close_matches(shown(node).strip("'"), choices, n=1)
        mend = f"did you mean {near[0]}?" if near else f"write {' or '.join(choices)}"
        self.wrong(node, key, f"{shown(node)} is not known; {mend}")
        return None

    def number(self, key: str, low: float, high: float) -> float | None:
        return self._number(key, low, high, "a number")

    def whole(self, key: str, low: int, high: int) -> int | None:
        value = self._number(key, low, high, "a whole number")
        return None if value is None else int(value)

    def _number(self, key: str, low: float, high: float, form: str) -> float | None:
        node = self.get(key)
        if node is None:
            return None
        mend = f"write {form} from {_digits(low)} to {_digits(high)}"
        plain = kind(node) in ("int", "float") and NUMBER.fullmatch(str(node.value))
        if not plain or (form == "a whole number" and "." in node.value):
            self.wrong(node, key, f"{shown(node)} is not {form}; {mend}")
        elif not low <= float(node.value) <= high:
            self.wrong(node, key, f"{shown(node)} is out of range; {mend}")
        else:
            return float(node.value)
        return None

    def flag(self, key: str) -> bool | None:
        node = self.get(key)
        if node is None:
            return None
        value = str(node.value).lower()
        if kind(node) != "bool" or value not in ("true", "false"):
            self.wrong(node, key, f"{shown(node)} is not a switch; write true or false")
            return None
        return value == "true"

    def section(self, key: str, keys: Sequence[str], example: str) -> "Section | None":
        node = self.get(key)
        if node is None:
            return None
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, key, f"{shown(node)} is not a mapping; write {key}: {example}")
            return None
        return Section(node, self.field(key), keys, self._problems, self._of)

    def named(self, key: str, keys: Sequence[str], example: str) -> list[tuple[str, "Section"]]:
        """A mapping of names to mappings; they are called ``key.NAME``."""
        node = self.get(key)
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            self.wrong(
                node, key, f"{shown(node)} is not a mapping; write lines like 'NAME: {example}'"
            )
            return []
        found: dict[str, Section] = {}
        for name, value in node.value:
            field = f"{key}.{name.value}" if isinstance(name, yaml.ScalarNode) else key
            if problem := _name_problem(name):
                self.wrong(name, field, problem)
            elif name.value in found:
                self.wrong(name, field, "stands here again; remove one of them")
            elif not isinstance(value, yaml.MappingNode):
                self.wrong(value, field, f"{shown(value)} is not a mapping; write {example}")
            else:
                part = Section(value, self.field(field), keys, self._problems, self._of)
                found[str(name.value)] = part
        return list(found.items())

    def texts(self, key: str, pattern: str, form: str) -> tuple[str, ...]:
        """A list of texts, each as ``text`` reads it; none where the field is absent."""
        node = self.get(key)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, key, f"{shown(node)} is not a list; write it in [ ]")
            return ()
        found = []
        for index, each in enumerate(node.value):
            if kind(each) == "str" and re.fullmatch(pattern, each.value):
                found.append(str(each.value))
            else:
                self.wrong(each, f"{key}[{index}]", f"{shown(each)} does not fit; write {form}")
        return tuple(found)

    def sections(self, key: str, keys: Sequence[str], example: str) -> list["Section"]:
        """A list of mappings; they are called ``key[0]``, ``key[1]``, …"""
        node = self.get(key)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, key, f"{shown(node)} is not a list; write lines like '- {example}'")
            return []
        found = []
        for index, each in enumerate(node.value):
            name = f"{key}[{index}]"
            if isinstance(each, yaml.MappingNode):
                found.append(Section(each, self.field(name), keys, self._problems, self._of))
            else:
                self.wrong(each, name, f"{shown(each)} is not a mapping; write '- {example}'")
        return found


def _digits(number: float) -> str:
    """Never with an exponent, which a document may not have either."""
    return f"{number:g}" if abs(number) < 1e6 else f"{number:.0f}"


def _name_problem(name: yaml.Node) -> str | None:
    if isinstance(name, yaml.ScalarNode) and re.fullmatch("[a-z][a-z0-9_]{0,62}", name.value):
        return None if kind(name) == "str" else f"{shown(name)} has a meaning in YAML; rename it"
    return f"{shown(name)} is no name; write small letters, digits and _, a letter first"
