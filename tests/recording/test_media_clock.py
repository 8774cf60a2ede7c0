"""The carrier's time, as caller frames tell it."""

import pytest

from bridge.recording.media_clock import MediaClock


def test_a_mark_lies_behind_the_frame_it_came_with_however_late_both_are() -> None:
    clock = MediaClock(0.0)
    for number in range(50):
        clock.frame(number * 20, 20, 0.05 + (number + 1) * 0.02)
    clock.frame(1000, 20, 3.0)  # a stall of two seconds
    assert clock.at(3.0) == 1020


def test_between_frames_time_goes_on_and_no_faster_than_it_can() -> None:
    clock = MediaClock(0.0)
    clock.frame(0, 20, 0.05)
    assert clock.at(0.06) == pytest.approx(30)
    clock.frame(20, 20, 0.09)  # late by 20 ms, so the next moment is nearer than it seems
    assert clock.at(0.10) == pytest.approx(50)


def test_clocks_that_drift_apart_stay_in_step() -> None:
    clock = MediaClock(0.0)
    for number in range(30_000):  # ten minutes; the carrier's clock is slow by 1 in 1000
        clock.frame(number * 20, 20, (number + 1) * 0.02002)
    assert clock.at(30_000 * 0.02002 + 0.01) == pytest.approx(600_010, abs=1)
    for number in range(30_000, 60_000):  # and then fast
        clock.frame(number * 20, 20, 600.6 + (number + 1 - 30_000) * 0.01998)
    assert clock.at(1200.0 + 0.01) == pytest.approx(1_200_010, abs=25)


@pytest.mark.parametrize("stamp", [-1, 10**15, 5_000])
def test_a_timestamp_of_no_sense_follows_what_came_before(stamp: int) -> None:
    clock = MediaClock(0.0)
    clock.frame(0, 20, 0.02)
    assert clock.frame(stamp, 20, 0.04) == 20
    assert clock.end_ms == 40


def test_an_old_timestamp_does_not_turn_time_back() -> None:
    clock = MediaClock(0.0)
    clock.frame(100, 20, 0.12)
    assert clock.frame(0, 20, 0.14) == 0
    assert clock.at(0.14) >= 120
