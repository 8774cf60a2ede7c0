"""``python -m bridge.settings env`` or ``readme``: what documents the variables."""

import sys

from bridge.settings.variables import env_example, readme_rows

if sys.argv[1:] == ["env"]:
    sys.stdout.write(env_example())
elif sys.argv[1:] == ["readme"]:
    rows = ["| variable | default | meaning |", "|---|---|---|", *readme_rows()]
    sys.stdout.write("\n".join(rows) + "\n")
else:
    sys.exit("usage: python -m bridge.settings env | readme")
