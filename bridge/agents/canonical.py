"""An agent as YAML in one form: for edits that come as JSON, and for comparing.

``load(write(agent)) == agent``, and the same agent always gives the same text. Fields stand in the
order of the document, those with their default are left out.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from bridge.agents.document import Agent, FunctionSpec, Transcription, TurnDetection, load
from bridge.agents.json_tree import json_yaml
from bridge.agents.problems import AgentError, Problem
from bridge.agents.yaml_text import yaml_text


def write(agent: Agent) -> str:
    return yaml_text(to_json(agent))


def to_json(agent: Agent) -> dict[str, Any]:
    """As the document has it, without what is left to its default."""
    written = _differing(agent, Agent("", ""))
    turn = agent.turn_detection
    if "turn_detection" in written:
        written["turn_detection"] = _turn(turn)
    if agent.transcription is not None:
        written["transcription"] = _transcription(agent.transcription, agent.language)
    if agent.functions:
        written["functions"] = [_function(each) for each in agent.functions]
    if agent.variables:
        written["variables"] = {
            name: _renamed(_given(each), "source", "from") for name, each in agent.variables.items()
        }
    if agent.lookup is not None:
        written["lookup"] = _given(agent.lookup)
    return {key: _lines(value) for key, value in written.items()}


def from_json(value: Any) -> Agent:
    """Raises ``AgentError`` with every problem, named by its field; their lines mean nothing."""
    return load(json_text(value), source="agent")


def json_text(value: Any) -> str:
    """The YAML of a document that came as JSON, for ``load``. Raises ``AgentError``."""
    if not isinstance(value, Mapping):
        told = "is not an object; write one with at least name and instructions"
        raise AgentError("agent", [Problem(1, 1, "", told)])
    return json_yaml(value, "agent")


def _differing(value: Any, default: Any) -> dict[str, Any]:
    """The fields that are not as they would be without being written."""
    found: dict[str, Any] = {}
    for each in fields(value):
        own, other = getattr(value, each.name), getattr(default, each.name)
        if own == other:
            continue
        nested = is_dataclass(own) and is_dataclass(other)
        found[each.name] = _differing(own, other) if nested else _plain(own)
    return found


def _plain(value: Any) -> Any:
    """Numbers of a document's own fields are written as people write them: 1, not 1.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return list(value) if isinstance(value, tuple) else value


def _given(value: Any) -> dict[str, Any]:
    found = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return {key: each for key, each in found.items() if each not in (None, {})}


def _turn(turn: TurnDetection) -> dict[str, Any]:
    """The type always; a silence only where it is not what the type has by itself."""
    usual = 500 if turn.type == "server_vad" else None
    written = _given(turn)
    if turn.silence_duration_ms == usual:
        written.pop("silence_duration_ms", None)
    return written


def _transcription(heard: Transcription, language: str | None) -> dict[str, Any]:
    written = _given(heard)
    if heard.language == language:
        written.pop("language", None)
    return {key: _lines(each) for key, each in written.items()}


def _function(spec: FunctionSpec) -> dict[str, Any]:
    written = _given(spec)
    if spec.entry_point == spec.name:
        del written["entry_point"]
    if "description" in written:
        written["description"] = _lines(written["description"])
    if spec.parameters is not None:
        written["parameters"] = spec.parameters
    return written


def _renamed(written: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if key == old else key: _lines(value) for key, value in written.items()}


def _lines(value: Any) -> Any:
    """Texts of the document are read without the white space around them, so that one of several
    lines can end as a text file does."""
    if isinstance(value, str) and "\n" in value and value == value.strip():
        return f"{value}\n"
    return value
