"""What Twilio accepts from the far end of a bidirectional stream (Media Streams, "messages").

"Exactly these keys": a message with one key more is as invalid as one with a key less.
"""

import binascii
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from bridge.sim.carrier.warning import (
    EMPTY_PAYLOAD,
    FILE_HEADER,
    HUGE_PAYLOAD,
    INVALID_MESSAGE,
    LOOKS_LIKE_PCM16,
    UNDECODABLE,
)

HUGE_BYTES = 1 << 20
PCM16_BYTES = 320  # less is too little to judge by
_HEADERS = (b"RIFF", b"RIFX", b".snd", b"OggS", b"ID3")
_BODY_KEY = {"media": "payload", "mark": "name"}


@dataclass(frozen=True)
class Media:
    ulaw: bytes


@dataclass(frozen=True)
class Mark:
    name: str


@dataclass(frozen=True)
class Clear:
    pass


Command = Media | Mark | Clear


class Refused(Exception):
    """The message is ignored; ``code`` goes to the error log."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def read(frame: str | bytes, stream_sid: str) -> Command:
    """One frame of the far end. Raises ``Refused`` for anything but a well-formed message."""
    if not isinstance(frame, str):
        raise Refused(UNDECODABLE, f"binary frame of {len(frame)} bytes")
    try:
        message = json.loads(frame)
    except ValueError as error:
        raise Refused(INVALID_MESSAGE, f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise Refused(INVALID_MESSAGE, "not a JSON object")
    event = message.get("event")
    if event == "clear":
        _exactly(message, {"event", "streamSid"}, "clear")
        _ours(message, stream_sid)
        return Clear()
    if event not in ("media", "mark"):
        raise Refused(INVALID_MESSAGE, f"unknown event {event!r}")
    _exactly(message, {"event", "streamSid", event}, event)
    _ours(message, stream_sid)
    value = _body(message[event], event)
    return Mark(value) if event == "mark" else Media(_audio(value))


def objections(ulaw: bytes) -> list[tuple[int, str]]:
    """What Twilio would play without a word, and the caller would complain about."""
    found = []
    if ulaw.startswith(_HEADERS):
        found.append((FILE_HEADER, f"payload begins with a file header {ulaw[:4]!r}"))
    if not ulaw:
        found.append((EMPTY_PAYLOAD, "media without audio"))
    if len(ulaw) > HUGE_BYTES:
        found.append((HUGE_PAYLOAD, f"payload of {len(ulaw)} bytes"))
    if _looks_like_pcm16(ulaw):
        found.append((LOOKS_LIKE_PCM16, "payload looks like PCM16, not mu-law"))
    return found


def _looks_like_pcm16(ulaw: bytes) -> bool:
    """Every second byte near 0 or 255, the others anywhere: samples of 16 bits below full level."""
    if len(ulaw) < PCM16_BYTES:
        return False
    pairs = np.frombuffer(ulaw[: len(ulaw) // 2 * 2], dtype=np.uint8).reshape(-1, 2)
    small = ((pairs < 8) | (pairs >= 248)).mean(axis=0)
    if small.max() < 0.9 or small.min() > 0.5:
        return False
    others = pairs[:, int(small.argmin())]
    return len(np.unique(others)) >= 64  # a steady tone has few levels, whatever its code


def _exactly(found: dict[str, Any], wanted: set[str], where: str) -> None:
    missing, extra = wanted - found.keys(), found.keys() - wanted
    if missing or extra:
        text = f"{where}: missing {sorted(missing)}, unexpected {sorted(extra)}"
        raise Refused(INVALID_MESSAGE, text)


def _ours(message: dict[str, Any], stream_sid: str) -> None:
    if message["streamSid"] != stream_sid:
        raise Refused(INVALID_MESSAGE, f"streamSid {message['streamSid']!r} is not this stream")


def _body(body: object, event: str) -> str:
    if not isinstance(body, dict):
        raise Refused(INVALID_MESSAGE, f"{event} is not an object")
    key = _BODY_KEY[event]
    _exactly(body, {key}, event)
    value = body[key]
    if not isinstance(value, str):
        raise Refused(INVALID_MESSAGE, f"{event}.{key} is not a string")
    return value


def _audio(payload: str) -> bytes:
    try:
        return binascii.a2b_base64(payload, strict_mode=True)
    except ValueError as error:
        raise Refused(INVALID_MESSAGE, f"media.payload is not base64: {error}") from None
