"""When the caller said what lies at a position of the model's input."""

import pytest

from bridge.call.caller_clock import LATE_MAX_S, WINDOW_FRAMES, CallerClock
from bridge.call.hearing import TIMED_FRAMES, Hearing
from bridge.wire.twilio import Media
from tests.call.phone import sound


def frames(first: int, last: int) -> list[Media]:
    return [Media(sound(20), number * 20) for number in range(first, last)]


def heard(hearing: Hearing, media: list[Media], late_s: float = 0.0) -> float:
    """Each comes when it is full and 50 ms have passed; returns when the last one came."""
    now = 0.0
    for each in media:
        now = 100.07 + each.timestamp_ms / 1000 + late_s
        hearing.push(each, now)
    return now


def open_hearing() -> Hearing:
    hearing = Hearing("g711_ulaw")
    hearing.let_go()
    return hearing


def test_a_position_was_said_when_the_frame_that_ends_there_came() -> None:
    hearing = open_hearing()
    now = heard(hearing, frames(0, 100))
    assert hearing.said_at(2000, now) == pytest.approx(now)
    assert hearing.said_at(1500, now) == pytest.approx(now - 0.5)


def test_positions_count_from_the_first_frame_whatever_its_timestamp() -> None:
    hearing = open_hearing()
    now = heard(hearing, frames(1000, 1100))
    assert hearing.said_at(2000, now) == pytest.approx(now)


def test_a_burst_was_said_before_it_came() -> None:
    hearing = open_hearing()
    heard(hearing, frames(0, 50))
    for each in frames(50, 100):  # a stall, then all at once
        hearing.push(each, 103.0)
    assert hearing.said_at(1500, 103.0) == pytest.approx(101.55)


def test_what_was_held_was_said_when_it_was_held() -> None:
    hearing = Hearing("g711_ulaw")
    heard(hearing, frames(0, 100))
    hearing.let_go()
    assert hearing.said_at(1000, 105.0) == pytest.approx(101.05)


def test_lost_frames_take_their_time() -> None:
    hearing = open_hearing()
    heard(hearing, frames(0, 50))
    now = heard(hearing, frames(60, 110))
    assert hearing.said_at(2200, now) == pytest.approx(now)


def test_where_audio_was_skipped_nothing_is_claimed_until_the_next_time() -> None:
    hearing = open_hearing()
    heard(hearing, frames(0, 50))
    now = heard(hearing, frames(200, 250))  # three seconds are lost, one of them is filled
    assert hearing.said_at(3000, now) is None
    assert hearing.said_at(3000, now) == pytest.approx(now)


def test_the_delay_of_long_ago_is_forgotten() -> None:
    hearing = open_hearing()
    window = WINDOW_FRAMES * TIMED_FRAMES
    heard(hearing, frames(0, window))
    now = heard(hearing, frames(window, 3 * window), late_s=0.2)
    assert hearing.said_at(window * 3 * 20, now) == pytest.approx(now)


def test_before_the_first_frame_nothing_is_known() -> None:
    assert open_hearing().said_at(100, 1.0) is None


def test_nothing_was_said_later_than_now_nor_absurdly_long_ago() -> None:
    clock = CallerClock()
    clock.frame(0, 100.0)
    assert clock.said_at(5000, 0, 0, 101.0) == 101.0
    assert clock.said_at(0, 0, 0, 100.0 + LATE_MAX_S) is None
