"""Realtime API server events: text frames to frozen events, under their GA names.

Sources: OpenAI "Realtime API reference", Azure OpenAI "Realtime API reference". Both spellings of
an event are understood whatever the configured dialect: Azure's GA endpoint has been seen to send
preview names. Unknown keys are ignored, unknown events come back as ``Unknown``.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from bridge.wire.errors import UNREADABLE, WireError
from bridge.wire.session import AudioFormat
from bridge.wire.usage import NO_USAGE, TranscriptionUsage, Usage, transcription_usage, usage


class SessionCreated(msgspec.Struct, frozen=True):
    """First frame of a session: only now is the model connected."""

    session_id: str
    expires_at: int | None  # unix seconds


class SessionUpdated(msgspec.Struct, frozen=True):
    """The effective formats, as echoed; None where the service named none that we know.
    ``unknown``: those that it named and we do not know. ``hears_turns`` None: it did not say."""

    input_format: AudioFormat | None
    output_format: AudioFormat | None
    unknown: tuple[str, ...] = ()
    hears_turns: bool | None = None


class Error(msgspec.Struct, frozen=True):
    """A rejected client event. Fatal only when the socket closes right behind it."""

    message: str = ""
    type: str | None = None
    code: str | None = None
    param: str | None = None
    event_id: str | None = None


class SpeechStarted(msgspec.Struct, frozen=True):
    item_id: str
    audio_start_ms: int = 0  # of audio written since the session began, not wall time


class SpeechStopped(msgspec.Struct, frozen=True):
    item_id: str
    audio_end_ms: int = 0


class Committed(msgspec.Struct, frozen=True):
    """Caller audio became the user item ``item_id``, right behind ``previous_item_id``."""

    item_id: str
    previous_item_id: str | None = None


class Item(msgspec.Struct, frozen=True):
    """A conversation item, as far as a bridge needs it."""

    id: str
    type: str = "message"
    role: str | None = None
    status: str | None = None
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None


class ItemAdded(msgspec.Struct, frozen=True):
    item: Item
    previous_item_id: str | None = None


class ItemTruncated(msgspec.Struct, frozen=True):
    item_id: str
    audio_end_ms: int


class ItemDeleted(msgspec.Struct, frozen=True):
    item_id: str


class InputTranscript(msgspec.Struct, frozen=True):
    """What the caller said, by a model of its own; may come long after the answer began."""

    item_id: str
    transcript: str
    usage: TranscriptionUsage | None = None
    usage_problem: str | None = None


class InputTranscriptFailed(msgspec.Struct, frozen=True):
    item_id: str
    error: Error


class ResponseCreated(msgspec.Struct, frozen=True):
    response_id: str


class OutputItemAdded(msgspec.Struct, frozen=True):
    response_id: str
    item: Item


class OutputItemDone(msgspec.Struct, frozen=True):
    """The item is closed: nothing will be added to it. ``incomplete`` when it was cut off."""

    response_id: str
    item: Item


class AudioDelta(msgspec.Struct, frozen=True):
    """Speech in the agreed output format, in chunks of any length."""

    response_id: str
    item_id: str
    delta: bytes
    content_index: int = 0


class AudioDone(msgspec.Struct, frozen=True):
    response_id: str
    item_id: str
    content_index: int = 0


class TranscriptDelta(msgspec.Struct, frozen=True):
    """Words of the speech; they run ahead of the sound."""

    response_id: str
    item_id: str
    delta: str


class ResponseDone(msgspec.Struct, frozen=True):
    """Exactly one for each ``ResponseCreated``; only then is the response slot free. So a usage
    that makes no sense is put aside with its problem, and the event stands."""

    response_id: str
    status: str
    reason: str | None = None
    error_code: str | None = None
    usage: Usage | None = None
    usage_problem: str | None = None


class Unused(msgspec.Struct, frozen=True):
    """A known event that a bridge has no use for."""

    kind: str


class Unknown(msgspec.Struct, frozen=True):
    """An event of a kind this reading does not know. New ones appear without notice."""

    kind: str


ModelEvent = (
    SessionCreated
    | SessionUpdated
    | Error
    | SpeechStarted
    | SpeechStopped
    | Committed
    | ItemAdded
    | ItemTruncated
    | ItemDeleted
    | InputTranscript
    | InputTranscriptFailed
    | ResponseCreated
    | OutputItemAdded
    | OutputItemDone
    | AudioDelta
    | AudioDone
    | TranscriptDelta
    | ResponseDone
    | Unused
    | Unknown
)


# What some events look like on the wire, where that differs from what we hand on.


class _SessionBody(msgspec.Struct):
    id: str = ""
    expires_at: int | None = None
    audio: dict[str, Any] | None = None  # GA
    input_audio_format: str | None = None  # preview
    output_audio_format: str | None = None
    turn_detection: Any = msgspec.UNSET


class _Session(msgspec.Struct):
    session: _SessionBody


class _Error(msgspec.Struct):
    error: Error


class _StatusError(msgspec.Struct):
    code: str | None = None


class _StatusDetails(msgspec.Struct):
    reason: str | None = None
    error: _StatusError | None = None


class _ResponseBody(msgspec.Struct):
    id: str
    status: str = "in_progress"
    status_details: _StatusDetails | None = None
    usage: msgspec.Raw = NO_USAGE


class _Response(msgspec.Struct):
    response: _ResponseBody


class _Transcribed(msgspec.Struct):
    item_id: str
    transcript: str
    usage: msgspec.Raw = NO_USAGE


class _Envelope(msgspec.Struct):
    type: str


_GA_FORMATS: dict[str, AudioFormat] = {"audio/pcm": "pcm16", "audio/pcmu": "g711_ulaw"}
_PREVIEW_FORMATS: dict[str, AudioFormat] = {"pcm16": "pcm16", "g711_ulaw": "g711_ulaw"}


def _ga_format(part: Any) -> str:
    named = part.get("format") if isinstance(part, dict) else None
    kind = named.get("type") if isinstance(named, dict) else None
    return kind if isinstance(kind, str) else ""


def _hears_turns(said: Any) -> bool | None:
    """``said`` of turn detection. Null, or the type "none" of the first revision: nobody does."""
    if said is msgspec.UNSET:
        return None
    return said is not None and not (isinstance(said, dict) and said.get("type") == "none")


def _session_created(frame: _Session) -> SessionCreated:
    return SessionCreated(frame.session.id, frame.session.expires_at)


def _session_updated(frame: _Session) -> SessionUpdated:
    session = frame.session
    known, said = _PREVIEW_FORMATS, session.turn_detection
    named = (session.input_audio_format or "", session.output_audio_format or "")
    if session.audio is not None:
        heard = session.audio.get("input")
        known, named = _GA_FORMATS, (_ga_format(heard), _ga_format(session.audio.get("output")))
        said = heard.get("turn_detection", said) if isinstance(heard, dict) else said
    return SessionUpdated(
        known.get(named[0]),
        known.get(named[1]),
        tuple(name for name in named if name and name not in known),
        _hears_turns(said),
    )


def _error(frame: _Error) -> Error:
    return frame.error


def _response_created(frame: _Response) -> ResponseCreated:
    return ResponseCreated(frame.response.id)


def _response_done(frame: _Response) -> ResponseDone:
    body = frame.response
    details = body.status_details or _StatusDetails()
    used, problem = usage(body.usage)
    return ResponseDone(
        response_id=body.id,
        status=body.status,
        reason=details.reason,
        error_code=details.error.code if details.error else None,
        usage=used,
        usage_problem=problem,
    )


def _transcribed(frame: _Transcribed) -> InputTranscript:
    return InputTranscript(frame.item_id, frame.transcript, *transcription_usage(frame.usage))


Wire = TypeVar("Wire")
Parser = Callable[[str | bytes], ModelEvent]


def _as_is(event: Any) -> Parser:
    return msgspec.json.Decoder(event).decode


def _through(frame: type[Wire], convert: Callable[[Wire], ModelEvent]) -> Parser:
    decode = msgspec.json.Decoder(frame).decode
    return lambda text: convert(decode(text))


_audio_delta = _as_is(AudioDelta)


def _padded(text: str | bytes) -> AudioDelta:
    """An audio delta whose base64 lacks its padding (RFC 4648, 3.2: some leave it out)."""
    event = msgspec.json.decode(text)
    if isinstance(event.get("delta"), str):
        event["delta"] += "=" * (-len(event["delta"]) % 4)
    return msgspec.convert(event, AudioDelta)


_PARSERS: dict[str, Parser] = {
    "session.created": _through(_Session, _session_created),
    "session.updated": _through(_Session, _session_updated),
    "error": _through(_Error, _error),
    "input_audio_buffer.speech_started": _as_is(SpeechStarted),
    "input_audio_buffer.speech_stopped": _as_is(SpeechStopped),
    "input_audio_buffer.committed": _as_is(Committed),
    "conversation.item.added": _as_is(ItemAdded),
    "conversation.item.created": _as_is(ItemAdded),
    "conversation.item.truncated": _as_is(ItemTruncated),
    "conversation.item.deleted": _as_is(ItemDeleted),
    "conversation.item.input_audio_transcription.completed": _through(_Transcribed, _transcribed),
    "conversation.item.input_audio_transcription.failed": _as_is(InputTranscriptFailed),
    "response.created": _through(_Response, _response_created),
    "response.done": _through(_Response, _response_done),
    "response.output_item.added": _as_is(OutputItemAdded),
    "response.output_item.done": _as_is(OutputItemDone),
    "response.output_audio.delta": _audio_delta,
    "response.audio.delta": _audio_delta,
    "response.output_audio.done": _as_is(AudioDone),
    "response.audio.done": _as_is(AudioDone),
    "response.output_audio_transcript.delta": _as_is(TranscriptDelta),
    "response.audio_transcript.delta": _as_is(TranscriptDelta),
}

_UNUSED = frozenset(
    {
        "conversation.created",
        "conversation.item.done",
        "conversation.item.retrieved",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.segment",
        "input_audio_buffer.cleared",
        "input_audio_buffer.timeout_triggered",
        "rate_limits.updated",
        "response.content_part.added",
        "response.content_part.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_audio_transcript.done",
        "response.audio_transcript.done",
        "response.output_text.delta",
        "response.output_text.done",
        "response.text.delta",
        "response.text.done",
    }
)
_decode_envelope = msgspec.json.Decoder(_Envelope).decode


def parse(text: str | bytes) -> ModelEvent:
    """One frame from the model. Raises WireError for a malformed one."""
    try:
        kind = _decode_envelope(text).type
    except UNREADABLE as error:
        raise WireError("model", f"not a Realtime event: {error}") from None
    parser = _PARSERS.get(kind)
    if parser is None:
        return Unused(kind) if kind in _UNUSED else Unknown(kind)
    try:
        return parser(text)
    except UNREADABLE as error:
        problem = str(error)
    if parser is _audio_delta:
        with suppress(*UNREADABLE):
            return _padded(text)
    raise WireError("model", f"malformed {kind!r} event: {problem}")
