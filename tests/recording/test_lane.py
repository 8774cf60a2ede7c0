"""One channel: what was put, silence between, and nothing twice."""

from bridge.recording.lane import Lane


def test_gaps_are_silence() -> None:
    lane = Lane()
    lane.put(2, b"ab")
    lane.put(6, b"c")
    assert lane.take(8) == b"\xff\xffab\xff\xffc\xff"


def test_later_audio_lies_over_earlier() -> None:
    lane = Lane()
    lane.put(0, b"abcd")
    lane.put(1, b"xy")
    assert (lane.end, lane.take(4)) == (4, b"axyd")


def test_what_was_taken_does_not_change() -> None:
    lane = Lane()
    lane.put(0, b"abcd")
    assert lane.take(3) == b"abc"
    lane.put(1, b"wxyz")
    lane.put(0, b"v")
    assert lane.take(5) == b"yz"
    assert lane.take(4) == b""
    assert lane.taken == 5
