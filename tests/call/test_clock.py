"""The clock between marks: where the carrier is, in bytes of what was sent."""

import pytest

from bridge.call.clock import PlayoutClock

SECOND = 8000
FRAME = 160  # audio leaves the carrier in such packets: no position is surer than that


def after_three_runs() -> PlayoutClock:
    """A clock that has seen three runs of a second, each 50 ms under way and back."""
    clock = PlayoutClock()
    for run in range(3):
        clock.sent(SECOND, run * 2.0)
        clock.mark(run * SECOND + 800, run * 2.0 + 0.15)
        clock.mark(run * SECOND + SECOND, run * 2.0 + 1.05)
    return clock


def test_what_was_sent_plays_eight_bytes_a_millisecond() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 10.0)
    assert [clock.position(at) for at in (10.0, 10.1, 10.5)] == [0, 800, 4000]
    assert clock.dry_at() == 11.0


def test_the_position_never_passes_what_was_sent() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 0.0)
    assert clock.position(5.0) == SECOND


def test_time_that_runs_back_plays_nothing() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 5.0)
    assert clock.position(4.0) == 0


def test_audio_sent_while_playing_goes_on_without_a_pause() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 0.0)
    clock.sent(SECOND, 0.9)
    assert clock.position(1.5) == SECOND + 4000
    assert clock.dry_at() == 2.0


def test_a_run_starts_when_audio_follows_a_pause() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 0.0)
    clock.sent(SECOND, 3.0)
    assert clock.position(3.0) == SECOND
    assert clock.position(3.25) == SECOND + 2000


def test_nothing_sent_starts_no_run() -> None:
    clock = PlayoutClock()
    clock.sent(0, 0.0)
    clock.sent(SECOND, 0.0)
    clock.sent(0, 3.0)
    assert clock.position(3.5) == SECOND
    assert clock.dry_at() == 1.0


def test_a_mark_confirms_at_least_its_own_position() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 0.0)
    clock.mark(4000, 0.3)  # the carrier plays faster than the clock
    assert clock.position(0.3) == 4000
    assert clock.position(0.6) == 4800


def test_the_first_marks_tell_the_round_trip() -> None:
    clock = PlayoutClock()
    assert clock.round_trip_s is None
    clock.sent(SECOND, 0.0)
    clock.mark(800, 0.16)
    clock.mark(1600, 0.25)
    assert clock.round_trip_s == pytest.approx(0.05)
    assert clock.position(0.25) == 2000  # the delay towards the carrier cancels out


def test_marks_that_all_come_late_move_the_run() -> None:
    clock = after_three_runs()
    clock.sent(SECOND, 10.0)
    clock.mark(3 * SECOND + 800, 10.45)  # 350 ms: this run began 300 ms late
    assert clock.position(10.5) == pytest.approx(3 * SECOND + 1600, abs=FRAME)
    assert clock.dry_at() == pytest.approx(11.3, abs=0.02)


def test_one_late_mark_among_others_moves_nothing() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 0.0)
    clock.mark(800, 0.15)
    clock.mark(1600, 0.60)  # the mark was held up, not the audio
    assert clock.position(0.6) == 4800


def test_a_mark_of_an_earlier_run_teaches_nothing_about_this_one() -> None:
    clock = PlayoutClock()
    clock.sent(SECOND, 0.0)
    clock.mark(800, 0.15)
    clock.sent(SECOND, 1.5)
    clock.mark(SECOND, 3.0)
    assert clock.position(2.0) == SECOND + 4000
    assert clock.round_trip_s == pytest.approx(0.05)


def test_after_a_cut_positions_start_at_zero_and_round_trips_are_known() -> None:
    clock = after_three_runs()
    clock.cut(6.0)
    assert (clock.sent_bytes, clock.position(9.0), clock.dry_at()) == (0, 0, 6.0)
    clock.sent(SECOND, 10.0)
    clock.mark(800, 10.35)
    assert clock.position(10.35) == pytest.approx(1200, abs=FRAME)


def test_a_cut_ends_a_run_although_audio_follows_at_once() -> None:
    clock = PlayoutClock()
    clock.sent(10 * SECOND, 0.0)
    clock.mark(800, 0.9)
    clock.cut(1.0)
    clock.sent(SECOND, 1.0)
    assert clock.position(1.5) == 4000


def test_old_round_trips_are_forgotten() -> None:
    clock = PlayoutClock()
    for run in range(20):
        clock.sent(SECOND, run * 10.0)
        lag_s = 0.05 if run == 0 else 0.2  # the route became longer after the first run
        clock.mark(run * SECOND + 800, run * 10.0 + 0.1 + lag_s)
    assert clock.round_trip_s == pytest.approx(0.2)
    assert clock.position(190.5) == pytest.approx(19 * SECOND + 4000, abs=FRAME)


def test_each_run_is_judged_by_its_own_marks() -> None:
    clock = after_three_runs()
    clock.sent(SECOND, 10.0)
    clock.mark(3 * SECOND + 800, 10.45)  # 300 ms late
    clock.sent(SECOND, 20.0)
    clock.mark(4 * SECOND + 800, 20.15)
    assert clock.position(20.5) == pytest.approx(4 * SECOND + 4000, abs=FRAME)
    clock.sent(SECOND, 30.0)
    clock.mark(5 * SECOND + 800, 30.45)
    assert clock.position(30.5) == pytest.approx(5 * SECOND + 1600, abs=FRAME)
    clock.cut(30.5)
    clock.sent(SECOND, 40.0)
    clock.mark(800, 40.45)
    assert clock.position(40.5) == pytest.approx(1600, abs=FRAME)
