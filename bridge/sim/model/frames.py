"""Frames of a client, as far as JSON and base64 go."""

import base64
import json
from typing import Annotated, Any

import msgspec

from bridge.sim.model.refusal import Refusal
from bridge.sim.model.shapes import EVENT_ID_CHARS

MAX_APPEND_BYTES = 15 * 1024 * 1024


class Append(
    msgspec.Struct,
    tag_field="type",
    tag="input_audio_buffer.append",
    forbid_unknown_fields=True,
    gc=False,
):
    """The one event that comes fifty times a second."""

    audio: bytes
    event_id: Annotated[str, msgspec.Meta(max_length=EVENT_ID_CHARS)] | None = None


_APPEND = msgspec.json.Decoder(Append)


def appended(frame: str | bytes) -> bytes | None:
    """The audio of an append in which nothing is wrong; None: ``parsed`` has to look."""
    if isinstance(frame, bytes) or "input_audio_buffer.append" not in frame:
        return None
    try:
        audio = _APPEND.decode(frame).audio
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return audio if len(audio) <= MAX_APPEND_BYTES else None


def parsed(frame: str | bytes) -> dict[str, Any]:
    if isinstance(frame, bytes):
        raise Refusal("invalid_event", "Binary frames are not supported; send JSON as text.")
    try:
        event = json.loads(frame, parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        message = f"We could not parse the JSON body of your event: {problem}"
        raise Refusal("invalid_json", message) from problem
    if not isinstance(event, dict):
        raise Refusal("invalid_event", "An event has to be a JSON object with a 'type' field.")
    return event


def _no_constant(name: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(f"{name} is not JSON")


def audio_bytes(text: str, path: str = "audio") -> bytes:
    """Of one event; padded base64 and at most 15 MiB."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as problem:
        message = f"Invalid '{path}': expected base64-encoded audio bytes."
        raise Refusal("invalid_value", message, param=path) from problem
    if len(data) > MAX_APPEND_BYTES:
        message = f"Invalid '{path}': expected at most {MAX_APPEND_BYTES} bytes of audio."
        raise Refusal("invalid_value", message, param=path)
    return data
