"""Where speech begins and ends."""

import pytest

from bridge.sim.model.session_object import TurnDetection
from bridge.sim.model.turn_detector import Started, Stopped, TurnDetector

RULES = TurnDetection(
    threshold=0.5,
    prefix_ms=0,
    silence_ms=96,
    create_response=True,
    interrupt_response=True,
    idle_timeout_ms=None,
)


def events(*probabilities: float, rules: TurnDetection | None = RULES) -> list[Started | Stopped]:
    return list(TurnDetector().push(probabilities, rules))


def test_one_loud_window_is_a_click() -> None:
    assert events(0.1, 0.9, 0.1, 0.9, 0.1) == []


def test_two_loud_windows_are_an_onset_at_the_first_of_them() -> None:
    assert events(0.1, 0.1, 0.5, 0.5) == [Started(64)]


def test_speech_goes_on_a_little_below_the_threshold() -> None:
    assert events(0.9, 0.9, *[0.36] * 10) == [Started(0)]
    assert events(0.9, 0.9, *[0.34] * 10) == [Started(0), Stopped(160)]


def test_a_dip_shorter_than_the_silence_ends_nothing() -> None:
    assert events(0.9, 0.9, 0.0, 0.0, 0.9, 0.0, 0.0) == [Started(0)]


def test_silence_is_rounded_up_to_whole_windows() -> None:
    rules = TurnDetection(0.5, 0, 100, True, True, None)
    assert events(0.9, 0.9, *[0.0] * 4, rules=rules) == [Started(0), Stopped(192)]


def test_even_no_silence_is_one_window() -> None:
    rules = TurnDetection(0.5, 0, 0, True, True, None)
    assert events(0.9, 0.9, 0.0, rules=rules) == [Started(0), Stopped(96)]


@pytest.mark.parametrize(("prefix_ms", "start_ms"), [(0, 96), (32, 64), (50, 32), (300, 0)])
def test_the_prefix_backs_up_and_never_before_the_start(prefix_ms: int, start_ms: int) -> None:
    rules = TurnDetection(0.5, prefix_ms, 96, True, True, None)
    assert events(0.0, 0.0, 0.0, 0.9, 0.9, rules=rules) == [Started(start_ms)]


def test_neighbouring_turns_may_overlap_by_the_prefix() -> None:
    rules = TurnDetection(0.5, 300, 96, True, True, None)
    told = events(0.9, 0.9, 0.0, 0.0, 0.0, 0.9, 0.9, rules=rules)
    assert told == [Started(0), Stopped(160), Started(0)]


def test_the_clock_of_windows_goes_on_without_rules_and_through_a_reset() -> None:
    detector = TurnDetector()
    assert list(detector.push([0.9] * 10, None)) == []
    detector.reset()
    assert list(detector.push([0.9, 0.9], RULES)) == [Started(320)]
    detector.reset()
    assert list(detector.push([0.9, 0.9], RULES)) == [Started(384)]
