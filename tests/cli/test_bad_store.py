"""A database that cannot be used: one line with the mend from every command, and no traceback."""

import os
from pathlib import Path

import pytest

from tests.cli.offhook import offhook
from tests.cli.shell import Shell

COMMANDS = (
    ("agents", "list"),
    ("agents", "show", "shop"),
    ("routes", "list"),
    ("routes", "explain", "--called", "+15005550001", "--caller", "+15005550002"),
    ("calls", "list"),
    ("calls", "replay", "CA1", "--agent", "shop"),
    ("tokens", "list"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_that_is_no_database_ends_with_1(shell: Shell, command: tuple[str, ...]) -> None:
    (Path(os.environ["OFFHOOK_STATE_DIR"]) / "offhook.db").write_bytes(b"no database" * 1000)
    told = shell.refused(1, *command)
    assert "file is not a database; put a backup in the place" in told
    assert len([each for each in told.splitlines() if "warning" not in each]) == 1


@pytest.mark.parametrize("command", [*COMMANDS, ("doctor",)], ids=" ".join)
def test_a_port_that_is_none_says_what_to_write(shell: Shell, command: tuple[str, ...]) -> None:
    shell.monkeypatch.setenv("OFFHOOK_DATABASE_URL", "postgresql://kim:sesame@127.0.0.1:abc/none")
    done = shell.run(*command)
    assert done.exit_code == 1
    assert "write postgresql://USER:PASSWORD@HOST:PORT/NAME" in done.output
    assert "sesame" not in done.output and "bug" not in done.output


def test_serve_names_the_url_and_not_the_folder(tmp_path: Path) -> None:
    url = "postgresql://kim:sesame@127.0.0.1:abc/none"
    settings = {"OFFHOOK_STATE_DIR": str(tmp_path), "OFFHOOK_DATABASE_URL": url}
    done = offhook("serve", "--port", "0", settings=settings | {"OFFHOOK_MODEL_PROVIDER": "local"})
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("store: the database cannot be used: the port in OFFHOOK_DATABASE_URL")
