"""What the documents for people say is so: commands, examples, paths, settings, log lines."""

import importlib.util
import json
import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from bridge.agents.document import FIELDS, FunctionSpec, Transcription, TurnDetection, load
from bridge.agents.route_json import from_json
from bridge.cli import app
from bridge.functions import load_functions
from bridge.settings.variables import VARIABLES
from bridge.trials.reading import load_conversations

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text()
DEPLOY = (TOP / "deploy" / "README.md").read_text()
PAGES = [(TOP / "deploy" / name).read_text() for name in ("AGENTS.md", "API.md")]
BOTH = "\n".join((README, DEPLOY, *PAGES))
SOURCE = "\n".join(path.read_text() for path in sorted((TOP / "bridge").rglob("*.py")))
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]


def blocks(text: str, language: str) -> list[str]:
    """Fenced blocks, also those inside a list."""
    fence = rf"^( *)```{language}\n(.*?)^\1```$"
    return [textwrap.dedent(found[2]) for found in re.finditer(fence, text, re.M | re.S)]


def shell_commands() -> list[list[str]]:
    """Every command of every shell block, as words, without settings before it."""
    joined = "\n".join(blocks(BOTH, "bash")).replace("\\\n", " ")
    parts = [part for line in joined.splitlines() for part in re.split(r"&&|;", line)]
    words = [shlex.split(part, comments=True) for part in parts]
    return [without_settings(each) for each in words if each]


def without_settings(words: list[str]) -> list[str]:
    first = next((n for n, word in enumerate(words) if not re.match(r"[A-Z_]+=", word)), 0)
    return words[first:]


def offhook_commands() -> list[list[str]]:
    inline = (shlex.split(each) for each in re.findall(r"`(offhook [^`]+)`", BOTH))
    fenced = (each for each in shell_commands() if each[0].endswith("offhook"))
    return [each[1:] for each in (*fenced, *inline)]


def command_names() -> set[str]:
    group: Any = typer.main.get_group(app)
    return {*group.commands}


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.M | re.S)
    assert found, title
    return found[1]


def first_column(text: str) -> Iterator[str]:
    """What stands in backticks in the first column of the tables."""
    for cell in re.findall(r"^\| ([^|]+?) \|", text, re.M):
        yield from re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("words", offhook_commands(), ids=" ".join)
def test_every_command_is_one_that_the_program_takes(words: list[str]) -> None:
    group: Any = typer.main.get_group(app)
    name, *arguments = words
    command = group.commands[name]
    while arguments and (inside := getattr(command, "commands", None)):
        name, *arguments = arguments
        command = inside[name]
    if not hasattr(command, "commands"):
        command.make_context(name, arguments)


def test_every_command_is_in_the_table_and_among_the_examples() -> None:
    told = section("Commands")
    table = {each.removeprefix("offhook ") for each in first_column(told)}
    assert table == command_names()
    examples = {
        shlex.split(line)[1] for block in blocks(told, "bash") for line in block.splitlines()
    }
    assert examples == command_names()


def test_the_readme_opens_with_one_sentence_and_two_commands() -> None:
    title, what, *_ = README.split("\n\n")
    assert title == "# Offhook"
    assert what.count(".") == 1 and what.endswith(".")
    demo, tests = blocks(README, "bash")[:2]
    assert demo.count("\n") == tests.count("\n") == 1
    assert "pip install '.[local]'" in demo and "offhook demo" in demo
    assert "pip install -e '.[test]'" in tests and tests.rstrip().endswith(".venv/bin/pytest")


def test_every_extra_that_is_installed_is_one_of_the_project() -> None:
    asked = set(re.findall(r"pip install (?:-e )?'\.\[(\w+)\]'", BOTH))
    assert asked and asked <= set(PROJECT["optional-dependencies"])


def test_every_module_that_is_run_is_there() -> None:
    modules = re.findall(r"python -m ((?:bridge|tests)[\w.]*)", BOTH)
    assert modules
    assert [each for each in modules if importlib.util.find_spec(each) is None] == []


TESTS = "conversations:"


@pytest.mark.parametrize(
    "text", [each for each in blocks(BOTH, "yaml") if not each.startswith(TESTS)]
)
def test_every_agent_loads_and_means_something_to_the_newest_dialect(text: str) -> None:
    assert load(text).warnings("ga") == ()


def test_the_test_conversations_and_the_routes_that_are_shown_can_be_read() -> None:
    shown = [each for each in blocks(BOTH, "yaml") if each.startswith(TESTS)]
    assert shown and all(load_conversations(each, source="shown").each for each in shown)
    routes = [from_json(json.loads(each)) for each in blocks(BOTH, "json")]
    assert routes and routes[0].trial is not None


def test_the_table_of_the_agent_has_every_field() -> None:
    agent = section("The agent")
    assert sorted(set(first_column(agent))) == sorted(FIELDS)
    for part in (TurnDetection, Transcription, FunctionSpec):
        for each in fields(part):
            assert f"`{each.name}`" in agent


def test_the_python_example_is_the_function_that_the_agent_example_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = blocks(README, "python")
    (tmp_path / "shop.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    (agent,) = (load(each) for each in blocks(README, "yaml") if "functions:" in each)
    (function,) = load_functions(agent.functions).values()
    assert function.name == "find_order"
    assert function.description == "Find the state of an order by its number."
    assert function.timeout_s == 5
    number = function.parameters["properties"]["number"]
    assert number["type"] == "string"
    assert number["description"] == "The order's number, digits only."
    assert function.parameters["required"] == ["number"]


@pytest.mark.parametrize(("text", "folder"), [(README, TOP), (DEPLOY, TOP / "deploy")])
def test_every_link_leads_to_something(text: str, folder: Path) -> None:
    links = [each for each in re.findall(r"\]\(([^)#]+)", text) if "://" not in each]
    assert links
    assert [each for each in links if not (folder / each).exists()] == []


def test_the_tree_has_every_package_and_no_other() -> None:
    parts = {each for each in first_column(section("How a call works")) if each.endswith("/")}
    packages = {f"bridge/{path.parent.name}/" for path in TOP.glob("bridge/*/__init__.py")}
    assert parts == packages | {"codecs/telcodecs/", "bridge/", "tests/", "deploy/"}


def test_every_setting_that_is_named_is_one() -> None:
    named = set(re.findall(r"\b(?:OFFHOOK|TWILIO|AZURE_OPENAI|OPENAI)_[A-Z_]+", BOTH))
    assert named - {each.name for each in VARIABLES} == set()


def test_every_path_of_a_webhook_is_one() -> None:
    named = set(re.findall(r"/twilio/([\w-]+)", BOTH))
    assert {"voice", "status", "action"} <= named
    for each in named - {"media"}:
        assert f'@routes.post("/{each}")' in SOURCE
    for each in set(re.findall(r"/(?:healthz|readyz)\b", BOTH)):
        assert f'@routes.get("{each}")' in SOURCE


def test_every_log_line_that_is_explained_is_one_that_is_written() -> None:
    table = DEPLOY[DEPLOY.index("## A bad day") :]
    lines = [each for each in first_column(table) if " " in each]
    assert len(lines) > 8
    assert [each for each in lines if each not in SOURCE] == []
