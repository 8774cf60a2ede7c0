"""The YAML of patterns: what a simulated model answers to what it hears.

    rules:
      - hears: "order (?P<order>.+)"     # a regular expression, or a list of them
        calls: find_order                # a function that the client offers
        arguments: {number: "{digits}"}  # without: filled by the function's schema
      - after: find_order                # its output has come
        says: "Here it is. The order is {state}."
      - hears: ["bye", "that is all"]
        says: ["Goodbye.", "Bye."]       # one a use, the last one from then on
        calls: end_call
        once: true                       # later turns pass this rule by
    otherwise: "I see. Tell me more."

Rules are tried in order. In ``says`` and ``arguments`` stand the named groups of ``hears``,
``{heard}`` (the whole turn), ``{digits}`` (the first figures in it, as digits), and in a rule
with ``after`` ``{output}`` and the fields of an output that is a JSON object.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

PLACEHOLDER = re.compile(r"\{(\w+)\}")
FIELDS = {"hears", "after", "says", "calls", "arguments", "once"}
ALWAYS_KNOWN = {"heard", "digits"}


class PatternError(ValueError):
    """The patterns cannot be used; the text has a line for each problem, with its field."""


@dataclass(frozen=True)
class Rule:
    hears: tuple[re.Pattern[str], ...] = ()
    after: str | None = None
    says: tuple[str, ...] = ()
    calls: str | None = None
    arguments: Mapping[str, Any] | None = None
    once: bool = False


@dataclass(frozen=True)
class Patterns:
    rules: tuple[Rule, ...] = ()
    otherwise: tuple[str, ...] = ()


def load_patterns(text: str) -> Patterns:
    """Raises ``PatternError`` naming every field that is wrong."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise PatternError(f"not YAML: {problem}") from problem
    problems = list(_document_problems(document))
    if problems:
        raise PatternError("\n".join(problems))
    rules = tuple(_rule(each) for each in document.get("rules") or ())
    return Patterns(rules, _texts(document.get("otherwise")))


def _document_problems(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "the patterns must be a mapping with the key rules"
        return
    for key in sorted(set(map(str, document)) - {"rules", "otherwise"}):
        yield f"{key}: unknown; known are rules and otherwise"
    yield from _texts_problems("otherwise", document.get("otherwise"), ALWAYS_KNOWN)
    rules = document.get("rules") or []
    if not isinstance(rules, list):
        yield "rules: must be a list"
        return
    for number, rule in enumerate(rules):
        yield from _rule_problems(f"rules[{number}]", rule)


def _rule_problems(at: str, rule: Any) -> Iterator[str]:
    if not isinstance(rule, dict):
        yield f"{at}: must be a mapping"
        return
    for key in sorted(set(map(str, rule)) - FIELDS):
        yield f"{at}.{key}: unknown; known are {', '.join(sorted(FIELDS))}"
    if ("hears" in rule) == ("after" in rule):
        yield f"{at}: needs either hears or after"
    if "says" not in rule and "calls" not in rule:
        yield f"{at}: needs says or calls"
    expressions = _texts(rule.get("hears"))
    if "hears" in rule and not expressions:
        yield f"{at}.hears: must be a regular expression or a list of them"
    groups: set[str] = set()
    for expression in expressions:
        try:
            groups |= set(re.compile(expression).groupindex)
        except re.error as problem:
            yield f"{at}.hears: {expression!r} is not a regular expression: {problem}"
    # The fields of an output are not known before it comes.
    known = None if "after" in rule else groups | ALWAYS_KNOWN
    yield from _texts_problems(f"{at}.says", rule.get("says"), known)
    yield from _kind_problems(at, rule, known)


def _kind_problems(at: str, rule: dict[str, Any], known: set[str] | None) -> Iterator[str]:
    for key, kind, words in (
        ("after", str, "the name of a function"),
        ("calls", str, "the name of a function"),
        ("arguments", dict, "a mapping"),
        ("once", bool, "true or false"),
    ):
        if key in rule and not isinstance(rule[key], kind):
            yield f"{at}.{key}: must be {words}"
    if "arguments" in rule and "calls" not in rule:
        yield f"{at}.arguments: needs calls"
    if isinstance(rule.get("arguments"), dict):
        for name, value in rule["arguments"].items():
            yield from _placeholder_problems(f"{at}.arguments.{name}", value, known)


def _texts_problems(at: str, value: Any, known: set[str] | None) -> Iterator[str]:
    if value is not None and not _texts(value):
        yield f"{at}: must be a text or a list of texts"
    for text in _texts(value):
        yield from _placeholder_problems(at, text, known)


def _placeholder_problems(at: str, value: Any, known: set[str] | None) -> Iterator[str]:
    if known is not None and isinstance(value, str):
        for name in PLACEHOLDER.findall(value):
            if name not in known:
                yield f"{at}: {{{name}}} is unknown; known are {', '.join(sorted(known))}"


def _texts(value: Any) -> tuple[str, ...]:
    """A text or a list of texts; empty for anything else."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    return ()


def _rule(rule: dict[str, Any]) -> Rule:
    return Rule(
        hears=tuple(re.compile(each, re.IGNORECASE) for each in _texts(rule.get("hears"))),
        after=rule.get("after"),
        says=_texts(rule.get("says")),
        calls=rule.get("calls"),
        arguments=rule.get("arguments"),
        once=rule.get("once", False),
    )
