"""Instructions that name variables: a small part of Jinja, safe and bounded by what it leaves out.

There are outputs, conditions and a few filters. There are no loops, calls, attributes, arithmetic,
macros or other files: a template takes time and room in proportion to its length. Values are texts
that are put in once; what stands in them is never read as a template.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_OUTPUT_CHARS: Final = 200_000
MAX_DEPTH: Final = 24
MAX_NODES: Final = 5_000
MAX_FAULTS: Final = 50
MAX_ELIFS: Final = 24  # each is one level deeper to Python
FILTERS: Final = ("capitalize", "default", "lower", "title", "trim", "upper")
COMPARISONS: Final = ("eq", "ne", "in", "notin")  # none fails, whatever the texts
# Words that Jinja reads as something else, or gives a meaning of its own.
RESERVED: Final = frozenset(
    "and or not is in if else elif true false none self super loop varargs kwargs".split()
)


def _default(value: object, other: object = "") -> object:
    """Jinja's own asks whether there is a value; here there always is one, but it may be empty."""
    return value or other


_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters = {name: _ENVIRONMENT.filters[name] for name in FILTERS}
_ENVIRONMENT.filters["default"] = _default
_ENVIRONMENT.tests = {}

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.Filter,
)
_REFUSED: Final[Mapping[type[nodes.Node], str]] = {
    nodes.For: "a loop is not possible; write the lines out",
    nodes.Call: "a call is not possible; name a variable",
    nodes.Getattr: "a dot is not possible; name a variable alone",
    nodes.Getitem: "brackets are not possible; name a variable alone",
    nodes.Test: "'is' is not possible; compare with ==, or write {% if name %}",
    nodes.Assign: "set is not possible; declare a variable",
}


@dataclass(frozen=True)
class Fault:
    """``line`` of the template, from 1. ``message`` has the mend behind a semicolon."""

    line: int
    message: str


def check(text: str, declared: AbstractSet[str]) -> list[Fault]:
    """Everything that is wrong; a text without any can be rendered."""
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        mend = "correct it; a literal {{ is written {{ '{{' }}"
        return [Fault(error.lineno or 1, f"is not a template ({error.message}); {mend}")]
    except RecursionError:
        return [Fault(1, "is nested too deep; make it flatter")]
    found = sorted(islice(_faults(tree, declared, 0), MAX_FAULTS), key=lambda each: each.line)
    if not found and sum(1 for _ in tree.find_all(nodes.Node)) > MAX_NODES:
        return [Fault(1, f"has more than {MAX_NODES} parts; make it shorter")]
    return found


def used(text: str) -> frozenset[str]:
    """The variables that a text without faults names."""
    return frozenset(each.name for each in _ENVIRONMENT.parse(text).find_all(nodes.Name))


def is_template(text: str) -> bool:
    return any(mark in text for mark in ("{{", "{%", "{#"))


def render(text: str, values: Mapping[str, str]) -> str:
    """``text`` is one that ``check`` finds no fault with, for the names in ``values``. What is
    longer than ``MAX_OUTPUT_CHARS`` is cut there."""
    if not is_template(text):
        return text
    parts: list[str] = []
    room = MAX_OUTPUT_CHARS
    for part in _compiled(text).generate(values):
        parts.append(part[:room])
        room -= len(parts[-1])
        if not room:
            break
    return "".join(parts)


@lru_cache(maxsize=512)
def _compiled(text: str) -> Template:
    """The text is the operator's, never a caller's."""
    return _ENVIRONMENT.from_string(text)


def _faults(node: nodes.Node, declared: AbstractSet[str], depth: int) -> Iterator[Fault]:
    line = node.lineno or 1
    if depth > MAX_DEPTH:
        yield Fault(line, f"is nested deeper than {MAX_DEPTH} levels; make it flatter")
        return
    if told := _fault(node, declared):
        yield Fault(line, told)
        return
    for below in node.iter_child_nodes():
        yield from _faults(below, declared, depth + 1)


def _fault(node: nodes.Node, declared: AbstractSet[str]) -> str | None:
    match node:
        case nodes.Name(name=name) if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            return f"'{name}' is no variable of this agent; declare it (declared are {known})"
        case nodes.Filter():
            return _filter_fault(node)
        case nodes.Const(value=value) if not isinstance(value, str):
            return "is no text; put it in quotes"
        case nodes.If() if len(node.elif_) > MAX_ELIFS:
            return f"has more than {MAX_ELIFS} elif; write some as an if of their own"
        case nodes.Compare():
            return _comparison_fault(node)
        case _ if not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            return _REFUSED.get(type(node), f"'{kind}' is not possible here; name a variable")
    return None


def _filter_fault(node: nodes.Filter) -> str | None:
    if node.name not in FILTERS or node.node is None:
        return f"the filter '{node.name}' is not there; use {', '.join(FILTERS)}"
    named = node.kwargs or node.dyn_args or node.dyn_kwargs
    if named or len(node.args) > (node.name == "default"):
        return f"the filter '{node.name}' takes less; write default('text'), and others alone"
    return None


def _comparison_fault(node: nodes.Compare) -> str | None:
    if any(each.op not in COMPARISONS for each in node.ops):
        return "texts have no order here; compare with ==, !=, in or not in"
    sides = (node.expr, *(each.expr for each in node.ops))
    plain = nodes.Name | nodes.Const | nodes.Concat | nodes.Filter
    if not all(isinstance(side, plain) for side in sides):
        return "compares what is no text; compare a variable with a text"
    return None
