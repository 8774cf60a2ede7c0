"""Frames of a client, as far as JSON and base64 go."""

import base64
import json
from typing import Any

from bridge.sim.model.refusal import Refusal

MAX_APPEND_BYTES = 15 * 1024 * 1024


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
