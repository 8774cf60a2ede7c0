"""Every measurement of this folder, one table after the other.

    python -m tests.bench

Takes about six minutes. Ends with 1 when one of them does.
"""

import subprocess
import sys

TABLES = ("codec_table", "micro", "one_call", "bridges")


def main() -> None:
    failed = False
    for name in TABLES:
        print(f"\n== python -m tests.bench.{name}", flush=True)
        failed |= subprocess.call([sys.executable, "-m", f"tests.bench.{name}"]) != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
