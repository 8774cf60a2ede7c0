from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from bridge.agents.canonical import from_json, to_json, write
from bridge.agents.default import default_agent
from bridge.agents.document import Agent, load
from bridge.agents.problems import AgentError
from tests.agents.documents import agents

SMALL = {"name": "Front desk", "instructions": "Be brief."}


@given(agents())
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_as_the_same_agent_and_written_the_same_again(
    agent: Agent,
) -> None:
    text = write(agent)
    assert load(text) == agent
    assert write(load(text)) == text


@given(agents())
@settings(max_examples=100, deadline=None)
def test_an_agent_comes_back_from_its_json(agent: Agent) -> None:
    assert from_json(msgspec.json.decode(msgspec.json.encode(to_json(agent)))) == agent


def test_it_reads_as_somebody_would_write_it() -> None:
    text = """\
name: Front desk
instructions: |
  You answer for "Zoë's: shop".

    - be brief
  # and kind
greeting: 'Hello: how can I help?'
speed: 1.1
turn_detection:
  type: server_vad
  silence_duration_ms: 600
functions:
  - name: find_order
    entry_point: shop.orders:find
    parameters:
      type: object
      properties:
        number:
          type: string
          minLength: 3
      required:
        - number
    timeout_s: 3
  - name: weather
languages:
  - en
  - 'no'
timezone: Europe/Berlin
variables:
  caller_name:
    description: Who calls
    default: ''
    from: lookup:name
lookup:
  url: https://crm.example.com/caller
  timeout_ms: 1500
limits:
  max_call_s: 600
recording:
  enabled: true
"""
    assert write(load(text)) == text


def test_the_default_agent_is_written_without_what_is_usual() -> None:
    assert load(write(default_agent())) == default_agent()
    assert write(Agent("A", "B")) == "name: A\ninstructions: B\n"


def problems(value: Any) -> list[str]:
    with pytest.raises(AgentError) as caught:
        from_json(value)
    assert all("; " in each.message for each in caught.value.problems)
    return [each.field for each in caught.value.problems]


def test_every_problem_of_json_is_named_by_its_field() -> None:
    wrong = {
        "name": 3,
        "voice": True,
        "speed": "1",
        "temperature": 1e-7,
        "turn_detection": {"type": "vad"},
        "functions": [{"name": "f"}, {"name": "f", "parameters": {"type": "array"}}],
        "variables": {"x": {"from": "weather"}},
        "colour": "red",
    }
    assert sorted(problems(wrong)) == [
        "colour",
        "functions[1].name",
        "functions[1].parameters.type",
        "instructions",
        "name",
        "speed",
        "temperature",
        "turn_detection.type",
        "variables.x.from",
        "voice",
    ]


@pytest.mark.parametrize("value", [None, [], "x", 3, {}])
def test_json_that_is_no_agent_is_told(value: Any) -> None:
    assert problems(value)


@pytest.mark.parametrize(
    "text", ["no", "1", "1.5", "null", "~", "<<", "=", "2026-01-02", "*a", "# x", "- a", "a: b"]
)
def test_json_texts_stay_texts_whatever_yaml_would_read(text: str) -> None:
    assert from_json({**SMALL, "greeting": text}).greeting == text


def test_null_in_json_is_a_field_that_is_not_there() -> None:
    assert from_json({**SMALL, "voice": None, "lookup": None}) == Agent("Front desk", "Be brief.")


def test_half_a_character_is_told() -> None:
    assert problems({**SMALL, "greeting": "a\ud800"}) == ["greeting"]
    nested = {"type": "object", "description": "\udfff"}
    assert problems({**SMALL, "functions": [{"name": "f", "parameters": nested}]})
