"""The record of one call: all that is kept of it when it is over.

``record`` takes it from a call that has ended, in whatever way. It holds what the caller and the
assistant said, so keep it where such things may be kept.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from bridge.call.call import Call
from bridge.call.latency import Firsts, TurnTimes, between_ms, firsts
from bridge.live import LiveCall
from bridge.records.context import CallContext
from bridge.wire import twilio

Json = dict[str, Any]

FAILED: Final = "failed"  # by a bug of ours, or cut off without last words; the log says more
PROCESS_DIED: Final = "process died"  # its end is not known: the server was killed

# The notes that say why a call ended as it did.
_REASONS: Final = frozenset(
    {
        "model_lost",
        "model_error",
        "response_failed",
        "not_ready",
        "carrier_silent",
        "format_mismatch",
    }
)
_WITH_REASON: Final = frozenset({"model lost", "model failed", "carrier lost", FAILED})


class Line(msgspec.Struct, frozen=True):
    """One item of the conversation. ``unheard`` is what the assistant said after the caller
    stopped hearing it; ``failed``: there was no transcription of the caller."""

    item_id: str
    role: str  # "caller", "assistant"
    heard: str
    unheard: str = ""
    failed: bool = False


class Turn(msgspec.Struct, frozen=True):
    """One response. ``at`` is when it began; ``stages_ms`` are the lengths of ``commit``,
    ``function`` (in an answer to functions: until their results were there), ``response``,
    ``first_audio``, ``heard`` and ``total``. The first stage and the other three figures count
    from the end of the caller's speech: to the first byte of this response sent to the carrier,
    to the first sound heard of any response to what the caller said, and to the first sound heard
    of the answer itself. The last two stand at the last of several responses to one turn of the
    caller. None: not reached, or not heard.

    ``since`` says what they count from: "speech", its end by the position the model gave;
    "verdict", the model's message that it had ended, later by the silence it waited for; "none",
    nobody spoke before it. Empty in records of earlier releases: they counted from the verdict,
    each response alone, and had nothing for the answers to functions.
    """

    at: float | None
    stages_ms: dict[str, float | None]
    first_byte_sent_ms: float | None = None
    first_sound_ms: float | None = None
    first_answer_ms: float | None = None
    since: str = ""


class HeardItem(msgspec.Struct, frozen=True):
    item_id: str
    content_index: int
    heard_ms: float
    received_ms: float
    from_bytes: int = 0


class BargeIn(msgspec.Struct, frozen=True):
    at: float
    items: tuple[HeardItem, ...]


class Told(msgspec.Struct, frozen=True):
    """What the model was told of one interrupted item: see ``bridge.call.truncation``."""

    item_id: str
    heard_ms: float
    received_ms: float
    told_ms: int | None
    why: str
    from_bytes: int


class FunctionRun(msgspec.Struct, frozen=True):
    name: str
    arguments: str  # JSON text, as the model wrote it
    output: str
    began_at: float
    ended_at: float


class Noted(msgspec.Struct, frozen=True):
    at: float
    kind: str
    detail: str = ""


class Cost(msgspec.Struct, frozen=True):
    """US dollars. ``parts`` add up to ``total``."""

    total: Decimal
    parts: dict[str, Decimal]


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Times named ``at`` are seconds since the media socket opened, and so is ``seconds``, the
    length of the call. ``started_at`` is the webhook. Money is counted by somebody else and put in
    with ``msgspec.structs.replace``."""

    call_sid: str
    started_at: datetime  # UTC
    ended_at: datetime | None = None  # None: nobody knows
    seconds: float = 0.0
    process: str = ""  # which server process carried it
    agent: str = ""
    version: int = 0
    route: str = ""
    variant: str = "published"
    caller: str = ""
    called: str = ""
    parameters: dict[str, str] = {}
    model: str = ""
    dialect: str = ""
    model_format: str = ""  # asked of the model: "pcm16", "g711_ulaw"
    carrier_format: str = ""
    outcome: str = FAILED
    outcome_detail: str = ""
    lines: tuple[Line, ...] = ()
    turns: tuple[Turn, ...] = ()
    barge_ins: tuple[BargeIn, ...] = ()
    told: tuple[Told, ...] = ()
    functions: tuple[FunctionRun, ...] = ()
    notes: tuple[Noted, ...] = ()
    errors: dict[str, int] = {}  # from the model, by code
    unknown: dict[str, int] = {}  # events nobody knows, by kind
    malformed: dict[str, int] = {}  # messages dropped, by peer
    dismissed: int = 0
    frames_in: int = 0
    filled_ms: float = 0
    skipped_ms: float = 0
    late_deltas: int = 0
    ignored_marks: int = 0
    usage: dict[str, float] = {}  # by modality, such as "input_audio"; cached ones are a subset
    cost: Cost | None = None
    cost_unknown: str = ""  # why there is no cost
    recording: str | None = None  # the file's name in the folder of recordings
    recording_days: int | None = None  # how long it is kept; None: as the server's setting says

    def builtins(self) -> Json:
        """As plain data that JSON can hold."""
        data: Json = msgspec.to_builtins(self)
        return data


def from_builtins(data: Json) -> CallRecord:
    """The inverse of ``builtins``. Fields that are missing have their defaults, those nobody knows
    are passed over. Raises ``msgspec.ValidationError``."""
    return msgspec.convert(data, CallRecord)


def started(context: CallContext, process: str = "") -> CallRecord:
    """What there is to say of a call that has only begun; its outcome is that of a call of which
    nothing more is heard. Its recording is named from the start: what a process that was killed
    leaves of it is finished under that name."""
    return CallRecord(
        call_sid=context.call_sid,
        started_at=context.started_at,
        process=process,
        agent=context.agent,
        version=context.version,
        route=context.route,
        variant=context.variant,
        caller=context.caller,
        called=context.called,
        model=context.model,
        outcome=PROCESS_DIED,
        recording=f"{context.call_sid}.wav" if context.recorded else None,
        recording_days=context.recording_days if context.recorded else None,
    )


def record(
    live: LiveCall,
    context: CallContext,
    *,
    ended_at: datetime | None = None,
    process: str = "",
    dialect: str = "",
    failed: bool = False,
) -> CallRecord:
    """``ended_at`` None: as long after ``started_at`` as the media socket was open. ``failed``:
    ``live.run`` raised, whatever the state machine made of the sockets that were closed then."""
    call, began = live.call, live.began_at
    seconds = round((live.ended_at or began) - began, 3)
    outcome = FAILED if failed or call.outcome is None else call.outcome.value
    notes = tuple(Noted(round(at - began, 3), each.kind, each.detail) for at, each in live.notes)
    return msgspec.structs.replace(
        started(context, process),
        ended_at=ended_at or context.started_at + timedelta(seconds=seconds),
        seconds=seconds,
        parameters=call.start.parameters if call.start else {},
        dialect=dialect,
        model_format=call.config.session.audio_format,
        carrier_format=f"{twilio.ENCODING} {twilio.RATE_HZ}",
        outcome=outcome,
        outcome_detail=_reason(outcome, notes),
        notes=notes,
        functions=tuple(
            FunctionRun(
                run.name,
                run.arguments,
                run.output,
                round(run.began_at - began, 3),
                round(run.ended_at - began, 3),
            )
            for run in live.functions
        ),
        **_conversation(call, began),
        **_counts(call),
    )


def _reason(outcome: str, notes: tuple[Noted, ...]) -> str:
    """Why it ended so, where that is not said by the outcome."""
    if outcome not in _WITH_REASON:
        return ""
    return next((f"{n.kind}: {n.detail}" for n in reversed(notes) if n.kind in _REASONS), "")


def _conversation(call: Call, began: float) -> Json:
    return {
        "lines": tuple(Line(**asdict(line)) for line in call.transcript.lines()),
        "turns": tuple(
            _turn(turn, first, began)
            for turn, first in zip(call.latency.turns, firsts(call.latency.turns), strict=True)
        ),
        "barge_ins": tuple(
            BargeIn(
                round(each.at - began, 3),
                tuple(HeardItem(**asdict(item)) for item in each.items),
            )
            for each in call.barge_ins
        ),
        "told": tuple(Told(**asdict(told)) for told in call.speech.truncations.told),
    }


def _turn(turn: TurnTimes, first: Firsts, began: float) -> Turn:
    at = turn.response_created_at
    return Turn(
        at=None if at is None else round(at - began, 3),
        stages_ms=turn.stages_ms(),
        first_byte_sent_ms=between_ms(turn.speech_ended_at, turn.first_audio_at),
        first_sound_ms=first.sound_ms,
        first_answer_ms=first.answer_ms,
        since=turn.since or "none",
    )


def _counts(call: Call) -> Json:
    return {
        "errors": dict(call.counts.errors),
        "unknown": dict(call.counts.unknown),
        "malformed": dict(call.counts.malformed),
        "dismissed": call.counts.dismissed,
        "usage": asdict(call.usage),
        "frames_in": call.hearing.frames,
        "filled_ms": call.hearing.leg.filled_ms,
        "skipped_ms": call.hearing.leg.skipped_ms,
        "late_deltas": call.speech.late_deltas,
        "ignored_marks": call.speech.playback.ignored_marks,
    }
