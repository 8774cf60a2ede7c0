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


@pytest.mark.parametrize("data", [b"", b"RIFF0000WAVE", bytes(200)])
def test_what_is_no_recording_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    with pytest.raises(RecordingUnusable, match="is no recording"):
        read_stereo(path)


def test_a_recording_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingUnusable, match="cannot be read"):
        read_stereo(tmp_path / "call.wav")
