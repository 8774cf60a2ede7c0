"""The README's table of settings is the one the program has."""

import re
from pathlib import Path

from bridge.settings.variables import VARIABLES, readme_rows

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_has_a_row_for_every_variable_with_its_default_and_meaning() -> None:
    rows = [line for line in README.read_text().splitlines() if re.match(r"\| `[A-Z_]+` \|", line)]
    assert rows == readme_rows()
    assert README.read_text().count("| variable | default | meaning |") == 1
    assert len(rows) == len(VARIABLES)
