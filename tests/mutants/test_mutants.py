"""Planted faults: each must turn the test that names it red.

A test that stays green under its fault promises nothing. Every fault is one exchange of text in
one file, made in a copy of the project; the copy's own tests then run in a process of their own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
TESTS_FAILED = 1  # pytest's exit code; a collection that broke has another


@dataclass(frozen=True)
class Fault:
    name: str
    file: str
    old: str
    new: str
    test: str


FAULTS = [
    Fault(**row)
    for path in sorted(Path(__file__).parent.glob("*.json"))
    for row in json.loads(path.read_text())
]


@dataclass(frozen=True)
class Copy:
    """The project in a folder of its own."""

    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Python on the copy: neither the installed project nor a stale bytecode file."""
        environ = {name: value for name, value in os.environ.items() if "COV" not in name}
        environ |= {
            "PYTHONPATH": os.pathsep.join(map(str, (self.root, self.root / "codecs"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=self.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def tests(self, *tests: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "pytest", "-p", "no:cacheprovider", "-x", "-q", *tests)

    def under(self, fault: Fault) -> subprocess.CompletedProcess[str]:
        """The named test under its fault; the copy is whole again afterwards."""
        path = self.root / fault.file
        text = path.read_text()
        assert text.count(fault.old) == 1, f"{fault.file} has this {text.count(fault.old)} times"
        path.write_text(text.replace(fault.old, fault.new))
        try:
            return self.tests(fault.test)
        finally:
            path.write_text(text)


def copied(to: Path) -> Copy:
    for name in ("bridge", "codecs", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
        shutil.copytree(ROOT / name, to / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", to)
    return Copy(to)


Runs = dict[str, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copied(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """All faults under way, each in whichever copy is free."""
    free: SimpleQueue[Copy] = SimpleQueue()
    for _ in range(AT_ONCE):
        free.put(copied(tmp_path_factory.mktemp("faulty")))

    def run(fault: Fault) -> subprocess.CompletedProcess[str]:
        copy = free.get()
        try:
            return copy.under(fault)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {fault.name: pool.submit(run, fault) for fault in FAULTS}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_turns_its_test_red(fault: Fault, runs: Runs) -> None:
    result = runs[fault.name].result()
    assert result.returncode == TESTS_FAILED, result.stdout + result.stderr


def test_without_a_fault_the_same_tests_are_green(copy: Copy) -> None:
    result = copy.tests(*{fault.test for fault in FAULTS})
    assert result.returncode == 0, result.stdout + result.stderr


def test_it_is_the_copy_that_is_tested(copy: Copy) -> None:
    result = copy.run("-c", "import bridge, telcodecs; print(bridge.__file__, telcodecs.__file__)")
    assert [Path(file).parents[1] for file in result.stdout.split()] == [
        copy.root,
        copy.root / "codecs",
    ]


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.old != fault.new for fault in FAULTS)
