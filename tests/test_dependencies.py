"""What is imported and what pyproject.toml asks for are the same."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

TOP = Path(__file__).parents[1]
OWN = {"bridge", "telcodecs", "tests"}

# Asked for, but not imported under their own name.
NOT_IMPORTED = {
    "aiohttp",  # what azure-identity's asynchronous credentials are carried by
    "aiosqlite",  # SQLAlchemy's, by the name in a URL, as is the next
    "asyncpg",
    "audioop-lts",  # the module audioop, which the standard library brings until 3.12
    "hatchling",  # builds the wheel in a test, named as the build backend
    "httptools",  # uvicorn's, by name
    "moonshine-voice",  # its weights and a recording are used, its code is not
    "mypy",
    "pytest-cov",
    "pytest-xdist",
    "ruff",
    "types-pyyaml",
    "tzdata",
}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def names(requirements: Iterable[str]) -> set[str]:
    found = (re.match(r"[\w.-]+", each) for each in requirements)
    return {normal(each[0]) for each in found if each}


def imported(folder: str) -> Iterator[str]:
    """The first part of every module imported in the files under ``folder``."""
    for path in sorted((TOP / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (each.name for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def distributions(*folders: str) -> set[str]:
    """Who provides what is imported there; where nobody does, the module's own name."""
    known = packages_distributions()
    modules = {each for folder in folders for each in imported(folder)}
    ours = {*sys.stdlib_module_names, *OWN}
    return {provider(each, known) for each in modules if each.split(".")[0] not in ours}


def provider(module: str, known: Mapping[str, list[str]]) -> str:
    """azure is a namespace of many distributions, each named as its package is."""
    if module.startswith("azure."):
        return "-".join(module.split(".")[:2])
    root = module.split(".")[0]
    return normal(known.get(root, [root])[0])


def declared() -> tuple[set[str], dict[str, set[str]]]:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    extras = {name: names(each) for name, each in project["optional-dependencies"].items()}
    return names(project["dependencies"]), extras


def test_the_program_imports_what_it_declares_and_nothing_else() -> None:
    base, extras = declared()
    asked = base | extras["local"] | extras["loadtest"]
    used = distributions("bridge", "codecs")
    assert used - asked == set()
    assert asked - used <= NOT_IMPORTED


def test_the_tests_import_what_they_declare_and_nothing_else() -> None:
    base, extras = declared()
    asked = base | extras["local"] | extras["loadtest"] | extras["test"]
    used = distributions("bridge", "codecs", "tests")
    assert used - asked == set()
    assert asked - used - {"offhook"} <= NOT_IMPORTED
