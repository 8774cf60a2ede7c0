"""Agents as files: NAME.yaml, with its test conversations beside it in NAME.tests.yaml."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.agents.problems import AgentError, Problem
from bridge.store.agents import NAME, NAME_FORM

SUFFIX: Final = ".yaml"
TESTS_SUFFIX: Final = ".tests.yaml"


@dataclass(frozen=True)
class AgentFile:
    """``tests`` None: there is no such file, so nothing is said of them."""

    name: str
    path: Path
    text: str
    tests: str | None


def files_of(paths: Iterable[Path]) -> Sequence[AgentFile]:
    """Of files, and of all in folders. Raises ``AgentError`` for what cannot be read, and for two
    files of one agent."""
    found: dict[str, AgentFile] = {}
    for each in (document for path in paths for document in _documents(path)):
        file = _file(each)
        other = found.setdefault(file.name, file)
        if other.path.resolve() != each.resolve():
            told = f"is the agent {file.name}, and so is {other.path}; give one of them"
            raise AgentError(str(each), [Problem(1, 1, "", told)])
    return [*found.values()]


def write(folder: Path, name: str, text: str, tests: str) -> Sequence[Path]:
    """To the byte. Tests that are there and should not be become an empty file, so that reading
    the folder gives what was written. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / f"{name}{SUFFIX}"
    beside = tests_path(document)
    document.write_bytes(text.encode())
    if not tests and not beside.exists():
        return [document]
    beside.write_bytes(tests.encode())
    return [document, beside]


def read(path: Path) -> str:
    """Every byte of it: line ends, too. Raises ``AgentError``."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        told = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise AgentError(str(path), [Problem(1, 1, "", told)]) from None
    except UnicodeDecodeError as error:
        row = error.object.count(b"\n", 0, error.start) + 1
        told = "is not UTF-8; save the file in that encoding"
        raise AgentError(str(path), [Problem(row, 1, "", told)]) from None


def tests_beside(path: Path) -> str | None:
    """The tests of ``path``; None: there is no file of them. Raises ``AgentError``."""
    beside = tests_path(path)
    return read(beside) if beside.is_file() else None


def tests_path(document: Path) -> Path:
    return document.with_name(f"{document.stem}{TESTS_SUFFIX}")


def _documents(path: Path) -> Sequence[Path]:
    if not path.exists() and path.suffix != SUFFIX:
        raise AgentError(str(path), [Problem(1, 1, "", "is not there; check the path")])
    if not path.is_dir():
        return [path]
    found = [each for each in sorted(path.glob(f"*{SUFFIX}")) if not _is_tests(each)]
    if not found:
        told = f"holds no NAME{SUFFIX}; name another folder, or a file"
        raise AgentError(str(path), [Problem(1, 1, "", told)])
    return found


def _file(path: Path) -> AgentFile:
    if _is_tests(path) or path.suffix != SUFFIX or not re.fullmatch(NAME, path.stem):
        told = f"is not called as an agent is; call it NAME{SUFFIX}, NAME of {NAME_FORM}"
        raise AgentError(str(path), [Problem(1, 1, "", told)])
    return AgentFile(path.stem, path, read(path), tests_beside(path))


def _is_tests(path: Path) -> bool:
    return path.name.endswith(TESTS_SUFFIX)
