"""Events of a tape, written by hand, and the sound they give."""

from bridge.call.tape import Cleared, Ended, Played, Sent, TapeEvent
from bridge.recording.channels import Channels
from bridge.wire.twilio import Media
from tests.call.phone import START

FRAME = b"\x11" * 160
SILENCE = b"\xff"


class Record:
    """A stream whose frames come on time: frame ``n`` covers 20 ms from ``20 n`` on and arrives
    when it is over."""

    def __init__(self) -> None:
        self.channels = Channels()
        self.sound = self.channels.feed(0.0, START)
        self.frames = 0

    def feed(self, at: float, event: TapeEvent) -> None:
        self.sound += self.channels.feed(at, event)

    def caller(self, until_s: float, *, leave_out: range = range(0)) -> None:
        while (self.frames + 1) * 0.02 <= until_s + 1e-9:
            end_s = (self.frames + 1) * 0.02
            if self.frames not in leave_out:
                self.feed(end_s, Media(FRAME, self.frames * 20))
            self.frames += 1

    def end(self, at: float) -> tuple[bytes, bytes]:
        self.feed(at, Ended())
        return self.sound[0::2], self.sound[1::2]


def test_lost_frames_are_silence() -> None:
    record = Record()
    record.caller(2.0, leave_out=range(10, 20))
    left, right = record.end(2.0)
    assert left == FRAME * 10 + SILENCE * 1600 + FRAME * 80
    assert right == SILENCE * 16000


def test_a_mark_says_where_the_agent_was_heard() -> None:
    record = Record()
    record.caller(0.5)
    record.feed(0.5, Sent(800))
    record.caller(0.7)
    record.feed(0.7, Played(b"\x22" * 800, by_mark=True))
    record.caller(3.0)
    _, right = record.end(3.0)
    assert right == SILENCE * 4800 + b"\x22" * 800 + SILENCE * (24000 - 5600)


def test_cleared_audio_is_absent_and_the_next_begins_anew() -> None:
    record = Record()
    record.caller(0.5)
    record.feed(0.5, Sent(8000))
    record.caller(0.7)
    record.feed(0.7, Played(b"\x22" * 800, by_mark=True))
    record.caller(0.74)
    record.feed(0.74, Played(b"\x33" * 320, by_mark=False))
    record.feed(0.74, Cleared())
    record.caller(1.0)
    record.feed(1.0, Sent(800))
    record.caller(1.2)
    record.feed(1.2, Played(b"\x44" * 800, by_mark=True))
    _, right = record.end(1.2)
    heard = b"\x22" * 800 + b"\x33" * 320
    assert right == SILENCE * 4800 + heard + SILENCE * (8800 - 5920) + b"\x44" * 800


def test_a_pause_in_what_the_model_sends_is_a_pause_in_the_recording() -> None:
    record = Record()
    record.feed(0.0, Sent(400))  # half of what the mark is behind
    record.caller(1.0)
    record.feed(1.0, Sent(400))
    record.caller(1.06)
    record.feed(1.06, Played(b"\x22" * 400 + b"\x33" * 400, by_mark=True))
    _, right = record.end(1.06)
    assert right.find(b"\x22") < 400
    assert right.find(b"\x33") == 8480 - 400


def test_jitter_of_the_way_back_moves_nothing() -> None:
    record = Record()
    record.feed(0.0, Sent(8000))
    for number in range(1, 51):
        late_s = 0.3 if 20 <= number < 30 else 0.0  # a stall: the frames before it are as late
        at = max(number * 0.02 + late_s, 0.78 if 20 <= number < 40 else 0.0)
        record.feed(at, Media(FRAME, (number - 1) * 20))
        if number % 5 == 0:
            record.feed(at, Played(bytes([0x20 + number]) * 800, by_mark=True))
    record.frames = 50
    record.caller(3.0)
    _, right = record.end(3.0)
    assert right == b"".join(bytes([0x20 + n]) * 800 for n in range(5, 51, 5)) + SILENCE * 16000


def test_marks_that_do_not_come_hold_it_up_for_a_while_only() -> None:
    record = Record()
    record.feed(0.0, Sent(80_000))
    record.caller(60.0)
    assert record.channels.held_bytes <= 2 * 11 * 8_000
    assert len(record.end(60.0)[0]) == 480_000


def test_a_timestamp_of_no_sense_fills_no_disk() -> None:
    record = Record()
    record.caller(0.4)
    for stamp in (10**12, -5):
        record.feed(0.42, Media(FRAME, stamp))
    left, _ = record.end(0.5)
    assert len(left) <= 4000 + 320


def test_without_a_stream_there_is_no_sound() -> None:
    channels = Channels()
    assert channels.feed(0.0, Media(FRAME)) + channels.feed(1.0, Ended()) == b""
    assert channels.feed(2.0, START) == b""


def test_silence_is_recorded_to_the_end_though_the_last_frames_are_lost() -> None:
    record = Record()
    record.caller(1.0)
    left, _ = record.end(1.5)
    assert left == FRAME * 50 + SILENCE * 4000
