"""Files of recordings: whole at the end, playable before it."""

import struct
import threading
from pathlib import Path

import pytest

from bridge.call.tape import Ended, Reel, Tape
from bridge.recording import recorder as recording
from bridge.recording import wav
from bridge.recording.recorder import Recorder, recover
from bridge.wire.twilio import Media
from tests.call.phone import START

FRAME = b"\x11" * 160


def speak(tape: Tape, seconds: float) -> None:
    tape.add(0.0, START)
    for number in range(round(seconds * 50)):
        tape.add((number + 1) * 0.02, Media(FRAME, number * 20))


def sizes(path: Path) -> tuple[int, int, int]:
    """What the header says of the whole, of the samples of a channel, and of the sound."""
    data = path.read_bytes()
    riff, samples, sound = (struct.unpack_from("<I", data, at)[0] for at in (4, 46, 54))
    return riff, samples, sound


def test_a_recording_is_a_wav_file_of_two_channels_of_mu_law(tmp_path: Path) -> None:
    made = Recorder(tmp_path / "recordings")
    tape = made.tape("CA1")
    speak(tape, 12.0)
    tape.end(12.0)
    tape.end(13.0)
    made.close()
    path = tmp_path / "recordings" / "CA1.wav"
    data = path.read_bytes()
    assert data[:4] + data[8:16] == b"RIFFWAVEfmt "
    assert struct.unpack_from("<HHIIHH", data, 20) == (7, 2, 8000, 16000, 2, 8)
    assert sizes(path) == (len(data) - 8, 96_000, 192_000)
    assert wav.read(path) == (FRAME * 600, b"\xff" * 96_000)
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["CA1.wav"]


def test_what_a_crash_leaves_is_playable_and_can_be_finished(tmp_path: Path) -> None:
    made = Recorder(tmp_path / "running")
    speak(made.tape("CA1"), 30.0)
    part = tmp_path / "CA1.wav.part"

    def crash() -> None:
        part.write_bytes((tmp_path / "running" / part.name).read_bytes())

    made.written(crash)
    made.close()
    assert 20 * 16_000 <= sizes(part)[2] <= part.stat().st_size
    with part.open("ab") as file:
        file.write(b"\x12")  # half of a sample, cut off in the middle
    assert recover(tmp_path) == [tmp_path / "CA1.wav"]
    data = (tmp_path / "CA1.wav").read_bytes()
    assert sizes(tmp_path / "CA1.wav")[2] == len(data) - wav.HEADER_BYTES
    left, right = wav.read(tmp_path / "CA1.wav")
    assert len(left) == len(right) >= 27 * 8_000
    assert recover(tmp_path) == []


def test_a_recording_without_an_end_has_its_name_when_the_recorder_is_closed(
    tmp_path: Path,
) -> None:
    made = Recorder(tmp_path)
    speak(made.tape("CA1"), 30.0)
    made.close()
    assert [each.name for each in tmp_path.iterdir()] == ["CA1.wav"]
    path = tmp_path / "CA1.wav"
    assert sizes(path)[2] == path.stat().st_size - wav.HEADER_BYTES > 27 * 16_000


def test_a_recording_given_up_half_way_has_its_name_and_can_be_played(tmp_path: Path) -> None:
    made = Recorder(tmp_path)
    tape = made.tape("CA1")
    speak(tape, 3.0)
    made.written(lambda: speak(tape, 200.0))  # handed over while nothing is written
    done: list[list[str]] = []
    written = threading.Event()

    def look() -> None:
        done.append([each.name for each in tmp_path.iterdir()])
        written.set()

    made.written(lambda: made.written(look))
    assert written.wait(10)
    made.close()
    assert done == [["CA1.wav"]]
    assert len(wav.read(tmp_path / "CA1.wav")[0]) >= 8_000


def test_a_second_stream_of_a_call_takes_nothing_from_the_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = Recorder(tmp_path)
    first, second = made.tape("CA1"), made.tape("CA1")
    speak(first, 3.0)
    speak(second, 3.0)
    second.end(3.0)
    first.end(3.0)
    made.close()
    assert caplog.text.count("recording of CA1 given up") == 1
    path = tmp_path / "CA1.wav"
    assert [each.name for each in tmp_path.iterdir()] == ["CA1.wav"]
    assert path.stat().st_size == wav.HEADER_BYTES + 3 * 16_000
    assert wav.read(path)[0] == FRAME * 150


def test_what_is_being_written_is_nobody_elses(tmp_path: Path) -> None:
    made = Recorder(tmp_path)
    tape = made.tape("CA1")
    speak(tape, 3.0)
    found: list[list[Path]] = []
    made.written(lambda: found.append(recover(tmp_path)))
    tape.end(3.0)
    made.close()
    assert found == [[]]
    assert len(wav.read(tmp_path / "CA1.wav")[0]) == 24_000


def test_of_the_calls_that_are_named_alone_parts_are_finished(tmp_path: Path) -> None:
    for name in ("CA1", "CA2"):
        (tmp_path / f"{name}.wav.part").write_bytes(wav.header(0) + b"\x11" * 10)
    assert recover(tmp_path, ["CA2", "CA3"]) == [tmp_path / "CA2.wav"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["CA1.wav.part", "CA2.wav"]


def test_a_part_that_cannot_be_finished_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "CA1.wav.part").mkdir()
    (tmp_path / "CA2.wav.part").write_bytes(wav.header(0) + b"\x11" * 10)
    assert recover(tmp_path) == [tmp_path / "CA2.wav"]
    assert "CA1.wav.part cannot be finished" in caplog.text


def test_a_disk_that_fails_ends_that_recording_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = Recorder(tmp_path)
    (tmp_path / "CA1.wav.part").mkdir()
    for name in ("CA1", "CA2"):
        tape = made.tape(name)
        speak(tape, 3.0)
        tape.end(3.0)
    made.close()
    assert "recording of CA1 given up" in caplog.text
    assert len(wav.read(tmp_path / "CA2.wav")[0]) == 24_000


def test_a_disk_that_is_behind_fills_no_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = Recorder(tmp_path)
    stuck = [0]

    def held_up() -> None:
        speak(made.tape("CA1"), 200.0)  # handed over while nothing is written
        stuck[0] += 1

    made.written(held_up)
    made.close()
    assert stuck == [1]
    assert "the disk is behind" in caplog.text
    assert recording.WAITING_MAX < 200 * 50 // 64


def test_a_tape_hands_on_whole_reels_and_the_rest_at_its_end() -> None:
    reels: list[Reel] = []
    tape = Tape(reels.append)
    speak(tape, 2.0)
    tape.end(2.0)
    assert [len(reel) for reel in reels] == [64, 38]
    assert reels[-1][-1] == (2.0, Ended())


def test_another_file_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(ValueError, match="no recording"):
        wav.read(path)
