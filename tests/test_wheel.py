"""What pip installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

TOP = Path(__file__).parents[1]


def test_the_wheel_has_both_packages_their_data_and_the_command(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("offhook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        (entry_points,) = (each for each in files if each.endswith("entry_points.txt"))
        assert "offhook = bridge.cli:main" in archive.read(entry_points).decode()
    sources = [path for folder in ("bridge", "codecs") for path in (TOP / folder).rglob("*.*")]
    wanted = {path.relative_to(TOP).as_posix().removeprefix("codecs/") for path in sources}
    wanted = {each for each in wanted if "__pycache__" not in each}
    assert wanted <= files
    assert {each.split("/")[0].split("-")[0] for each in files} == {
        "bridge",
        "telcodecs",
        "offhook",
    }
