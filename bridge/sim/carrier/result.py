"""What is known of a call when it is over."""

from array import array
from dataclasses import dataclass, field

from bridge.sim.carrier.caller import StepRecord
from bridge.sim.carrier.phone import PhoneCall
from bridge.sim.carrier.playback import Run
from bridge.sim.carrier.stream import ClearRecord, MarkRecord, MediaStream
from bridge.sim.carrier.warning import Warning_
from bridge.sim.carrier.webhook import Exchange


@dataclass(frozen=True)
class StreamResult:
    """One stream. Times are monotonic seconds; positions index ``received``."""

    stream_sid: str
    opened_at: float
    heard: bytes
    sent_ulaw: bytes
    received: bytes
    played: tuple[Run, ...]
    arrivals: tuple[tuple[float, int], ...]  # when, and how many bytes had come by then
    clears: tuple[ClearRecord, ...]
    marks: tuple[MarkRecord, ...]
    first_audio_at: float | None
    sent_at: "array[float]" = field(default_factory=lambda: array("d"))  # by tick; NaN: nothing


@dataclass(frozen=True)
class Timings:
    webhook_ms: float | None  # the first webhook asked to answered
    socket_open_ms: float | None  # the upgrade asked to done
    first_media_ms: float | None  # "start" sent to the first media of the far end
    first_audio_ms: float | None  # "start" sent to its first packet leaving for the ear


@dataclass(frozen=True)
class CallResult:
    call_sid: str
    outcome: str  # terminal CallStatus: completed, busy, no-answer, failed
    ended_by: str  # caller, document, rest, limit, error
    warnings: tuple[Warning_, ...]
    errors: tuple[Warning_, ...]
    streams: tuple[StreamResult, ...]
    steps: tuple[StepRecord, ...]
    timings: Timings
    exchanges: tuple[Exchange, ...]

    @property
    def heard(self) -> bytes:
        """What the ear got in all streams, one behind the other."""
        return b"".join(stream.heard for stream in self.streams)

    @property
    def sent_ulaw(self) -> bytes:
        return b"".join(stream.sent_ulaw for stream in self.streams)

    @property
    def clears(self) -> tuple[ClearRecord, ...]:
        return tuple(clear for stream in self.streams for clear in stream.clears)

    @property
    def marks(self) -> tuple[MarkRecord, ...]:
        return tuple(mark for stream in self.streams for mark in stream.marks)


def result_of(
    phone: PhoneCall, steps: tuple[StepRecord, ...], socket_ms: float | None
) -> CallResult:
    """The record of a call that is over."""
    assert phone.over
    voice = [e.ms for e in phone.exchanges if e.request.purpose == "voice"]
    first = phone.streams[0] if phone.streams else None
    first_media_at = first.arrivals[0][0] if first and first.arrivals else None
    return CallResult(
        call_sid=phone.identity.call_sid,
        outcome=phone.over.status,
        ended_by=phone.over.ended_by,
        warnings=tuple(phone.warnings),
        errors=tuple(phone.errors),
        streams=tuple(_stream(stream) for stream in phone.streams),
        steps=steps,
        timings=Timings(
            webhook_ms=sum(voice) if voice else None,
            socket_open_ms=socket_ms,
            first_media_ms=_since_start(first, first_media_at),
            first_audio_ms=_since_start(first, first.first_audio_at if first else None),
        ),
        exchanges=tuple(phone.exchanges),
    )


def _since_start(stream: MediaStream | None, at: float | None) -> float | None:
    if stream is None or at is None or stream.opened_at is None:
        return None
    return (at - stream.opened_at) * 1000


def _stream(stream: MediaStream) -> StreamResult:
    return StreamResult(
        stream_sid=stream.stream_sid,
        opened_at=stream.opened_at or 0.0,
        heard=stream.heard,
        sent_ulaw=stream.sent_ulaw,
        received=stream.received,
        played=tuple(stream.played),
        arrivals=tuple(stream.arrivals),
        clears=tuple(stream.clears),
        marks=tuple(stream.marks),
        first_audio_at=stream.first_audio_at,
        sent_at=stream.sent_at,
    )
