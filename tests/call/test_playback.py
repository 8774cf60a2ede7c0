"""The ledger of what was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.call.playback import LATE_MARK_GRACE_S, LOST_MARK_GRACE_S, Heard, Playback
from bridge.wire.twilio import Mark, Media
from tests.call.phone import marks, played, sound

Sent = list[Media | Mark]


def add(playback: Playback, item: str, ms: int, now: float = 0.0, byte: int = 0x55) -> Sent:
    return playback.add(item, 0, sound(ms, byte), ms, now)


def heard_ms(playback: Playback, now: float) -> dict[str, float]:
    return {heard.item_id: heard.heard_ms for heard in playback.account(now)}


def test_every_hundred_milliseconds_of_audio_have_a_mark_behind_them() -> None:
    playback = Playback()
    assert add(playback, "a", 250) == [
        Media(sound(100)),
        Mark("0.0"),
        Media(sound(100)),
        Mark("0.1"),
        Media(sound(50)),
    ]
    assert add(playback, "a", 60) == [Media(sound(50)), Mark("0.2"), Media(sound(10))]


def test_the_end_of_an_item_has_a_mark_whatever_its_length() -> None:
    playback = Playback()
    add(playback, "a", 250)
    assert playback.close("a", 0.0) == [Mark("0.2")]
    add(playback, "b", 50, 0.0)
    assert playback.close("b", 0.0) == [Mark("0.3")]


def test_an_end_that_has_a_mark_gets_no_second_one() -> None:
    playback = Playback()
    assert marks(add(playback, "a", 100)) == ["0.0"]
    assert playback.close("a", 0.0) == []
    assert playback.close("nobody", 0.0) == []


def test_marks_confirm_and_the_clock_counts_between_them() -> None:
    playback = Playback()
    add(playback, "a", 300)
    playback.mark("0.0", 0.15)
    assert heard_ms(playback, 0.15) == {"a": 150.0}
    assert heard_ms(playback, 0.25) == {"a": 250.0}
    assert heard_ms(playback, 9.0) == {"a": 300.0}


def test_items_are_heard_one_after_the_other() -> None:
    playback = Playback()
    add(playback, "a", 200)
    playback.close("a", 0.0)
    add(playback, "b", 200)
    assert heard_ms(playback, 0.3) == {"a": 200.0, "b": 100.0}
    playback.mark("0.1", 0.25)
    assert heard_ms(playback, 0.3) == {"b": 100.0}  # a is heard out


def test_content_parts_of_one_item_are_accounts_of_their_own() -> None:
    playback = Playback()
    playback.add("a", 0, sound(100), 100, 0.0)
    playback.add("a", 1, sound(100), 100, 0.0)
    assert [(h.content_index, h.heard_ms) for h in playback.account(0.15)] == [(0, 100), (1, 50)]


def test_nobody_hears_more_of_an_item_than_was_received() -> None:
    playback = Playback()
    playback.add("a", 0, sound(20), 15.0, 0.0)  # a last frame, padded
    (heard,) = playback.account(9.0)
    assert heard == Heard("a", 0, 15.0, 15.0)
    assert heard.to_the_end


def test_an_open_item_is_outstanding_although_all_its_marks_are_back() -> None:
    playback = Playback()
    add(playback, "a", 100)
    playback.mark("0.0", 0.1)
    assert playback.outstanding
    assert playback.close("a", 0.1) == []
    assert not playback.outstanding


def test_marks_echoed_after_a_clear_do_not_count_as_heard() -> None:
    playback = Playback()
    before = marks(add(playback, "a", 1000))
    playback.clear(0.0)
    add(playback, "b", 1000, 0.0)
    for name in before:  # a clear brings all outstanding marks back at once
        assert playback.mark(name, 0.01) == []
    assert playback.ignored_marks == 10
    assert heard_ms(playback, 0.1) == {"b": 100.0}


def test_mark_names_of_two_generations_differ() -> None:
    playback = Playback()
    first = marks(add(playback, "a", 300))
    playback.clear(0.0)
    second = marks(add(playback, "b", 300))
    assert (first, second) == (["0.0", "0.1", "0.2"], ["1.0", "1.1", "1.2"])


def test_a_mark_that_nobody_sent_is_ignored() -> None:
    playback = Playback()
    add(playback, "a", 100)
    assert playback.mark("r7-c3", 0.0) == []
    assert heard_ms(playback, 0.0) == {"a": 0.0}
    assert playback.ignored_marks == 1


def test_a_mark_counts_once() -> None:
    playback = Playback()
    add(playback, "a", 200)
    playback.mark("0.0", 0.1)
    playback.mark("0.0", 0.1)
    assert playback.ignored_marks == 1


def test_a_lost_mark_is_made_up_for_by_the_next() -> None:
    playback = Playback()
    add(playback, "a", 200)
    playback.close("a", 0.0)
    playback.mark("0.1", 0.25)
    assert not playback.outstanding
    playback.mark("0.0", 0.25)  # it comes after all, and says nothing new
    assert playback.ignored_marks == 1


def test_a_clear_tells_what_was_heard_and_keeps_the_rest() -> None:
    playback = Playback()
    add(playback, "a", 100, 0.0, byte=1)
    add(playback, "b", 200, 0.0, byte=2)
    playback.mark("0.0", 0.1)
    cut = playback.clear(0.15)
    assert cut.items == (
        Heard("a", 0, 100.0, 100.0, 0),
        Heard("b", 0, 50.0, 200.0, 800),
    )
    assert cut.unheard_ulaw == sound(150, 2)
    assert not playback.outstanding
    assert playback.clear(0.2).items == ()


def test_positions_count_all_audio_of_the_call() -> None:
    playback = Playback()
    add(playback, "a", 100)
    playback.clear(0.0)
    add(playback, "b", 100)
    assert playback.account(0.0)[0].from_bytes == 800


def test_what_the_carrier_cannot_hold_waits_here() -> None:
    # Media Streams, warning 31931: what does not fit is thrown away there.
    playback = Playback(window_ms=300)
    first = add(playback, "a", 1000)
    assert len(played(first)) == 300 * 8
    assert playback.release(0.05) == []
    assert playback.release(0.1) == [Media(sound(100)), Mark("0.3")]


def test_a_mark_lets_waiting_audio_go() -> None:
    playback = Playback(window_ms=300)
    add(playback, "a", 1000)
    assert len(played(playback.mark("0.1", 0.2))) == 200 * 8


def test_waiting_audio_is_due_exactly_when_there_is_room() -> None:
    playback = Playback(window_ms=300)
    add(playback, "a", 1000)
    playback.close("a", 0.0)
    now, sent = 0.0, 300 * 8
    while sent < 1000 * 8:
        assert playback.over_at() == float("inf")
        now = playback.deadline()
        released = played(playback.release(now))
        assert released  # or whoever waits for the deadline would turn on the spot
        sent += len(released)
    assert now == pytest.approx(0.7)
    assert playback.deadline() == playback.over_at() == pytest.approx(1.0 + LOST_MARK_GRACE_S)


def test_beyond_the_bound_the_newest_audio_is_dropped() -> None:
    playback = Playback(unheard_max_ms=300)
    assert len(played(add(playback, "a", 200))) == 200 * 8
    assert len(played(add(playback, "a", 200))) == 100 * 8
    assert played(add(playback, "a", 50)) == b""
    assert playback.take_dropped_ms() == 150
    assert playback.take_dropped_ms() == 0
    assert len(played(add(playback, "a", 200, 0.1))) == 100 * 8


def test_lost_marks_are_waited_for_but_not_for_ever() -> None:
    playback = Playback()
    add(playback, "a", 1000)
    assert playback.deadline() == float("inf")  # more may come of an open item
    playback.close("a", 0.0)
    over_at = 1.0 + LOST_MARK_GRACE_S
    assert playback.deadline() == over_at
    assert not playback.settle(over_at - 0.001)
    assert playback.settle(over_at)
    assert playback.deadline() == float("inf")
    assert heard_ms(playback, over_at) == {}


def test_the_wait_for_lost_marks_includes_the_round_trip() -> None:
    playback = Playback()
    add(playback, "a", 1000)
    playback.close("a", 0.0)
    playback.mark("0.0", 0.4)  # 300 ms round trip
    assert playback.over_at() == pytest.approx(1.0 + 0.3 + LATE_MARK_GRACE_S)


def stalled() -> Playback:
    """Of a first answer each mark came back; of the second one, which ends at 2 s, none did."""
    playback = Playback()
    add(playback, "a", 100)
    playback.close("a", 0.0)
    playback.mark("0.0", 0.15)
    add(playback, "b", 1000, 1.0)
    playback.close("b", 1.0)
    return playback


def test_audio_that_passes_no_mark_while_the_line_is_alive_has_not_been_heard() -> None:
    playback = stalled()
    playback.carrier_heard_at = 1.8
    assert heard_ms(playback, 1.8) == {"b": 100.0}  # before the mark that did not come back
    assert playback.clear(1.8).unheard_ulaw == sound(900)


def test_where_nothing_is_heard_of_the_carrier_its_marks_are_held_up_as_well() -> None:
    playback = stalled()
    playback.carrier_heard_at = 1.3
    assert heard_ms(playback, 1.8) == {"b": 800.0}


def test_where_no_mark_ever_came_back_the_clock_is_believed() -> None:
    playback = Playback()
    add(playback, "a", 1000)
    playback.carrier_heard_at = 0.8
    assert heard_ms(playback, 0.8) == {"a": 800.0}


def test_what_was_settled_without_its_marks_may_still_sound() -> None:
    playback = stalled()
    assert playback.settle(playback.over_at())
    assert not playback.outstanding and playback.may_sound
    assert playback.mark("0.1", 6.0) == []
    assert playback.may_sound
    playback.mark("0.10", 6.0)  # late, but its last
    assert not playback.may_sound


def test_a_clear_leaves_nothing_that_may_sound() -> None:
    playback = stalled()
    playback.settle(playback.over_at())
    assert playback.clear(6.0).items == ()
    assert not playback.may_sound


def test_after_lost_marks_the_account_goes_on_rightly() -> None:
    playback = Playback()
    add(playback, "a", 1000)
    playback.close("a", 0.0)
    playback.settle(5.0)
    assert marks(add(playback, "b", 200, 5.0, byte=2)) == ["0.10", "0.11"]
    playback.mark("0.10", 5.15)
    cut = playback.clear(5.15)
    assert cut.items == (Heard("b", 0, 150.0, 200.0, 8000),)
    assert cut.unheard_ulaw == sound(50, 2)


@given(
    pieces=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 400), st.floats(0, 0.4)), min_size=1
    ),
    window_ms=st.integers(100, 2000),
)
def test_all_audio_is_sent_once_in_order_with_marks_at_their_places(
    pieces: list[tuple[str, int, float]], window_ms: int
) -> None:
    playback = Playback(window_ms=window_ms)
    now, sent, wanted = 0.0, [], b""
    for number, (item, ms, pause_s) in enumerate(pieces):
        now += pause_s
        sent += playback.release(now) + add(playback, item, ms, now, number % 256)
        wanted += sound(ms, number % 256)
    for item in "abc":
        sent += playback.close(item, now)
    while (due := playback.deadline()) < playback.over_at():
        now = max(now, due)
        sent += playback.release(now)
    assert played(sent) == wanted
    assert isinstance(sent[-1], Mark)
    since = 0
    for message in sent:
        since = 0 if isinstance(message, Mark) else since + len(message.payload)
        assert since <= 800
    for name in marks(sent):
        playback.mark(name, now)
    assert not playback.outstanding


def test_after_a_clear_the_next_words_are_played_and_counted_from_their_beginning() -> None:
    playback = Playback()
    add(playback, "a", 300, byte=1)
    playback.mark("0.1", 0.25)
    playback.clear(0.25)
    assert played(add(playback, "b", 300, 1.0, byte=2)) == sound(300, 2)
    playback.mark("1.0", 1.15)
    cut = playback.clear(1.15)
    assert cut.items == (Heard("b", 0, 150.0, 300.0, 2400),)
    assert cut.unheard_ulaw == sound(150, 2)
