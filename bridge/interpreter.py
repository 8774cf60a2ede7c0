"""Another Python beside this one, that runs a program of ours."""

import os
import sys
from typing import Final

# Without -P a file ``bridge.py`` in the current folder would be run in our place.
PYTHON: Final = (sys.executable, "-P")


def import_path() -> dict[str, str]:
    """For its environment: it imports what this one imports, whatever folder it is started in."""
    return {"PYTHONPATH": os.pathsep.join(each or os.getcwd() for each in sys.path)}
