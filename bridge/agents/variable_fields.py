"""What the document may say of variables and of the look-up they come from."""

import re
from collections.abc import Collection, Mapping
from typing import Final

import yaml

from bridge.agents.section import Section, kind, shown
from bridge.agents.template import RESERVED, check

MAX_VARIABLES: Final = 64
MAX_VALUE_CHARS: Final = 2_000
VARIABLE_FIELDS: Final = ("description", "default", "from")

SOURCE: Final = r"caller|called|local_time|parameter:[\w.-]{1,100}|lookup:[\w.-]{1,100}"
SOURCE_FORM: Final = "caller, called, local_time, parameter:NAME or lookup:KEY"
# No user and password: an address is shown and logged.
URL: Final = r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[!-~]*|\?[!-~]*)?"
URL_FORM: Final = "an address such as https://crm.example.com/caller"

_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEADER_VALUE = re.compile(r"[ -~]{0,4000}")
_OURS: Final = frozenset(
    ("host", "content-length", "content-type", "content-encoding", "transfer-encoding")
    + ("connection", "accept-encoding", "upgrade", "te", "trailer", "expect")
)


def headers(part: Section) -> Mapping[str, str]:
    node = part.get("headers")
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        part.wrong(
            node, "headers", f"{shown(node)} is not a mapping; write lines like 'X-Key: abc'"
        )
        return {}
    found: dict[str, str] = {}
    for name, value in node.value:
        field = f"headers.{name.value}" if isinstance(name, yaml.ScalarNode) else "headers"
        if problem := _header_problem(name, value, {each.lower() for each in found}):
            part.wrong(name, field, problem)
        else:
            found[str(name.value)] = str(value.value)
    return found


def _header_problem(name: yaml.Node, value: yaml.Node, taken: Collection[str]) -> str | None:
    if kind(name) != "str" or not _HEADER.fullmatch(name.value):
        return f"{shown(name)} is no header; write letters, digits and -"
    if name.value.lower() in _OURS:
        return "is set by us; remove it"
    if name.value.lower() in taken:
        return "stands here again; remove one of them"
    if kind(value) != "str" or not _HEADER_VALUE.fullmatch(value.value):
        return f"{shown(value)} is no header's value; write one line of plain text, in quotes"
    return None


def check_texts(top: Section, variables: Mapping[str, object], has_lookup: bool) -> None:
    """Names and templates: what can be told only when all variables are known."""
    node = top.get("variables")
    if not isinstance(node, yaml.MappingNode) or not node.value:
        return
    if len(node.value) > MAX_VARIABLES:
        top.wrong(node, "variables", f"are more than {MAX_VARIABLES}; keep fewer")
    declared = set()
    for name, value in node.value:
        declared.add(str(name.value))
        if name.value in RESERVED:
            mend = "has a meaning in templates; choose another name"
            top.wrong(name, f"variables.{name.value}", mend)
        if not has_lookup and _looks_up(value):
            told = "asks a look-up and there is none; add lookup: {url: https://...}"
            top.wrong(value, f"variables.{name.value}.from", told)
    for key in ("instructions", "greeting"):
        _check_text(top, key, declared)


def _looks_up(node: yaml.Node) -> bool:
    fields = node.value if isinstance(node, yaml.MappingNode) else []
    return any(
        key.value == "from" and str(value.value).startswith("lookup:") for key, value in fields
    )


def _check_text(top: Section, key: str, declared: set[str]) -> None:
    node = top.get(key)
    if not isinstance(node, yaml.ScalarNode) or kind(node) != "str":
        return
    for fault in check(str(node.value), declared):
        # Only a | block shows each line of the text on a line of its own.
        below = fault.line if node.style == "|" else 0
        top.wrong_line(node, below, key, fault.message)
