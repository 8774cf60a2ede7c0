"""Whether the hot path is as fast as it was: ratios to the plain bridge beside stored ones.

    python -m tests.bench.gate           # ends with 1 when a ratio is a quarter above its baseline
    python -m tests.bench.gate --store   # what is measured now becomes the baseline

The short form of ``tests.bench.bridges``: few calls, few seconds. A ratio that is too high is
measured once more before it counts: a neighbour on the machine is no regression.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bridge.cli.loop import run
from tests.bench.bridges import PLAIN, Result, bridges, late, text

BASELINE = Path(__file__).with_name("baseline.json")
CALLS, SECONDS, ROUNDS = 30, 3.0, 2
ROUNDS_TO_STORE = 5  # a baseline is compared with for long
ALLOWED = 1.25
ATTEMPTS = 2

Ratios = dict[str, float]


def measured(rounds: int = ROUNDS) -> list[Result]:
    return run(bridges(CALLS, SECONDS, rounds))


def ratios(results: list[Result]) -> Ratios:
    return {it.name: round(it.ratio, 3) for it in results if it.name != PLAIN}


def too_high(found: Ratios, baseline: Ratios) -> list[str]:
    return [
        f"{name}: {found[name]:.3f} of the plain bridge, the baseline is {stored:.3f}"
        for name, stored in baseline.items()
        if found[name] > stored * ALLOWED
    ]


def passes(baseline: Ratios, measure: Callable[[], list[Result]] = measured) -> bool:
    for _ in range(ATTEMPTS):
        results = measure()
        print(text(results), flush=True)
        wrong = too_high(ratios(results), baseline)
        if not wrong:
            return True
        print("\n".join(wrong), file=sys.stderr)
        if late(results):
            print("the generator was late: that run says little", file=sys.stderr)
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", action="store_true")
    if parser.parse_args().store:
        results = measured(ROUNDS_TO_STORE)
        print(text(results))
        BASELINE.write_text(json.dumps(ratios(results), indent=1) + "\n")
    elif not passes(json.loads(BASELINE.read_text())):
        sys.exit(1)


if __name__ == "__main__":
    main()
