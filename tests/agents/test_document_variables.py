"""The fields of a document that make it differ from call to call."""

import pytest

from bridge.agents.document import Agent, AgentLimits, LookUp, Recording, Variable, load
from bridge.agents.problems import AgentError, Problem

SMALL = "name: Front desk\ninstructions: Be brief.\n"

WHOLE = """\
name: Front desk
instructions: |
  Say hello to {{ who }}.
  {% if tier == 'gold' %}
  Be quick.
  {% endif %}
languages: [de, en]
timezone: Europe/Berlin
variables:
  who: {description: Who calls, default: '', from: lookup:name}
  tier: {from: parameter:tier}
lookup:
  url: https://crm.example.com/caller
  timeout_ms: 800
  headers: {X-Key: abc}
limits: {max_call_s: 600, max_concurrent: 3}
recording: {enabled: true, retention_days: 7}
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(AgentError) as caught:
        load(text)
    assert all("; " in each.message for each in caught.value.problems)
    return list(caught.value.problems)


def test_a_whole_document() -> None:
    agent = load(WHOLE)
    assert agent.languages == ("de", "en")
    assert agent.timezone == "Europe/Berlin"
    assert agent.variables == {
        "who": Variable("Who calls", "", "lookup:name"),
        "tier": Variable(None, None, "parameter:tier"),
    }
    assert agent.lookup == LookUp("https://crm.example.com/caller", 800, {"X-Key": "abc"})
    assert agent.limits == AgentLimits(600, 3)
    assert agent.recording == Recording(True, 7)
    assert agent.warnings("ga") == ()


def test_a_small_document_has_none_of_it() -> None:
    agent = load(SMALL)
    assert agent == Agent("Front desk", "Be brief.")
    assert (agent.variables, agent.lookup, agent.timezone) == ({}, None, "UTC")
    assert load(SMALL + "lookup: {url: 'http://a/'}").lookup == LookUp("http://a/", 1500, {})


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("languages: en", "languages"),
        ("languages: [no]", "languages[0]"),
        ("languages: [english]", "languages[0]"),
        ("timezone: Berlin", "timezone"),
        ("variables: [a]", "variables"),
        ("variables: {Who: {from: caller}}", "variables.Who"),
        ("variables: {a-b: {from: caller}}", "variables.a-b"),
        ("variables: {no: {from: caller}}", "variables.no"),
        ("variables: {loop: {from: caller}}", "variables.loop"),
        ("variables: {a: caller}", "variables.a"),
        ("variables: {a: {}}", "variables.a.default"),
        ("variables: {a: {from: weather}}", "variables.a.from"),
        ("variables: {a: {from: 'parameter:'}}", "variables.a.from"),
        ("variables: {a: {from: lookup:name}}", "variables.a.from"),
        ("variables: {a: {from: caller, defult: x}}", "variables.a.defult"),
        ("variables: {a: {from: caller}, a: {from: called}}", "variables.a"),
        ("lookup: {timeout_ms: 100}", "lookup.url"),
        ("lookup: {url: 'ftp://a/'}", "lookup.url"),
        ("lookup: {url: 'file:///etc/passwd'}", "lookup.url"),
        ("lookup: {url: 'https://user:password@a/'}", "lookup.url"),
        ("lookup: {url: 'https://a/ b'}", "lookup.url"),
        ("lookup: {url: 'https://a/', timeout_ms: 49}", "lookup.timeout_ms"),
        ("lookup: {url: 'https://a/', headers: [a]}", "lookup.headers"),
        ("lookup: {url: 'https://a/', headers: {Host: a}}", "lookup.headers.Host"),
        ("lookup: {url: 'https://a/', headers: {'A B': a}}", "lookup.headers.A B"),
        ('lookup: {url: "https://a/", headers: {A: "b\\r\\nC: d"}}', "lookup.headers.A"),
        ("lookup: {url: 'https://a/', headers: {A: 1}}", "lookup.headers.A"),
        ("lookup: {url: 'https://a/', headers: {A: b, a: c}}", "lookup.headers.a"),
        ("limits: {max_call_s: 9}", "limits.max_call_s"),
        ("limits: {max_concurrent: 0}", "limits.max_concurrent"),
        ("recording: true", "recording"),
        ("recording: {enabled: yes}", "recording.enabled"),
        ("recording: {retention_days: -1}", "recording.retention_days"),
    ],
)
def test_a_value_that_cannot_be_meant_is_an_error_in_its_field(line: str, field: str) -> None:
    found = problems(SMALL + line)
    assert [(each.line, each.field) for each in found] == [(3, field)]


def test_so_many_variables_and_no_more() -> None:
    lines = [f"  v{each}: {{from: caller}}" for each in range(65)]
    assert len(load("\n".join([SMALL + "variables:", *lines[:64]])).variables) == 64
    assert problems("\n".join([SMALL + "variables:", *lines]))[0].field == "variables"


def test_a_fault_of_a_template_is_told_with_its_own_line() -> None:
    text = WHOLE.replace("Be quick", "Be {{ quick }}").replace("hello to", "{{ 7*7 }}")
    found = [(each.line, each.field) for each in problems(text)]
    assert found == [(3, "instructions"), (5, "instructions")]


def test_a_fault_in_a_text_of_another_form_is_told_where_the_text_begins() -> None:
    text = (
        "name: x\ninstructions: y\ngreeting: 'Hello\n\n  {{ who }}'\nvariables: {a: {default: b}}"
    )
    assert [(each.line, each.column, each.field) for each in problems(text)] == [
        (3, 11, "greeting")
    ]


def test_a_text_is_literal_where_no_variables_are_declared_and_that_is_warned_of() -> None:
    agent = load("name: x\ninstructions: 'Say {{ this }} {% and'\n")
    assert agent.instructions == "Say {{ this }} {% and"
    assert len(agent.warnings("ga")) == 1


def test_what_is_declared_and_not_used_is_warned_of() -> None:
    told = load(SMALL + "variables: {a: {default: b}, c: {from: caller}}").warnings("ga")
    assert [each.split(" ")[0] for each in told] == ["variables.a", "variables.c"]
    asked = "variables: {a: {default: b}}\nlookup: {url: 'https://a/'}\n"
    told = load("name: x\ninstructions: '{{ a }}'\n" + asked).warnings("ga")
    assert len(told) == 1
    assert told[0].startswith("lookup is not asked")
