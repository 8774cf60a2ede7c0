"""The comparing of ratios with the stored ones; what is measured is given."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from tests.bench.bridges import LATE_MS, PASSING, PLAIN, TRANSCODING, Result, Round
from tests.bench.gate import ALLOWED, ATTEMPTS, BASELINE, passes, ratios, too_high

STORED = {TRANSCODING: 0.8, PASSING: 0.6}
AT_MOST = {name: stored * ALLOWED for name, stored in STORED.items()}


def results(transcoding: float, passing: float, late_ms: float = 0.0) -> list[Result]:
    values: dict[str, Any] = dict.fromkeys((each.name for each in fields(Round)), 1)
    median = Round(**values | {"generator_late_p99_ms": late_ms})
    named = {TRANSCODING: transcoding, PASSING: passing, PLAIN: 1.0}
    return [Result(name, median, ratio, (median,)) for name, ratio in named.items()]


def one_after_the_other(*measured: list[Result]) -> Callable[[], list[Result]]:
    """Asked more often than there are, it raises."""
    left = iter(measured)
    return lambda: next(left)


def test_a_ratio_may_be_a_quarter_above_what_is_stored_and_no_more() -> None:
    assert too_high(dict(AT_MOST), STORED) == []
    found = AT_MOST | {PASSING: AT_MOST[PASSING] + 0.001}
    assert too_high(found, STORED) == [
        f"{PASSING}: 0.751 of the plain bridge, the baseline is 0.600"
    ]


def test_a_faster_path_passes_and_is_measured_once() -> None:
    assert passes(STORED, one_after_the_other(results(0.1, 0.1)))


def test_what_is_too_high_once_is_measured_again() -> None:
    assert passes(STORED, one_after_the_other(results(1.5, 0.6), results(0.8, 0.6)))


def test_what_is_too_high_each_time_fails_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    slow = [results(0.8, 0.9)] * ATTEMPTS
    assert not passes(STORED, one_after_the_other(*slow))
    told = capsys.readouterr().err
    assert told.count(f"{PASSING}: 0.900 of the plain bridge") == ATTEMPTS
    assert TRANSCODING not in told


def test_a_late_generator_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    slow = [results(2.0, 2.0, late_ms=LATE_MS + 1)] * ATTEMPTS
    assert not passes(STORED, one_after_the_other(*slow))
    assert "the generator was late" in capsys.readouterr().err


def test_the_plain_bridge_is_no_ratio_of_its_own_and_what_is_stored_names_all_others() -> None:
    assert ratios(results(0.8, 0.6)) == STORED
    assert set(json.loads(BASELINE.read_text())) == set(STORED)
