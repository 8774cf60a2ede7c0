"""A stored call, from its record and its recording."""

from pathlib import Path

from bridge.records.record import CallRecord
from bridge.trials.stereo import RecordingUnusable, read_stereo
from bridge.trials.stored import Course, FunctionRun, SpokenLine, StoredCall


def stored_call(record: CallRecord, recordings: Path) -> StoredCall:
    """``recordings`` is the folder they are kept in. Raises ``RecordingUnusable``, also for a call
    of which there is none."""
    if record.recording is None:
        mend = "switch recording on in its agent, and take a later call"
        raise RecordingUnusable(f"there is no recording of {record.call_sid}; {mend}")
    sound = read_stereo(recordings / Path(record.recording).name)
    return StoredCall(
        record.call_sid,
        _course(record),
        sound,
        record.caller,
        record.called,
        record.parameters,
        record.started_at,
    )


def _course(record: CallRecord) -> Course:
    # Earlier releases counted from elsewhere (see ``record.Turn.since``): not to be compared.
    latencies = (turn.first_sound_ms for turn in record.turns if turn.since)
    return Course(
        lines=tuple(
            SpokenLine(line.role, line.heard, line.unheard)
            for line in record.lines
            if line.heard or line.unheard
        ),
        functions=tuple(
            FunctionRun(
                each.name, each.arguments, each.output, round(each.ended_at - each.began_at, 3)
            )
            for each in record.functions
        ),
        outcome=record.outcome,
        seconds=record.seconds,
        latencies_ms=tuple(each for each in latencies if each is not None),
        barge_ins=len(record.barge_ins),
    )
