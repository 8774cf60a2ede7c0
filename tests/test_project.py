"""The project as a whole: what lies where, and what an installation gets."""

import codecs
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {"README.md", "bridge", "codecs", "deploy", "pyproject.toml", "tests"}
# Written in two pieces, so that this file may be searched as well.
NOT_IN_ANY_FILE = [
    first + second
    for first, second in (
        ("/wo", "rk/"),
        ("/ho", "me/"),
        ("/ro", "ot/"),
        ("/tmp/", "venv"),
        ("../", "shared"),
        ("TO", "DO"),
        ("FIX", "ME"),
        ("type: ", "ignore"),
        ("# no", "qa"),
        ("pragma: ", "no cover"),
        ("x", "fail"),
    )
]


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_the_top_level_holds_these_and_nothing_else() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def test_no_file_names_a_machine_or_puts_off_work() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        if path.is_file()
        for word in NOT_IN_ANY_FILE
        if word.encode() in path.read_bytes()
    ]
    assert found == []


def test_tests_are_modules_without_packages() -> None:
    assert [
        path for path in tracked() if (ROOT / "tests") in path.parents and path.stem == "__init__"
    ] == []


def test_the_folder_codecs_is_no_package_and_shadows_nothing() -> None:
    assert not (ROOT / "codecs/__init__.py").exists()
    assert codecs.lookup("utf-8").name == "utf-8"
    assert not Path(codecs.__file__).is_relative_to(ROOT)
    there = "import codecs; print(codecs.__file__)"
    for folder in (ROOT, ROOT / "codecs"):
        ran = subprocess.run(
            [sys.executable, "-c", there], cwd=folder, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == codecs.__file__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in the wheel that pip would install."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_both_packages_whole(wheel: set[str]) -> None:
    codecs_root = ROOT / "codecs"
    packaged = {
        path.relative_to(codecs_root if path.is_relative_to(codecs_root) else ROOT).as_posix()
        for path in tracked()
        if path.is_relative_to(ROOT / "bridge") or path.is_relative_to(codecs_root)
    }
    assert packaged - wheel == set()
    assert {"bridge/py.typed", "telcodecs/py.typed", "bridge/agents/default.yaml"} <= wheel


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {
        "bridge",
        "offhook",
        "telcodecs",
    }
    assert [name for name in wheel if name.endswith(".pyc")] == []


def test_the_command_and_the_supported_interpreters_are_stated() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "offhook"
    assert set(project["scripts"]) == {"offhook"}
    assert project["requires-python"] == ">=3.11,<3.15"
