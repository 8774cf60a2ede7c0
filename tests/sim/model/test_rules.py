"""The YAML of patterns and its errors."""

import pytest

from bridge.sim.model.rules import PatternError, load_patterns


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "not YAML"),
        ("- a", "the patterns must be a mapping"),
        ("rule: []", "rule: unknown; known are rules and otherwise"),
        ("rules: {}\nx: 1", "x: unknown"),
        ("rules: text", "rules: must be a list"),
        ("rules: [text]", "rules[0]: must be a mapping"),
        ("rules: [{hears: a, says: b}, {hears: a, say: b}]", "rules[1].say: unknown"),
        ("rules: [{hears: a}]", "rules[0]: needs says or calls"),
        ("rules: [{says: a}]", "rules[0]: needs either hears or after"),
        ("rules: [{hears: '(', says: b}]", "rules[0].hears: '(' is not a regular expression"),
        ("rules: [{hears: 5, says: b}]", "rules[0].hears: must be a regular expression"),
        ("rules: [{hears: a, says: 5}]", "rules[0].says: must be a text"),
        ("rules: [{hears: a, says: '{order}'}]", "rules[0].says: {order} is unknown; known are"),
        (
            "rules: [{hears: a, calls: f, arguments: {n: '{x}'}}]",
            "rules[0].arguments.n: {x} is unknown",
        ),
        ("rules: [{hears: a, says: b, arguments: {}}]", "rules[0].arguments: needs calls"),
        ("rules: [{after: f, calls: [g]}]", "rules[0].calls: must be the name of a function"),
        ("rules: [{hears: a, says: b, once: 2}]", "rules[0].once: must be true or false"),
        ("otherwise: '{order}'", "otherwise: {order} is unknown"),
    ],
)
def test_an_error_names_its_field(text: str, problem: str) -> None:
    with pytest.raises(PatternError) as caught:
        load_patterns(text)
    assert problem in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(PatternError) as caught:
        load_patterns("rules: [{hears: a}, {says: b}]")
    assert len(str(caught.value).splitlines()) == 2


def test_expressions_hear_in_any_case() -> None:
    rule = load_patterns("rules: [{hears: best of times, says: yes it was}]").rules[0]
    assert rule.hears[0].search("The BEST of Times")
    assert (rule.says, rule.once) == (("yes it was",), False)
