"""The agent that answers where none is named."""

from importlib.resources import files

from bridge.agents.document import Agent, load


def default_agent() -> Agent:
    return load(default_text(), source="default.yaml")


def default_text() -> str:
    """The document itself, as a first one to edit."""
    return files("bridge.agents").joinpath("default.yaml").read_text(encoding="utf-8")
