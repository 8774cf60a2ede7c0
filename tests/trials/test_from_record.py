"""A stored call, from its record and its recording."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bridge.records.record import BargeIn, CallRecord, FunctionRun, Line, Turn
from bridge.trials.from_record import stored_call
from bridge.trials.stereo import RecordingUnusable, Stereo
from bridge.trials.stored import Course, SpokenLine
from bridge.trials.stored import FunctionRun as Run
from tests.support.stored import write_recording

RECORD = CallRecord(
    call_sid="CA1",
    started_at=datetime(2026, 11, 24, tzinfo=UTC),
    seconds=12.5,
    caller="+15550001111",
    called="+15550002222",
    parameters={"shop": "mill"},
    outcome="completed",
    lines=(
        Line("i1", "assistant", "Hello,", "how are you?"),
        Line("i2", "caller", "Fine."),
        Line("i3", "assistant", ""),
    ),
    turns=(Turn(1.0, {}, first_sound_ms=90.0), Turn(2.0, {}, first_sound_ms=640.0, since="speech")),
    barge_ins=(BargeIn(1.5, ()),),
    functions=(FunctionRun("find", "{}", "found", 3.0, 3.7),),
    recording="CA1.wav",
)


def test_all_that_a_replay_needs_is_taken_over(tmp_path: Path) -> None:
    sound = Stereo(bytes(160), bytes([1]) * 160)
    write_recording(tmp_path / "CA1.wav", sound)
    found = stored_call(RECORD, tmp_path)
    assert found.sound == sound
    assert (found.call_sid, found.caller, found.called) == ("CA1", "+15550001111", "+15550002222")
    assert found.parameters == {"shop": "mill"}
    assert found.course == Course(
        (SpokenLine("assistant", "Hello,", "how are you?"), SpokenLine("caller", "Fine.")),
        (Run("find", "{}", "found", 0.7),),
        "completed",
        12.5,
        (640.0,),
        1,
    )


def test_a_call_without_recording_is_told_with_the_mend(tmp_path: Path) -> None:
    silent = CallRecord(call_sid="CA1", started_at=RECORD.started_at)
    with pytest.raises(RecordingUnusable, match="no recording of CA1; switch recording on"):
        stored_call(silent, tmp_path)


def test_a_recording_is_looked_for_in_its_folder_alone(tmp_path: Path) -> None:
    write_recording(tmp_path / "x.wav", Stereo(b"", b""))
    elsewhere = msgspec.structs.replace(RECORD, recording="../x.wav")
    with pytest.raises(RecordingUnusable, match="cannot be read"):
        stored_call(elsewhere, tmp_path / "recordings")
