import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.agents.template import MAX_OUTPUT_CHARS, check, is_template, render, used

DECLARED = {"a", "b"}


def rendered(text: str, **values: str) -> str:
    assert check(text, DECLARED) == []
    return render(text, {"a": "", "b": "", **values})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Hello.", "Hello."),
        ("Hello {{ a }}!", "Hello Ann!"),
        ("{{a}}{{ b }}", "Ann"),
        ("{% if a %}\nyes\n{% else %}\nno\n{% endif %}\nend\n", "yes\nend\n"),
        ("{% if b %}b{% elif a == 'Ann' %}Ann{% endif %}", "Ann"),
        ("{{ b | default('friend') }}", "friend"),
        ("{{ a | default('friend') | upper }}", "ANN"),
        ("{{ 'yes' if 'nn' in a and not b else 'no' }}", "yes"),
        ("{{ a ~ ', ' ~ a|lower }}", "Ann, ann"),
        ("{# a remark #}x", "x"),
        ("{% raw %}{{ a }}{% endraw %} {{ '{{' }}", "{{ a }} {{"),
        ("<b> & {{ a }}\n", "<b> & Ann\n"),
    ],
)
def test_what_a_template_can_say(text: str, told: str) -> None:
    assert rendered(text, a="Ann") == told


HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in a %}{% endfor %}",
    "{{ a.__class__.__mro__ }}",
    "{% include '/etc/passwd' %}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ b }}{% if",
    "{#",
    "{% raw %}",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    assert rendered("{{ a }}|{{ a ~ '' }}|{{ b|default(a) }}", a=value) == "|".join([value] * 3)


@given(st.text(), st.text())
def test_any_value_is_put_in_as_it_is(one: str, other: str) -> None:
    assert render("<{{ a }}|{{ b }}>", {"a": one, "b": other}) == f"<{one}|{other}>"


@pytest.mark.parametrize(
    "text",
    [
        "{{ c }}",
        "{{ self }}",
        "{{ range(9) }}",
        "{{ a.b }}",
        "{{ a['b'] }}",
        "{{ a() }}",
        "{{ a|attr('x') }}",
        "{{ a|replace('a', 'b') }}",
        "{{ a|default('x'*1000000000) }}",
        "{{ a|default(b=1) }}",
        "{{ a|upper('x') }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 10**10**10 }}",
        "{{ '%s' % a }}",
        "{{ 1 }}",
        "{{ 1 in a }}",
        "{{ (a == b) in a }}",
        "{{ a < b }}",
        "{{ a is defined }}",
        "{{ [a] }}",
        "{{ {'a': a} }}",
        "{% for x in a %}{% endfor %}",
        "{% set a = 'b' %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as a %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% with %}{% endwith %}",
        "{% filter upper %}{% endfilter %}",
        "{% call a() %}{% endcall %}",
        "{% autoescape true %}{% endautoescape %}",
        "{{ a",
        "{% if a %}",
        "{% endif %}",
        "{# never closed",
    ],
)
def test_what_a_template_cannot_say_is_told_with_its_line_and_the_mend(text: str) -> None:
    faults = check(f"one\n{text}", DECLARED)
    assert faults
    assert {each.line for each in faults} <= {1, 2}
    assert all("; " in each.message for each in faults)


def test_all_faults_are_told_in_the_order_of_the_lines() -> None:
    faults = check("{{ x }}\n{% if a %}\n{{ y }}{% endif %}\n{{ a.b }}", DECLARED)
    assert [each.line for each in faults] == [1, 3, 4]
    assert "'x' is no variable of this agent; declare it" in faults[0].message


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 20_000,
        "{{ " + "not " * 20_000 + "a }}",
        "{{ " + "a or " * 20_000 + "a }}",
        "{{ a" + "|lower" * 20_000 + " }}",
        "{{" * 50_000,
        "{% if a %}" * 3_000 + "{% endif %}" * 3_000,
        "{% if a %}" + "{% elif b %}" * 5_000 + "{% endif %}",
        "{{ " + "a ~ " * 20_000 + "a }}",
        "{{ a }}" * 14_000,
    ],
    ids=range(9),
)
def test_a_template_that_would_take_more_than_its_share_is_refused(text: str) -> None:
    assert check(text, DECLARED)


def test_a_long_output_is_cut() -> None:
    assert len(render("{{ a }}" * 2_000, {"a": "x" * 2_000})) == MAX_OUTPUT_CHARS


def test_the_deepest_template_that_is_allowed_can_be_rendered() -> None:
    text = "x"
    for _ in range(11):
        text = "{% if a %}y" + "{% elif a %}y" * 24 + "{% else %}" + text + "{% endif %}"
    assert rendered(text) == "x"


def test_what_a_template_uses() -> None:
    assert used("{{ a }}{% if b %}{% endif %}{{ 'c' }}") == {"a", "b"}
    assert not is_template("{ a } % } #}")
    assert is_template("x {% if")
