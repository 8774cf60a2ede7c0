"""The buffer between the far end and the ear."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.sim.carrier.line import SILENT_FRAME
from bridge.sim.carrier.playback import CEILING_BYTES, Playback, Run


def audio(n_bytes: int, first: int = 0) -> bytes:
    return bytes((first + k) % 251 for k in range(n_bytes))


def playback(*, hold: bool = True) -> Playback:
    return Playback(hold_partial=hold)


def names(playback: Playback) -> list[str]:
    return [mark.name for mark in playback.reached()]


def test_an_empty_buffer_is_heard_as_silence() -> None:
    buffer = playback()
    assert buffer.play() == SILENT_FRAME
    assert buffer.heard == SILENT_FRAME
    assert buffer.runs == []


def test_audio_is_heard_in_order_160_bytes_a_tick() -> None:
    buffer = playback()
    sent = audio(480)
    buffer.add(sent[:100])
    buffer.add(sent[100:])
    assert [buffer.play() for _ in range(3)] == [sent[:160], sent[160:320], sent[320:]]
    assert buffer.runs == [Run(heard_bytes=0, position_bytes=0, n_bytes=480)]
    assert (buffer.received_bytes, buffer.played_bytes, buffer.queued_bytes) == (480, 480, 0)


def test_an_underrun_shows_as_a_second_run() -> None:
    buffer = playback()
    buffer.add(audio(160))
    buffer.play()
    buffer.play()
    buffer.add(audio(160))
    buffer.play()
    assert buffer.runs == [Run(0, 0, 160), Run(320, 160, 160)]
    assert [run.start_tick for run in buffer.runs] == [0, 2]


def test_a_mark_on_an_empty_buffer_is_reached_at_once() -> None:
    mark = playback().mark("a")
    assert mark is not None
    assert mark.name == "a"


def test_a_mark_is_reached_one_tick_after_its_last_packet_began() -> None:
    buffer = playback()
    buffer.add(audio(320))
    assert buffer.mark("end") is None
    seen = []
    for _ in range(3):
        seen.append(names(buffer))
        buffer.play()
    assert seen == [[], [], ["end"]]


def test_a_mark_waits_while_the_last_packet_is_still_playing() -> None:
    buffer = playback()
    buffer.add(audio(160))
    buffer.play()
    assert buffer.queued_bytes == 0
    assert buffer.mark("a") is None
    assert names(buffer) == ["a"]


def test_marks_before_between_and_after_come_in_order() -> None:
    buffer = playback()
    buffer.add(audio(160))
    buffer.mark("between")
    buffer.add(audio(160))
    buffer.mark("after")
    seen = []
    for _ in range(3):
        seen.append(names(buffer))
        buffer.play()
    assert seen == [[], ["between"], ["after"]]


def test_a_mark_inside_a_packet_is_reached_when_that_packet_is_through() -> None:
    buffer = playback()
    buffer.add(audio(80))
    buffer.mark("inside")
    buffer.add(audio(80))
    buffer.play()
    assert names(buffer) == ["inside"]


def test_clear_drops_the_queue_and_returns_every_mark() -> None:
    buffer = playback()
    buffer.add(audio(320))
    buffer.mark("a")
    buffer.add(audio(160))
    buffer.mark("b")
    buffer.play()
    assert buffer.position_bytes == 160
    dropped, marks = buffer.clear()
    assert dropped == 320
    assert [mark.name for mark in marks] == ["a", "b"]
    assert buffer.play() == SILENT_FRAME
    assert names(buffer) == []


def test_what_comes_after_a_clear_has_its_own_position() -> None:
    buffer = playback()
    buffer.add(audio(480))
    buffer.play()
    buffer.clear()
    assert buffer.position_bytes == 480
    buffer.add(audio(160, first=7))
    assert buffer.play() == audio(160, first=7)
    assert buffer.runs == [Run(0, 0, 160), Run(160, 480, 160)]


def test_a_mark_right_after_a_clear_is_reached_at_once() -> None:
    buffer = playback()
    buffer.add(audio(480))
    buffer.play()
    buffer.clear()
    assert buffer.mark("after the clear") is not None


def test_clear_on_an_empty_buffer_does_nothing() -> None:
    assert playback().clear() == (0, [])


def test_more_than_ten_minutes_is_discarded() -> None:
    buffer = playback()
    assert buffer.add(bytes(CEILING_BYTES - 100)) == 0
    assert buffer.add(bytes(300)) == 200
    assert buffer.queued_bytes == CEILING_BYTES
    assert buffer.add(b"\x00") == 1
    assert buffer.received_bytes == CEILING_BYTES + 201
    buffer.play()
    assert buffer.add(bytes(160)) == 0


def test_a_held_tail_keeps_its_mark_until_it_is_filled() -> None:
    buffer = playback(hold=True)
    buffer.add(audio(200))
    buffer.mark("end")
    for _ in range(3):
        buffer.play()
        assert names(buffer) == []
    assert buffer.queued_bytes == 40
    buffer.add(b"\xff" * 120)
    assert buffer.play() == audio(200)[160:] + b"\xff" * 120
    assert names(buffer) == ["end"]


def test_a_padded_tail_is_played_with_silence_behind_it() -> None:
    buffer = playback(hold=False)
    buffer.add(audio(200))
    buffer.mark("end")
    buffer.play()
    assert buffer.play() == audio(200)[160:] + b"\xff" * 120
    assert names(buffer) == ["end"]
    buffer.add(audio(160))
    buffer.play()
    assert buffer.runs == [Run(0, 0, 200), Run(320, 200, 160)]


@given(st.lists(st.one_of(st.integers(1, 700), st.just("play"), st.just("clear")), max_size=40))
def test_every_byte_is_heard_queued_or_dropped_and_the_runs_tell_which(
    steps: list[int | str],
) -> None:
    buffer = playback(hold=False)
    dropped = ticks = 0
    for step in steps:
        if isinstance(step, int):
            buffer.add(audio(step, first=buffer.received_bytes))
        elif step == "play":
            buffer.play()
            ticks += 1
        else:
            dropped += buffer.clear()[0]
    assert len(buffer.heard) == 160 * ticks
    assert buffer.received_bytes == buffer.played_bytes + buffer.queued_bytes + dropped
    assert sum(run.n_bytes for run in buffer.runs) == buffer.played_bytes
    told = bytearray(b"\xff" * len(buffer.heard))
    for run in buffer.runs:
        piece = buffer.received[run.position_bytes : run.position_bytes + run.n_bytes]
        told[run.heard_bytes : run.heard_bytes + run.n_bytes] = piece
    assert bytes(told) == buffer.heard
