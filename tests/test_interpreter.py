"""A program of ours is run, whatever lies in the current folder."""

import os
import subprocess
from pathlib import Path

import bridge
from bridge.interpreter import PYTHON, import_path


def test_a_file_of_our_name_in_the_current_folder_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "bridge.py").write_text("raise SystemExit('this is another one')\n")
    done = subprocess.run(
        [*PYTHON, "-c", "import bridge; print(bridge.__file__)"],
        cwd=tmp_path,
        env={**os.environ, **import_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == bridge.__file__
