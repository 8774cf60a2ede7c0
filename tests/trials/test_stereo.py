"""The recording of a call, read."""

from pathlib import Path

import pytest

from bridge.trials.stereo import RecordingUnusable, Stereo, read_stereo
from tests.support.stored import write_recording

SOUND = Stereo(bytes(range(200)), bytes(range(200, 0, -1)))


def test_both_sides_come_back_to_the_byte(tmp_path: Path) -> None:
    write_recording(tmp_path / "call.wav", SOUND)
    assert read_stereo(tmp_path / "call.wav") == SOUND


def test_a_recording_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_recording(path, SOUND)
    path.write_bytes(path.read_bytes()[:-101])
    found = read_stereo(path)
    assert found.caller_ulaw == SOUND.caller_ulaw[:149]
    assert found.agent_ulaw == SOUND.agent_ulaw[:149]


def test_a_length_that_was_never_filled_in_goes_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_recording(path, SOUND)
    data = path.read_bytes()
    at = data.index(b"data") + 4
    path.write_bytes(data[:at] + bytes(4) + data[at + 4 :])
    assert read_stereo(path) == SOUND


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is not a WAV file"),
        (b"RIFF0000WAVE", "does not say what is in it"),
        (
            b"RIFF0000WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0" + bytes(8),
            "holds format 1, 2 channel(s), 8000 Hz",
        ),
    ],
)
def test_what_is_no_recording_is_told(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    with pytest.raises(RecordingUnusable) as caught:
        read_stereo(path)
    assert told in str(caught.value)


def test_a_recording_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingUnusable, match="cannot be read"):
        read_stereo(tmp_path / "call.wav")
