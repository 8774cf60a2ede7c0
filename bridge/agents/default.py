"""The agent that answers where none is named."""

from importlib.resources import files

from bridge.agents.document import Agent, load
from bridge.agents.yaml_text import yaml_text


def default_agent() -> Agent:
    return load(default_text(), source="default.yaml")


def default_text() -> str:
    return files("bridge.agents").joinpath("default.yaml").read_text(encoding="utf-8")


def first_text(title: str) -> str:
    """For a new agent, to be edited: the same without what is said of this one alone."""
    lines = [each for each in default_text().splitlines() if not each.startswith("#")]
    own = {
        "name:": yaml_text({"name": title}),
        "greeting:": "greeting: Hello, how can I help you?\n",
    }
    return "".join(own.get(each.split(" ")[0], f"{each}\n") for each in lines)
