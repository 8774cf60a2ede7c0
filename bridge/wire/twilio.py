"""Twilio Media Streams: text frames to frozen messages and back.

Source: Twilio, "Media Streams - WebSocket messages". Numbers inside messages are strings there;
they are integers here. Audio is raw G.711 mu-law, 8000 Hz mono, whatever its length.
"""

from binascii import b2a_base64
from collections.abc import Callable
from typing import Annotated, Any, assert_never

import msgspec

from bridge.wire.errors import UNREADABLE, WireError

ENCODING = "audio/x-mulaw"
RATE_HZ = 8000

# Sids go into hand-built JSON on the way out, so nothing that needs escaping may come in.
Sid = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{2,64}\Z")]


class Connected(msgspec.Struct, frozen=True):
    """The socket is up; nothing can be sent before ``Start``."""


class Start(msgspec.Struct, frozen=True):
    stream_sid: str
    call_sid: str
    account_sid: str
    encoding: str
    rate_hz: int
    channels: int
    parameters: dict[str, str]


class Media(msgspec.Struct, frozen=True, gc=False, rename={"timestamp_ms": "timestamp"}):
    """Audio, either way. Inbound it is decoded as it is; ``timestamp_ms`` is the carrier's media
    clock. Nothing but bytes and numbers is in it: not for the garbage collector to look at."""

    payload: bytes
    timestamp_ms: int = 0
    track: str = "inbound"


class Mark(msgspec.Struct, frozen=True):
    """Outbound: tell me when all audio before this has been played. Inbound: it has, or a
    clear threw it away."""

    name: str


class Clear(msgspec.Struct, frozen=True):
    """Drop all audio that has not been played. Outstanding marks come back too."""


class Dtmf(msgspec.Struct, frozen=True):
    digit: str


class Stop(msgspec.Struct, frozen=True):
    """The call or the stream has ended."""


class Unknown(msgspec.Struct, frozen=True):
    """An event of a kind this reading does not know. New ones appear without notice."""

    kind: str


CarrierEvent = Connected | Start | Media | Mark | Dtmf | Stop | Unknown
CarrierMessage = Media | Mark | Clear


class _Format(msgspec.Struct):
    encoding: str
    sampleRate: int
    channels: int


class _StartBody(msgspec.Struct):
    accountSid: str
    callSid: str
    mediaFormat: _Format
    # Absent when the TwiML has no <Parameter>. No call is refused for what stands there.
    customParameters: Any = None


class _MarkBody(msgspec.Struct):
    name: str


class _DtmfBody(msgspec.Struct):
    digit: str


class _Connected(msgspec.Struct, tag_field="event", tag="connected"):
    pass


class _Start(msgspec.Struct, tag_field="event", tag="start"):
    streamSid: Sid
    start: _StartBody


class _Media(msgspec.Struct, tag_field="event", tag="media"):
    media: Media
    streamSid: str | None = None


class _Mark(msgspec.Struct, tag_field="event", tag="mark"):
    mark: _MarkBody


class _Dtmf(msgspec.Struct, tag_field="event", tag="dtmf"):
    dtmf: _DtmfBody


class _Stop(msgspec.Struct, tag_field="event", tag="stop"):
    pass


class _Envelope(msgspec.Struct):
    event: str


_Frame = _Connected | _Start | _Media | _Mark | _Dtmf | _Stop
_EVENTS = frozenset({"connected", "start", "media", "mark", "dtmf", "stop"})
# Not strict: integers travel as strings.
_decode: Callable[[str | bytes], _Frame] = msgspec.json.Decoder(_Frame, strict=False).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode


def parse(text: str | bytes, stream_sid: str | None = None) -> CarrierEvent:
    """One frame from the carrier. Raises WireError for a malformed one.

    ``stream_sid`` is the stream that has started; audio that names another is no media of it.
    """
    try:
        frame = _decode(text)
    except UNREADABLE as error:
        return _unknown_or_raise(text, error)
    if isinstance(frame, _Media):  # nearly every one is
        media = frame.media
        if media.track != "inbound":
            return Unknown(f"media.{media.track}")
        if frame.streamSid == stream_sid or stream_sid is None or frame.streamSid is None:
            return media
        return Unknown("media of another stream")
    match frame:
        case _Mark(mark):
            return Mark(mark.name)
        case _Start(stream_sid, start):
            media_format = start.mediaFormat
            return Start(
                stream_sid=stream_sid,
                call_sid=start.callSid,
                account_sid=start.accountSid,
                encoding=media_format.encoding,
                rate_hz=media_format.sampleRate,
                channels=media_format.channels,
                parameters=_texts(start.customParameters),
            )
        case _Dtmf(dtmf):
            return Dtmf(dtmf.digit)
        case _Stop():
            return Stop()
        case _Connected():
            return Connected()
        case _:
            assert_never(frame)


def _texts(said: Any) -> dict[str, str]:
    """Parameters as text, as JSON where they are none; no object: no parameters."""
    if not isinstance(said, dict):
        return {}
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in said.items()
    }


def _unknown_or_raise(text: str | bytes, error: Exception) -> Unknown:
    try:
        event = _decode_envelope(text).event
    except UNREADABLE:
        raise WireError("carrier", f"not a Media Streams message: {error}") from None
    if event in _EVENTS:
        raise WireError("carrier", f"malformed {event!r} message: {error}") from None
    return Unknown(event)


def serialize(message: CarrierMessage, stream_sid: str) -> bytes:
    """One frame for the carrier, with exactly the documented keys.

    Media Streams, error 31951: an extra key makes the whole message invalid.
    """
    match message:
        case Media():  # most of all that is said to the carrier
            return b'{"event":"media","streamSid":"%b","media":{"payload":"%b"}}' % (
                stream_sid.encode(),
                b2a_base64(message.payload, newline=False),
            )
        case Mark(name):
            return (
                f'{{"event":"mark","streamSid":"{stream_sid}","mark":{{"name":"{name}"}}}}'.encode()
            )
        case Clear():
            return f'{{"event":"clear","streamSid":"{stream_sid}"}}'.encode()
        case _:
            assert_never(message)
